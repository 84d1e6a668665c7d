"""What the scripts need of the system: apt, shared libraries, processes."""
