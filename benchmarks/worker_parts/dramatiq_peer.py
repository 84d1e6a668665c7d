"""What `dramatiq` imports."""

from peers import _dramatiq

broker, make = _dramatiq()
