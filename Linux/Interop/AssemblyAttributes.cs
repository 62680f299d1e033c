using System.Runtime.CompilerServices;

// Every argument of every import is blittable; with marshalling off, one that is not fails the build.
[assembly: DisableRuntimeMarshalling]
