"""gt-control: the operator's hand on a running fleet."""
