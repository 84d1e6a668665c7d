"""Producer of GossipToon Batch: gt-produce, gt-discover and the umbrella command gossiptoon."""
