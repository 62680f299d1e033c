using DmaHeap.Cli;
using DmaHeap.Cli.Exec;

// Not awaited for exec: see there.
var tail = CommandTail.Of(args);
return tail.IsExec ? CommandLine.RunExec(tail) : await CommandLine.RunAsync(tail);
