"""ops/rabbitmq/make_users: broker users with the fewest rights they need."""
