"""Retries by class of error: which class a failure has, what follows, and rules that a user gives."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gt_common.errors import UsageError
from gt_common.failures import Failure, asked_wait
from gt_common.messages import StoryMessage
from gt_consumer.runner.outcomes import FailedForGood, FailedForNow, Interrupted, Outcome, Waiting
from gt_consumer.worker.retry_policy import MOST_WAITS, ErrorClass, RetryPolicy, Rule, jitter
from gt_consumer.worker.retry_rules import parse_rules

URL = "https://www.reddit.com/comments/abc/"
TRANSIENT, PERMANENT = ErrorClass.TRANSIENT, ErrorClass.PERMANENT
LIMITED, CRASH = ErrorClass.RATE_LIMITED, ErrorClass.CRASH


def policy(rules: str = "") -> RetryPolicy:
    return RetryPolicy(parse_rules(rules), (10.0, 60.0))


def failure(kind: str, message: str = "", *, retryable: bool = True) -> Failure:
    return Failure(type=kind, message=message, stage="narration", retryable=retryable)


def story(run: int = 0) -> StoryMessage:
    return StoryMessage(batch_id="b", story_id="s", position=1, url=URL, canonical_url=URL, run=run)


@pytest.mark.parametrize(
    ("kind", "message", "verdict"),
    [
        ("TimeoutError", "no answer", TRANSIENT),
        ("ValueError", "not a number", TRANSIENT),
        ("FileNotFoundError", "No such file or directory: '/mnt/stories/1.md'", TRANSIENT),
        ("KeyError", "'429'", TRANSIENT),
        ("OrchestratorFailed", "the post 429 has 1429 comments", TRANSIENT),
        ("OrchestratorFailed", "the disk quota of the house is fine", TRANSIENT),
        ("OrchestratorFailed", "the voice took 429 ms", TRANSIENT),
        ("CommandFailed", "429 frames were dropped", TRANSIENT),
        ("CommandFailed", "exit status 429", TRANSIENT),
        ("CommandFailed", "status 429 ms after the start", TRANSIENT),
        ("CommandFailed", "HTTP 4290", TRANSIENT),
        ("OSError", "[Errno 122] Disk quota exceeded", TRANSIENT),
        ("CommandFailed", "frame rate limited to 30", TRANSIENT),
        ("CommandFailed", "sample rate limit reached: 48000", TRANSIENT),
        ("PermanentError", "the post is gone", PERMANENT),
        ("OrchestratorError", "no module named studio", PERMANENT),
        ("ChildDied", "killed by SIGSEGV", CRASH),
        ("TimeLimitExceeded", "stopped at the time limit of 30 min", CRASH),
        ("WorkerLost", "each worker that had the story was lost", CRASH),
        ("RateLimitError", "slow down", LIMITED),
        ("ResourceExhausted", "429 Resource has been exhausted (e.g. check quota).", LIMITED),
        ("OrchestratorFailed", "Stage voice failed: HTTP 429", LIMITED),
        ("HTTPStatusError", "Client error '429 Too Many Requests' for url 'https://x'", LIMITED),
        ("ClientError", "429 RESOURCE_EXHAUSTED. {'error': {'code': 429}}", LIMITED),
        ("ClientResponseError", "429, message='Too Many Requests', url='https://x'", LIMITED),
        ("HTTPError", "429 Client Error: Too Many Requests for url: https://x", LIMITED),
        ("CommandFailed", "HTTP/1.1 429", LIMITED),
        ("CommandFailed", "Request failed with status code 429", LIMITED),
        ("CommandFailed", "statusCode: 429", LIMITED),
        ("CommandFailed", "Rate limit exceeded, retry after 3 s", LIMITED),
        ("CommandFailed", "you are being rate limited", LIMITED),
        ("CommandFailed", "Quota exceeded for quota metric 'Requests'", LIMITED),
        ("toomanyrequests", "no", LIMITED),
        ("APIStatusError", "Error code: 429 - you exceeded your current quota", LIMITED),
    ],
)
def test_default_table(kind: str, message: str, verdict: ErrorClass) -> None:
    assert policy().classify(failure(kind, message)) is verdict


def test_orchestrators_own_word_beats_the_defaults_and_the_users_rules_beat_it() -> None:
    final = failure("PermanentError", "quota exceeded for this project for ever", retryable=False)
    assert policy().classify(final) is PERMANENT
    assert policy("*quota*=rate_limited").classify(final) is LIMITED
    assert policy("PermanentError=transient").classify(final) is TRANSIENT


def test_first_rule_that_matches_decides() -> None:
    rules = "ValueError: *checksum*=transient,valueerror=permanent, *disk full* = rate_limited"
    assert policy(rules).classify(failure("ValueError", "bad checksum 12")) is TRANSIENT
    assert policy(rules).classify(failure("ValueError", "bad header")) is PERMANENT
    assert policy(rules).classify(failure("OSError", "The DISK\nFULL: disk full!")) is LIMITED
    assert policy(rules).classify(failure("ValueErrors", "x")) is TRANSIENT


@pytest.mark.parametrize(
    ("pattern", "message", "fits"),
    [("a*b", "ab", True), ("a*b", "a", False), ("ab*ba", "aba", False), ("a*b*c", "a-c-b", False)],
)
def test_patterns(pattern: str, message: str, fits: bool) -> None:
    assert Rule(pattern, PERMANENT).matches(failure("E", message)) is fits


@given(st.text("ab*", max_size=40), st.text("ab", max_size=1000))
def test_no_pattern_takes_long_for_any_message(pattern: str, message: str) -> None:
    matched = Rule(f"*{pattern}*", PERMANENT).matches(failure("E", message))
    assert matched or not set("*") >= set(pattern)


@pytest.mark.parametrize("retryable", [True, False])
def test_verdict_is_told_by_the_failure_and_by_the_outcome(retryable: bool) -> None:
    outcome = FailedForNow(failure("ValueError"), "p1", 2.0)
    rule = "ValueError=transient" if retryable else "ValueError=permanent"
    judged = policy(rule).judge(story(), outcome)
    assert isinstance(judged, FailedForNow if retryable else FailedForGood)
    assert judged.failure.retryable is retryable
    assert (judged.project_id, judged.duration_s) == ("p1", 2.0)
    assert judged.failure.fingerprint == outcome.failure.fingerprint


def test_permanent_failure_that_a_rule_calls_transient_is_tried_again() -> None:
    outcome = FailedForGood(failure("PermanentError", retryable=False), None, 0.0)
    judged = policy("PermanentError=transient").judge(story(), outcome)
    assert isinstance(judged, FailedForNow)
    assert judged.failure.retryable


@pytest.mark.parametrize(
    ("message", "run", "seconds"),
    [
        ("429 Too Many Requests, retry after 42 s", 0, 42.0),
        ("429 too many requests", 0, 10.0),
        ("429 too many requests", 1, 60.0),
        ("429 too many requests", 50, 60.0),
    ],
)
def test_rate_limit_in_the_text_waits_unspent(message: str, run: int, seconds: float) -> None:
    judged = policy().judge(story(run), FailedForNow(failure("APIError", message), None, 1.0))
    assert judged == Waiting("narration", seconds, error=message)


@pytest.mark.parametrize(("run", "seconds"), [(0, 10.0), (1, 60.0), (50, 60.0)])
def test_a_provider_that_asks_for_no_wait_gets_the_usual_one(run: int, seconds: float) -> None:
    assert policy().judge(story(run), Waiting("gemini", 0.0)) == Waiting("gemini", seconds)
    asked = FailedForNow(failure("APIError", "429 Too Many Requests, retry after 0 s"), None, 1.0)
    assert policy().judge(story(run), asked) == Waiting("narration", seconds, error=asked.failure.message)


def test_attempt_that_is_always_limited_is_spent_in_the_end() -> None:
    outcome = FailedForNow(failure("APIError", "429 too many requests"), None, 1.0)
    assert policy().judge(story(MOST_WAITS), outcome) == outcome


@pytest.mark.parametrize("outcome", [Waiting("gemini", 3.0), Interrupted()])
def test_other_ends_stay_what_they_are(outcome: Outcome) -> None:
    assert policy("*limit*=permanent").judge(story(), outcome) is outcome


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("Please try again in 20s.", 20.0),
        ("Please retry in 36.5s", 36.5),
        ("Retry-After: 120", 120.0),
        ("retry_after=7.5", 7.5),
        ("retryDelay: 17s", 17.0),
        ("retry_delay { seconds: 36 }", 36.0),
        ("try again in 250ms", 0.25),
        ("try again in 6 minutes", 360.0),
        ("retry after 999999999 hours", 999999999 * 3600.0),
        ("Please try again in 7m12.5s.", 432.5),
        ("Please try again in 6m0s", 360.0),
        ("Please try again in 1m30s", 90.0),
        ("Please try again in 7h22m11.5s", 26531.5),
        ("try again in 1 minute 30 seconds", 90.0),
        ("Please wait at least 57.0 seconds before the next call", 57.0),
        ("Looks like you've been doing that a lot. Take a break for 8 minutes before trying again.", 480.0),
        ("'retryDelay': '36s'", 36.0),
        ("Please retry in 36.429760048s.", 36.429760048),
        ("retry-after-ms': '1500'", 1.5),
        ("try again in 114h18m0s", 411480.0),
        ("try again in 1 hour, 2 minutes and 3 seconds", 3723.0),
        ("try again in about 5 minutes", 300.0),
        ("Your rate limit resets in ~5s.", 5.0),
        ("Your quota will reset after 18h30m41s.", 66641.0),
        ("Request was throttled. Expected available in 58 seconds.", 58.0),
        ("x-ratelimit-reset-tokens: 6m0s", 360.0),
        ("'x-ratelimit-reset': '363'", 363.0),
        ("x-ratelimit-reset: 1798761660", 60.0),
        ("Retry-After: Fri, 01 Jan 2027 00:02:00 GMT", 120.0),
        ("retry-after: 2027-01-01T00:00:30Z", 30.0),
        ("retry-after: 2026-01-01T00:00:30Z", 0.0),
        ("Retry-After: Fri, 99 Jan 2027 00:02:00 GMT", None),
        ("waited 30 s for an answer", None),
        ("try again later", None),
        ("in 20 s", None),
    ],
)
def test_asked_wait(message: str, seconds: float | None) -> None:
    assert asked_wait(message, lambda: datetime(2027, 1, 1, tzinfo=UTC)) == seconds


@pytest.mark.parametrize(("run", "seconds"), [(0, 36.0), (2, 36.0), (3, 60.0), (50, 60.0)])
def test_a_wait_that_did_not_help_three_times_grows(run: int, seconds: float) -> None:
    asked = FailedForNow(failure("APIError", "429 RESOURCE_EXHAUSTED, retryDelay: '36s'"), None, 1.0)
    assert policy().judge(story(run), asked) == Waiting("narration", seconds, error=asked.failure.message)


def test_no_wait_is_longer_than_a_day() -> None:
    asked = FailedForNow(failure("APIError", "429 Too Many Requests, try again in 114h18m0s"), None, 1.0)
    assert policy().judge(story(), asked) == Waiting("narration", 86400.0, error=asked.failure.message)


@given(st.floats(0, 86400))
def test_jitter_adds_a_tenth_at_most(delay_s: float) -> None:
    assert 0 <= jitter(delay_s) <= min(2.0, delay_s / 10)


def test_jitter_differs() -> None:
    assert len({jitter(10.0) for _ in range(20)}) > 10


@pytest.mark.parametrize("form", ["toml", "json"])
def test_rules_of_a_file(tmp_path: Path, form: str) -> None:
    table = {"*voice not found*": "permanent", "ValueError": "transient", "a=b": "rate_limited"}
    lines = (f"{json.dumps(pattern)} = {json.dumps(verdict)}" for pattern, verdict in table.items())
    path = tmp_path / f"rules.{form}"
    path.write_text("\n".join(lines) if form == "toml" else json.dumps(table))
    assert parse_rules(str(path)) == tuple(Rule(pattern, ErrorClass(word)) for pattern, word in table.items())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("ValueError", "not a rule"),
        ("ValueError=sometimes", "not a rule: 'ValueError=sometimes'"),
        ("ValueError=crash", "transient, permanent, rate_limited"),
        ("=permanent", "not a rule"),
        ("*=permanent", "not a rule"),
        ("/no/such/rules.toml", "cannot be read: No such file"),
        ("rules\0.json", "cannot be read"),
    ],
)
def test_bad_rules_are_said(text: str, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_rules(text)
    assert problem in str(caught.value)
    assert str(caught.value).startswith("GT_RETRY_RULES: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("r.json", "{"),
        ("r.json", "[1]"),
        ("r.json", '{"a": 1}'),
        ("r.json", "[" * 100_000),
        ("r.toml", "a ="),
        ("r.toml", "a.b = 'permanent'"),
        ("r.json", " " * 1_000_001),
    ],
)
def test_bad_files_are_said(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(UsageError, match=r"^GT_RETRY_RULES: "):
        parse_rules(str(path))
