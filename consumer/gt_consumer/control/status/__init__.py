"""gt-control status: which workers live, what is paused, what waits."""
