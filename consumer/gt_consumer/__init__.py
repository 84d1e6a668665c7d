"""Makes the videos, on workers or on one machine, and keeps track of them; its public names."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gt_common.errors import PermanentError as PermanentError
    from gt_common.errors import RateLimited as RateLimited
    from gt_common.report.model import BatchResult as BatchResult
    from gt_common.report.model import VideoResult as VideoResult
    from gt_consumer.batch.processor import BatchProcessor
    from gt_consumer.jobs import Job as Job
    from gt_consumer.jobs import job as job
else:

    def __getattr__(name: str) -> object:
        """Load what is used only: every command begins with this package."""
        if name in {"PermanentError", "RateLimited"}:
            from gt_common import errors

            return getattr(errors, name)
        if name in {"Job", "job"}:
            from gt_consumer import jobs

            return getattr(jobs, name)
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
