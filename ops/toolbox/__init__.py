"""Makes a RabbitMQ answer at GT_AMQP_URL: the code behind `ops/broker` and the private nodes of the tests.

Standard library only: it runs before anything is installed.
"""
