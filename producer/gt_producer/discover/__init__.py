"""gt-discover: find stories on Reddit."""
