"""Logging with structlog: loggers by part, keys of a block, and where the lines go."""

from gt_common.log.context import log_context
from gt_common.log.loggers import context_logger, get_logger
from gt_common.log.setup import configure_logging, configure_quietly, is_configured

__all__ = [
    "configure_logging",
    "configure_quietly",
    "context_logger",
    "get_logger",
    "is_configured",
    "log_context",
]
