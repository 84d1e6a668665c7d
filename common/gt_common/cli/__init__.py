"""What all command lines share: app, options, completion, consoles, signals, messages about lists."""
