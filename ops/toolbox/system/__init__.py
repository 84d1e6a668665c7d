"""Parts of the operating system that the scripts use: apt, shared libraries, processes."""
