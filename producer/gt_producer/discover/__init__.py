"""gt-discover: find stories on Reddit that are worth a video."""
