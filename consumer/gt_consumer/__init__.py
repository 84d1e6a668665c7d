"""Makes the videos, on workers or on one machine, and keeps track of them; its public names."""

from typing import TYPE_CHECKING

from gt_common.errors import PermanentError, RateLimited
from gt_consumer.jobs import Job, job

if TYPE_CHECKING:
    from gt_common.report.model import BatchResult as BatchResult
    from gt_common.report.model import VideoResult as VideoResult
    from gt_consumer.batch.processor import BatchProcessor
else:

    def __getattr__(name: str) -> object:
        """Load what runs batches only when it is used: importing `job` alone stays fast."""
        if name == "BatchProcessor":
            from gt_consumer.batch.processor import BatchProcessor

            return BatchProcessor
        if name in {"BatchResult", "VideoResult"}:
            from gt_common.report import model

            return getattr(model, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "BatchProcessor",
    "BatchResult",
    "Job",
    "PermanentError",
    "RateLimited",
    "VideoResult",
    "job",
]
