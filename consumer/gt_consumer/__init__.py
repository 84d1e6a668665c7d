"""Makes the videos: worker, aggregator, reports, dead letters and the built-in studio."""

from gt_common.errors import PermanentError, RateLimited
from gt_consumer.jobs import Job, job

__all__ = ["Job", "PermanentError", "RateLimited", "job"]
