"""Every error of ours: one root, the docstring is the default message, the class knows its exit code."""

from __future__ import annotations

import inspect
from typing import ClassVar


class ExitCode:
    """Exit codes of all commands; printed in every `--help`."""

    DONE = 0
    SOME_FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    CREDENTIALS = 4
    STOPPED_BY_RULE = 5
    NO_SUCH_BATCH = 6
    NOT_FINISHED = 8
    INTERRUPTED = 130
    TERMINATED = 143


class GossipToonError(Exception):
    """Something went wrong in GossipToon Batch."""

    exit_code: ClassVar[int] = ExitCode.SOME_FAILED

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or inspect.getdoc(type(self)))


class UsageError(GossipToonError):
    """The command line or the settings are not usable."""

    exit_code = ExitCode.USAGE


class InvalidListError(UsageError):
    """The list of stories has lines that are no stories; nothing was published."""


class MalformedMessageError(GossipToonError):
    """A message does not have the form of this version's messages."""

    exit_code = ExitCode.USAGE


class BrokerUnreachableError(GossipToonError):
    """RabbitMQ does not answer; check GT_AMQP_URL and that the broker runs (`make broker`)."""

    exit_code = ExitCode.UNREACHABLE


class PublishFailedError(BrokerUnreachableError):
    """RabbitMQ did not confirm a message in time; what was not confirmed was not counted as published."""


class TopologyError(GossipToonError):
    """The exchanges and queues are missing or differ; run `gt-topology declare` as an administrator."""

    exit_code = ExitCode.UNREACHABLE


class CredentialsRefusedError(GossipToonError):
    """The user name, password or right was refused; check the credentials in GT_AMQP_URL."""

    exit_code = ExitCode.CREDENTIALS


class PublishedOnlyInPartError(GossipToonError):
    """The disk fails while a batch is published; what the broker confirmed before stays published."""

    exit_code = ExitCode.UNREACHABLE


class LedgerUnreachableError(GossipToonError):
    """The ledger does not answer; check GT_LEDGER_URL."""

    exit_code = ExitCode.UNREACHABLE


class RedditUnreachableError(GossipToonError):
    """Reddit does not answer as it should; try again later, and check the network and GT_REDDIT_URL."""

    exit_code = ExitCode.UNREACHABLE


class RedditRefusedError(UsageError):
    """Reddit does not show this community or post: private, quarantined, banned, or there is none."""


class StoppedByRuleError(GossipToonError):
    """Stopped by a rule such as --max-failures."""

    exit_code = ExitCode.STOPPED_BY_RULE


class NoSuchBatchError(GossipToonError):
    """The ledger knows no batch of this id; `gt-report` without an id lists those it knows."""

    exit_code = ExitCode.NO_SUCH_BATCH


class OutputError(GossipToonError):
    """The output folder cannot be written; check GT_OUTPUT, its rights and the free disk space."""

    exit_code = ExitCode.USAGE


class OrchestratorError(UsageError):
    """The orchestrator cannot be loaded; check --orchestrator."""


class PermanentError(GossipToonError):
    """An orchestrator raises this when trying again cannot help: the story is dead-lettered at once."""


class RateLimited(GossipToonError):  # noqa: N818 - the public contract gives this name
    """A provider asked to wait; the story waits without spending an attempt.

    Parameters:
        provider: name of the service that said no, such as "gemini"
        retry_after: seconds to wait
    """

    def __init__(self, provider: str, retry_after: float) -> None:
        super().__init__(f"{provider} asked to wait {retry_after:g} s")
        self.provider = provider
        self.retry_after = retry_after
