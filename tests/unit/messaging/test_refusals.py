"""Which refusals of the broker mean what, by its texts of 3.10 to 4.3."""

from __future__ import annotations

import pytest
from aio_pika.exceptions import ChannelNotFoundEntity
from aiormq.exceptions import ChannelPreconditionFailed, ConnectionClosed

from gt_common.messaging.refusals import broker_words, is_absent, is_different, is_no_access


@pytest.mark.parametrize(
    ("text", "no_access"),
    [
        ("NOT_ALLOWED - vhost nope not found", True),
        ("NOT_ALLOWED - access to vhost 'other' refused for user 'u'", True),
        ("NOT_ALLOWED - access to vhost '/' refused for user 'u': connection limit (0) is reached", False),
        ("NOT_ALLOWED - connection refused for user 'u': user connection limit (0) is reached", False),
        ("INTERNAL_ERROR - access to vhost '/' refused for user 'u': vhost '/' is down", False),
    ],
)
def test_only_a_closed_virtual_host_is_a_matter_of_access(text: str, no_access: bool) -> None:
    assert is_no_access(text) is no_access


@pytest.mark.parametrize(
    ("text", "absent"),
    [
        ("NOT_FOUND - no queue 'gt.dlq' in vhost '/'", True),
        ("NOT_FOUND - no exchange 'gt.dlx' in vhost '/'", True),
        ("NOT_FOUND - home node 'a@b' of durable queue 'gt.dlq' in vhost '/' is down or inaccessible", False),
        ("NOT_FOUND - queue 'no queue' in vhost '/' process is stopped by supervisor", False),
    ],
)
def test_a_queue_whose_node_is_down_is_not_absent(text: str, absent: bool) -> None:
    assert is_absent(ChannelNotFoundEntity(text)) is absent


@pytest.mark.parametrize(
    ("text", "different"),
    [
        (
            "PRECONDITION_FAILED - inequivalent arg 'x-queue-type' for queue 'q' in vhost '/': received …",
            True,
        ),
        (
            "PRECONDITION_FAILED - cannot declare queue 'inequivalent arg': queue limit in vhost '/' (0) …",
            False,
        ),
    ],
)
def test_a_limit_on_queues_is_not_a_difference(text: str, different: bool) -> None:
    assert is_different(ChannelPreconditionFailed(text)) is different


def test_the_words_of_any_error_are_one_line() -> None:
    assert broker_words(ConnectionClosed(320, "CONNECTION_FORCED -\n broker forced it")) == (
        "CONNECTION_FORCED - broker forced it"
    )
    assert broker_words(ConnectionResetError(104, "reset")) == "reset"
    assert broker_words(TimeoutError()) == "TimeoutError"
