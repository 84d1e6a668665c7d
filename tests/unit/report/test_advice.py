"""Advice comes from an error's type, class and HTTP status; a word or a number in its message gives none."""

from __future__ import annotations

import pytest

from gt_common.failures import Failure, http_status
from gt_common.lifecycle import fold
from gt_common.messages import GT_BATCH, StoryFailed
from gt_common.report.building import ReportBuilder
from gt_common.report.view import next_step
from support.samples.events import BATCH, at, opened, story_event

PERMANENT = "another attempt alone will not help: fix the cause and replay, or discard it"
CANCELLED = "it was cancelled by an operator: replay if it is wanted after all, or discard it"
NETWORK = "check the network and the service, then replay"
KEYS = "check the credentials that the message is about, then replay"
QUOTA = "wait until the provider's quota resets, then replay slowly with --rate"
SPENT = "pay for more at the provider, or wait for the next period, then replay"
DISK = "free space on the disk of the worker, then replay"
MEMORY = "give the worker more memory or a smaller --prefetch, then replay"


def advice_on(kind: str, message: str, *, retryable: bool = True, made_by: str | None = None) -> str | None:
    failure = Failure(type=kind, message=message, stage="voice", retryable=retryable)
    state = fold(BATCH, [opened(1), story_event(StoryFailed, 1, 5, failure=failure)])
    builder = ReportBuilder(at(10))
    for story in state.stories.values():
        builder.take(story)
    head, around = builder.finish(state)
    (group,) = head.failure_groups
    return next_step(group, head.model_copy(update={"made_by": made_by}), around)


@pytest.mark.parametrize(
    ("kind", "message", "expected"),
    [
        (
            "StoryGoneError",
            "the post was removed or deleted: x",
            "the story is gone: check its address, or discard it",
        ),
        ("RateLimited", "gemini asked to wait 30 s", QUOTA),
        ("HTTPStatusError", "Client error '429 Too Many Requests' for url 'https://x'", QUOTA),
        ("AuthenticationError", "no", KEYS),
        ("CredentialsRefusedError", "Reddit refused the credentials (401)", KEYS),
        ("HTTPError", "401 Client Error: Unauthorized for url: https://x", KEYS),
        (
            "CredentialsRefusedError",
            "Reddit credentials are missing: set GT_REDDIT_CLIENT_ID and GT_REDDIT_CLIENT_SECRET; take them",
            "set GT_REDDIT_CLIENT_ID and GT_REDDIT_CLIENT_SECRET in the worker's environment, then replay",
        ),
        ("ApiError", "status_code: 401, body: {'status': 'quota_exceeded'}", SPENT),
        ("CommandFailed", "HTTP 403", KEYS),
        ("Cancelled", "cancelled by ann@desk: wrong list", CANCELLED),
        ("TimeoutError", "no answer", NETWORK),
        ("RedditUnreachableError", "Reddit has an internal error (503); try again later", NETWORK),
        ("ClientResponseError", "503, message='Service Unavailable', url='https://x'", NETWORK),
        ("OSError", "[Errno 28] No space left on device: '/out/x.mp4'", DISK),
        ("OSError", "[Errno 122] Disk quota exceeded", DISK),
        ("ChildDied", "killed by SIGKILL, perhaps out of memory", MEMORY),
        ("MemoryError", "", MEMORY),
        (
            "MalformedMessage",
            "malformed story message: no JSON",
            "a message that cannot be read cannot be replayed: publish the story again",
        ),
        ("TimeLimitExceeded", "stopped", "raise --time-limit or find out why it is slow, then replay"),
    ],
)
def test_a_type_or_a_status_gives_advice(kind: str, message: str, expected: str) -> None:
    assert advice_on(kind, message) == expected


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("FileNotFoundError", "ffmpeg not found: install gt-consumer[studio]"),
        ("ModuleNotFoundError", "No module named 'moviepy'"),
        ("ValueError", "voice 'alto' not found"),
        ("HTTPError", "404 Client Error: Not Found for url: https://x/models/7"),
        ("CommandFailed", "the voice took 401 ms"),
        ("CommandFailed", "rendered 503 of 900 frames"),
        ("CommandFailed", "429 words are too many"),
        ("CommandFailed", "line 403: the api key of the map legend is missing"),
        ("CommandFailed", "the removed scene was deleted twice"),
        ("CommandFailed", "connection between the acts is missing"),
        ("CommandFailed", "the timeout card has no picture"),
        ("CommandFailed", "no space left on device for titles"),
        ("ChildDied", "ended with exit code 3 without a result"),
        ("PermissionError", "[Errno 13] Permission denied: '/fonts'"),
    ],
)
def test_words_and_numbers_in_a_message_give_none(kind: str, message: str) -> None:
    assert advice_on(kind, message) is None
    assert advice_on(kind, message, retryable=False) == PERMANENT


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("RateLimited", "gemini asked to wait 30 s"),
        ("StoryGoneError", "the post was removed or deleted: x"),
        ("MemoryError", ""),
        ("TimeoutError", "no answer"),
        ("PermanentError", "an option is invalid"),
    ],
)
def test_gt_batch_has_no_dead_letters_and_no_flags_of_theirs(kind: str, message: str) -> None:
    step = advice_on(kind, message, retryable=False, made_by=GT_BATCH)
    assert step is not None
    for word in ("replay", "discard", "--rate", "--prefetch"):
        assert word not in step


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ("HTTP 429", 429),
        ("HTTP Error 503: Service Unavailable", 503),
        ("HTTP/1.1 502 Bad Gateway", 502),
        ("Request failed with status code 401", 401),
        ("status_code=403", 403),
        ("{'error': {'code': 429}}", 429),
        ("Error code: 500 - {}", 500),
        ("429 RESOURCE_EXHAUSTED", 429),
        ("503, message='Service Unavailable'", 503),
        ("took 401 ms", None),
        ("429 frames", None),
        ("exit status 429", None),
        ("exit code: 500", None),
        ("HTTP 4290", None),
        ("status 503.5", None),
        ("status 503 ms", None),
        ("port 503", None),
    ],
)
def test_a_status_is_a_number_that_is_called_one(message: str, status: int | None) -> None:
    assert http_status(message) == status
