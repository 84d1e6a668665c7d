"""ops/broker: a RabbitMQ for this machine, started when none answers."""
