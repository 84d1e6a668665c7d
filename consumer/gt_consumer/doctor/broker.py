"""gt-doctor's checks of the broker."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from gt_common.durations import say_duration
from gt_common.errors import ExitCode
from gt_common.messaging.control.holds import FLEET
from gt_common.messaging.examine import BrokerStatus, examine_broker
from gt_common.messaging.ladder import ladder_queues
from gt_common.messaging.names import Names
from gt_common.messaging.priorities import said_priorities
from gt_common.messaging.topology import CONSUMER_TIMEOUT_MS
from gt_common.messaging.versions import FORGETS_DEAD_LEADERS, OLDEST, TIMEOUT_OF_A_QUEUE, version_of
from gt_common.settings import Settings
from gt_common.texts import plural
from gt_consumer.doctor.finding import Finding, fail, ok, warn
from gt_consumer.doctor.letters import look_for_lost_letters
from gt_consumer.doctor.lost_stories import look_for_lost_stories
from gt_consumer.doctor.pauses import look_at_pauses, read_pauses_of

MARGIN_S = 5 * 60
NODE_TIMEOUT_S = 30 * 60
_FREE = "free memory or disk on the broker's machine, or raise its limits (docs/operations.md, What to watch)"
DECLARE = "run `gt-topology declare` (an administrator, where rights are separated)"


def look_at_broker(settings: Settings) -> Iterator[Finding]:
    """Check the broker, its rights, its queues and their consumers, dead letters, and the ack timeout.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, UsageError: it cannot be examined
    """
    status = asyncio.run(examine_broker(settings))
    yield _version(status, nodes=len(settings.amqp_urls))
    if status.blocked:
        yield fail("broker", f"takes no messages now: {status.blocked}", _FREE, ExitCode.UNREACHABLE)
    yield ok("priorities", said_priorities(version_of(status.version)))
    yield _rights(status)
    yield from _queues(status)
    pauses = read_pauses_of(status, settings)
    fleet_held = pauses is not None and pauses.holds.held(FLEET) is not None
    yield from _use(status, Names(settings.namespace), fleet_held=fleet_held)
    if pauses is not None:
        yield from look_at_pauses(pauses, settings)
    yield from look_for_lost_letters(status, settings)
    if pauses is None or not pauses.parked:
        yield from look_for_lost_stories(status, settings)
    yield _ack_timeout(status, settings.time_limit)


def _version(status: BrokerStatus, nodes: int) -> Finding:
    if version_of(status.version) < OLDEST:
        cure = "use RabbitMQ 3.10 or newer"
        return fail("broker", f"RabbitMQ {status.version or 'of an unknown version'} is too old", cure)
    said = f"RabbitMQ {status.version} answers"
    if nodes > 1 and version_of(status.version) < FORGETS_DEAD_LEADERS:
        cure = "upgrade to RabbitMQ 4, or see docs/operations.md, A broker"
        return warn("broker", f"{said}; in a cluster, retries may be delayed while a node is down", cure)
    return ok("broker", said)


def _rights(status: BrokerStatus) -> Finding:
    refused = [exchange for exchange, may in status.may_publish.items() if not may]
    if status.blocked:
        return warn("rights", "to publish: not checked, because the broker takes no messages now", "")
    if not status.may_publish:
        return warn("rights", "not checked: the exchanges do not exist yet", "")
    declare = {
        True: "may declare queues",
        False: "may not declare queues",
        None: "whether it may declare queues was not checked",
    }
    said = declare[status.may_declare]
    if refused:
        cure = "normal for a user of one role (docs/operations.md, Users); a worker needs all of them"
        return warn("rights", f"this user may not publish to {', '.join(refused)}; {said}", cure)
    return ok("rights", f"this user may publish to {', '.join(status.may_publish)}; {said}")


def _queues(status: BrokerStatus) -> Iterator[Finding]:
    if status.missing and not status.queues and not status.hidden:
        cure = f"the first command that needs them makes them if its user may; otherwise {DECLARE}"
        yield warn("queues", "none exist yet", cure)
    elif status.missing:
        code = ExitCode.UNREACHABLE
        yield fail("queues", f"missing: {', '.join(status.missing)}", DECLARE, code)
    for name, answer in status.differing.items():
        cure = f"empty and delete {name}, then {DECLARE}; or set another GT_NAMESPACE"
        yield fail("queues", f"{name} was declared with different arguments: {answer}", cure)
    if not status.missing and not status.differing:
        yield ok("queues", "; ".join(_healthy_queues(status)))


def _healthy_queues(status: BrokerStatus) -> Iterator[str]:
    if status.hidden:
        yield (
            f"{len(status.queues)} found; not checked, because this user has no rights on them: "
            + ", ".join(status.hidden)
        )
    else:
        yield f"all {len(status.queues)} found" + (" with the right arguments" if status.may_declare else "")
    if not status.may_declare:
        yield "arguments not compared, because this user may not declare queues"


def _use(status: BrokerStatus, names: Names, *, fleet_held: bool) -> Iterator[Finding]:
    for check, queue, program in (
        ("workers", names.stories, "gt-consume"),
        ("aggregator", names.ledger_queue, "gt-aggregate"),
    ):
        info = status.queues.get(queue)
        if info is None:
            continue
        waiting = plural(info.messages or 0, "message")
        said = f"{plural(info.consumers or 0, 'consumer')} on {queue}, {waiting} waiting"
        if fleet_held and queue == names.stories and not info.consumers:
            yield ok(check, f"{said}: the fleet is paused")
        else:
            yield ok(check, said) if info.consumers else warn(check, said, f"start {program}")
    ladder = [status.queues[spec.name] for spec in ladder_queues(names) if spec.name in status.queues]
    if waiting_start := sum(queue.messages or 0 for queue in ladder):
        yield ok("start times", f"{plural(waiting_start, 'story')} waiting for a start time")
    dead = status.queues.get(names.dlq)
    if dead is not None:
        said = f"{plural(dead.messages or 0, 'dead letter')} in {names.dlq}"
        yield warn("dead letters", said, "see `gt-dlq groups`") if dead.messages else ok("dead letters", said)
    unread = status.queues.get(names.results_dlq)
    if unread is not None and unread.messages:
        said = f"{plural(unread.messages, 'unreadable event')} in {names.results_dlq}"
        yield warn(
            "results",
            said,
            "written by a newer version or another program: upgrade gt-aggregate, then move them back",
        )


def _ack_timeout(status: BrokerStatus, time_limit: float) -> Finding:
    limit = f"--time-limit is {say_duration(time_limit)}"
    if version_of(status.version) < TIMEOUT_OF_A_QUEUE:
        if time_limit + MARGIN_S <= NODE_TIMEOUT_S:
            return ok("ack timeout", f"{limit}, within the default of {say_duration(NODE_TIMEOUT_S)}")
        return warn(
            "ack timeout",
            f"{limit}; RabbitMQ {status.version} redelivers a story after 30 min without an ack "
            "(consumer_timeout); this setting cannot be read over AMQP",
            "add this line to rabbitmq.conf: `consumer_timeout = 86400000`",
        )
    queue_s = CONSUMER_TIMEOUT_MS / 1000
    if time_limit + MARGIN_S <= queue_s:
        return ok("ack timeout", f"{limit}, within the queue's {say_duration(queue_s)}")
    cure = f"set GT_TIME_LIMIT to less than {say_duration(queue_s - MARGIN_S)}"
    return fail(
        "ack timeout",
        f"{limit}; the queue redelivers a story after {say_duration(queue_s)} without an ack",
        cure,
    )
