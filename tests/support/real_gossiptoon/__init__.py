"""What the real GossipToon needs to run without its paid services; nothing of it is changed or copied."""
