"""What a monitoring system asks for: the figures of the fleet, of a worker and of an aggregator.

The only room that uses prometheus-client.
"""
