"""What gt-doctor looks at on the broker."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from gt_common.durations import say_duration
from gt_common.errors import ExitCode
from gt_common.messaging.examine import BrokerStatus, examine_broker
from gt_common.messaging.names import Names
from gt_common.messaging.topology import CONSUMER_TIMEOUT_MS
from gt_common.messaging.versions import FORGETS_DEAD_LEADERS, OLDEST, TIMEOUT_OF_A_QUEUE, version_of
from gt_common.settings import Settings
from gt_consumer.doctor.finding import Finding, fail, ok, warn

MARGIN_S = 5 * 60
NODE_TIMEOUT_S = 30 * 60
DECLARE = "let an administrator run `gt-topology declare`"


def look_at_broker(settings: Settings) -> Iterator[Finding]:
    """Check the broker, its queues, who consumes, what died, and its ack timeout.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, UsageError: it cannot be looked at
    """
    look = asyncio.run(examine_broker(settings))
    yield _version(look, nodes=len(settings.amqp_urls))
    yield _rights(look)
    yield from _queues(look)
    yield from _use(look, Names(settings.namespace))
    yield _ack_timeout(look, settings.time_limit)


def _version(look: BrokerStatus, nodes: int) -> Finding:
    if version_of(look.version) < OLDEST:
        cure = "use RabbitMQ 3.10 or newer"
        return fail("broker", f"answers as version {look.version or 'unknown'}, which is too old", cure)
    said = f"RabbitMQ {look.version} answers"
    if nodes > 1 and version_of(look.version) < FORGETS_DEAD_LEADERS:
        cure = "upgrade to RabbitMQ 4, or see docs/operations.md, A broker"
        return warn("broker", f"{said}; in a cluster it may hold retries back while a node is down", cure)
    return ok("broker", said)


def _rights(look: BrokerStatus) -> Finding:
    refused = [exchange for exchange, may in look.may_publish.items() if not may]
    declare = {True: "may declare", False: "may not declare", None: "whether it may declare was not tried"}
    said = declare[look.may_declare]
    if refused:
        cure = "right for a user of one role (docs/operations.md, Users); a worker needs all of them"
        return warn("rights", f"this user may not publish to {', '.join(refused)}; {said}", cure)
    return ok("rights", f"may publish to {', '.join(look.may_publish) or 'nothing yet'}; {said}")


def _queues(look: BrokerStatus) -> Iterator[Finding]:
    if look.missing:
        code = ExitCode.UNREACHABLE
        yield fail("queues", f"missing: {', '.join(look.missing)}", DECLARE, code)
    for name, answer in look.differing.items():
        cure = f"empty {name}, delete it, and {DECLARE}; or set another GT_NAMESPACE"
        yield fail("queues", f"{name} has other arguments: {answer}", cure)
    if not look.missing and not look.differing:
        yield ok("queues", "; ".join(_queues_are_well(look)))


def _queues_are_well(look: BrokerStatus) -> Iterator[str]:
    if look.hidden:
        yield f"{len(look.queues)} are there; not looked at, as this user has no right on them: " + ", ".join(
            look.hidden
        )
    else:
        yield f"all {len(look.queues)} are there" + (" with our arguments" if look.may_declare else "")
    if not look.may_declare:
        yield "arguments not compared, this user may not declare"


def _use(look: BrokerStatus, names: Names) -> Iterator[Finding]:
    for check, queue, program in (
        ("workers", names.stories, "gt-consume"),
        ("aggregator", names.ledger_queue, "gt-aggregate"),
    ):
        info = look.queues.get(queue)
        if info is None:
            continue
        said = f"{info.consumers} on {queue}, where {info.messages} messages wait"
        yield ok(check, said) if info.consumers else warn(check, said, f"start {program}")
    dead = look.queues.get(names.dlq)
    if dead is not None:
        said = f"{dead.messages} in {names.dlq}"
        yield warn("dead letters", said, "see `gt-dlq groups`") if dead.messages else ok("dead letters", said)
    unread = look.queues.get(names.results_dlq)
    if unread is not None and unread.messages:
        said = f"{unread.messages} events that nobody could read in {names.results_dlq}"
        yield warn(
            "results",
            said,
            "a newer or foreign program wrote them: upgrade gt-aggregate, then move them back",
        )


def _ack_timeout(look: BrokerStatus, time_limit: float) -> Finding:
    limit = f"--time-limit is {say_duration(time_limit)}"
    if version_of(look.version) < TIMEOUT_OF_A_QUEUE:
        if time_limit + MARGIN_S <= NODE_TIMEOUT_S:
            return ok("ack timeout", f"{limit}, within the default of {say_duration(NODE_TIMEOUT_S)}")
        return warn(
            "ack timeout",
            f"{limit}; this broker takes a story back after 30 min unless its configuration says otherwise, "
            "which nobody can ask it",
            "put the line consumer_timeout = 86400000 into rabbitmq.conf",
        )
    queue_s = CONSUMER_TIMEOUT_MS / 1000
    if time_limit + MARGIN_S <= queue_s:
        return ok("ack timeout", f"{limit}, within the queue's {say_duration(queue_s)}")
    cure = f"set GT_TIME_LIMIT to less than {say_duration(queue_s - MARGIN_S)}"
    return fail("ack timeout", f"{limit}; the queue takes a story back after {say_duration(queue_s)}", cure)
