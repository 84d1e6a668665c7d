"""Watches what an orchestrator logs with `exc_info`, where its result says no more than that it failed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gt_consumer import jobs


@dataclass
class LoggedErrors:
    """The errors that one run has logged.

    Parameters:
        last: the latest of them
    """

    last: BaseException | None = None


@contextmanager
def watch_logged_errors(job: jobs.Job) -> Iterator[LoggedErrors]:
    """Watch the records of the standard library's loggers for the duration of a run.

    Through the factory of records, because a handler on the root logger would silence `logging.basicConfig`
    and the messages of programs that have not set up their logging.
    """
    errors = LoggedErrors()
    before = logging.getLogRecordFactory()

    def make(*args: object, **kwargs: object) -> logging.LogRecord:
        record = before(*args, **kwargs)
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if error is not None and jobs.current() in (None, job):
            errors.last = error
        return record

    logging.setLogRecordFactory(make)
    try:
        yield errors
    finally:
        if logging.getLogRecordFactory() is make:
            logging.setLogRecordFactory(before)
