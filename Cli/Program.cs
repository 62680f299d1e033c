return await DmaHeap.Cli.CommandLine.RunAsync(args);
