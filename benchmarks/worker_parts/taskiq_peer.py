"""What `taskiq worker` imports."""

import os

from peers import _taskiq

broker, make = _taskiq(int(os.environ["GT_BENCH_SLOTS"]))
