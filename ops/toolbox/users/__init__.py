"""Broker users with the least rights."""
