using DmaHeap.Hosting.Isolation;
using DmaHeap.Linux;
using DmaHeap.Worker;
using Microsoft.Win32.SafeHandles;

if (DescriptorFlags.TryCloseOnExec(WorkerProcess.ControlNumber) != Errno.None)
{
    Console.Error.WriteLine("DmaHeap.Worker is started by a dmaheap host, for a heap with \"isolation\": \"process\"; there is nothing else to do with it.");
    return 2;
}

Confinement.Apply();
using var run = new WorkerRun(new Channel(new SafeFileHandle(WorkerProcess.ControlNumber, ownsHandle: true)));
run.Obey();
return 0;
