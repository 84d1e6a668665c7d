"""gt-topology: declare, show and delete exchanges and queues."""
