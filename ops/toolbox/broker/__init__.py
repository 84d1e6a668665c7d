"""ops/broker: make a RabbitMQ broker available on this machine."""
