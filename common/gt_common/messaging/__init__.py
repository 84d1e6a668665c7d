"""Everything that talks to RabbitMQ: topology, connections, confirmed publishing, consuming."""
