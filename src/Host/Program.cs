using ActorMultiscale.Host.Commands;

return await CommandLine.RunAsync(args);
