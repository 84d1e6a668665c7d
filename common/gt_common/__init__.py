"""What all parts of GossipToon Batch share."""
