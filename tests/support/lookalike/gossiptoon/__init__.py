"""A pipeline with GossipToon's public interface, checkpoints and way to log, in code of its own."""
