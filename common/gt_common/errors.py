"""All errors of the project: the docstring is the default message, the class knows its exit code."""

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
    """The command line or the settings are invalid."""

    exit_code = ExitCode.USAGE


class InvalidListError(UsageError):
    """The list has entries that are not stories; nothing was published."""


class MalformedMessageError(GossipToonError):
    """A message does not have the form that this version expects."""

    exit_code = ExitCode.USAGE


class BrokerUnreachableError(GossipToonError):
    """RabbitMQ does not answer; check GT_AMQP_URL and that the broker runs (`make broker`)."""

    exit_code = ExitCode.UNREACHABLE


class QueueUnavailableError(BrokerUnreachableError):
    """The broker answers, but one of its queues does not."""


class PublishFailedError(BrokerUnreachableError):
    """RabbitMQ did not confirm a message in time; unconfirmed messages do not count as published."""


class TopologyError(GossipToonError):
    """The exchanges and queues are missing or differ; run `gt-topology declare` as an administrator."""

    exit_code = ExitCode.UNREACHABLE


class CredentialsRefusedError(GossipToonError):
    """The user name, the password or an operation was refused; check the credentials in GT_AMQP_URL."""

    exit_code = ExitCode.CREDENTIALS


class PublishedOnlyInPartError(GossipToonError):
    """The disk failed while a batch was being published; what the broker confirmed stays published."""

    exit_code = ExitCode.UNREACHABLE


class LedgerUnreachableError(GossipToonError):
    """The ledger does not answer; check GT_LEDGER_URL."""

    exit_code = ExitCode.UNREACHABLE


class RedditUnreachableError(GossipToonError):
    """Reddit does not answer properly; try again later, and check the network and GT_REDDIT_URL."""

    exit_code = ExitCode.UNREACHABLE


class RedditRefusedError(UsageError):
    """Reddit does not show this community or post: it is private, quarantined, banned or does not exist."""


class RedditMissingError(RedditRefusedError):
    """Reddit does not have this community or post, or not any more."""


class StoppedByRuleError(GossipToonError):
    """Stopped by a rule such as --max-failures."""

    exit_code = ExitCode.STOPPED_BY_RULE


class NoSuchBatchError(GossipToonError):
    """The ledger has no batch with this id; `gt-report` without an id lists all batches."""

    exit_code = ExitCode.NO_SUCH_BATCH


class OutputError(GossipToonError):
    """The output folder is not writable; check GT_OUTPUT, its permissions and the free disk space."""

    exit_code = ExitCode.USAGE


class MachineUnfitError(GossipToonError):
    """This machine cannot run stories now: a full disk, no file handles, no memory, or a missing program."""

    exit_code = ExitCode.UNREACHABLE


class OrchestratorError(UsageError):
    """The orchestrator cannot be loaded; check --orchestrator."""


class PermanentError(GossipToonError):
    """Raised by an orchestrator when a retry cannot help: the story becomes a dead letter at once."""


class StoryGoneError(PermanentError):
    """The post does not exist on Reddit, or it was removed or deleted."""


class RateLimited(GossipToonError):  # noqa: N818 - the public contract gives this name
    """A provider asked to wait; the story waits without using up an attempt.

    Parameters:
        provider: name of the service that refused the call, such as "gemini"
        retry_after: seconds to wait
        project_id: the project in which the next run may resume
    """

    def __init__(self, provider: str, retry_after: float, project_id: str | None = None) -> None:
        super().__init__(f"{provider} asked to wait {retry_after:g} s")
        self.provider = provider
        self.retry_after = retry_after
        self.project_id = project_id
