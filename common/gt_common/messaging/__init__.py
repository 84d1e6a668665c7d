"""The only door to RabbitMQ: topology, connections, confirmed publishing, consuming and settling."""
