"""gt-produce: check a list of stories and publish it as a batch."""
