"""gt-dashboard: the live web page of batches, dead letters and the fleet."""
