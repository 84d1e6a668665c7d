"""What all command lines share: the app, options, the console, signals, refusals of lists."""
