"""gt-produce: check a list of stories, then publish one message for each."""
