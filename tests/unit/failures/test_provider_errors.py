"""Real errors of providers: which class of failure each is, how long it waits, and whose name it shows."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from gt_common.failures import Failure, Sign, asked_wait, provider_of, sign_of, sign_of_error
from gt_common.messages import StoryMessage
from gt_consumer.runner.outcomes import FailedForGood, FailedForNow, Waiting
from gt_consumer.worker.retry_policy import RetryPolicy

URL = "https://www.reddit.com/comments/abc/"
USUAL_S = 11.0
STORY = StoryMessage(batch_id="b", story_id="s", position=1, url=URL, canonical_url=URL)
TABLE = tomllib.loads((Path(__file__).parent / "provider_errors.toml").read_text())["error"]
NAMED = {
    "azure",
    "gemini",
    "google-tts",
    "anthropic",
    "elevenlabs",
    "replicate",
    "stability",
    "openai",
    "reddit",
    "s3",
}


def judged(failure: Failure) -> FailedForGood | FailedForNow | Waiting:
    outcome = RetryPolicy((), (USUAL_S,)).judge(STORY, FailedForNow(failure, None, 1.0))
    assert isinstance(outcome, FailedForGood | FailedForNow | Waiting)
    return outcome


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row['provider']}: {row['text'][:60]}")
def test_each_real_error_has_its_class_its_wait_and_its_provider(row: dict[str, object]) -> None:
    failure = Failure.model_validate(
        {"type": row["type"], "message": row["text"], "stage": "voice", "causes": row.get("causes", ())}
    )
    outcome = judged(failure)
    if row["class"] == "rate_limited":
        assert isinstance(outcome, Waiting)
        assert outcome.provider == row["provider"]
        assert outcome.retry_after == pytest.approx(row["wait"] or USUAL_S)
    else:
        assert isinstance(outcome, FailedForGood if row["class"] == "permanent" else FailedForNow)
    assert len(str(row["source"])) > 5


def test_the_table_has_every_provider_and_each_with_more_than_one_class() -> None:
    classes = {name: {row["class"] for row in TABLE if row["provider"] == name} for name in NAMED}
    assert all(len(found) > 1 for found in classes.values()), classes


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row['provider']}: {row['text'][:60]}")
def test_an_error_keeps_its_class_when_a_pipeline_wraps_it(row: dict[str, object]) -> None:
    cause = f"{row['type']}: {row['text']}"
    wrapped = Failure(type="PipelineError", message="stage voice failed", causes=(cause,))
    plain = Failure.model_validate({"type": row["type"], "message": row["text"]})
    if "causes" not in row:
        assert sign_of(wrapped) is sign_of(plain)
    if row["class"] == "rate_limited" and "causes" not in row:
        assert (asked_wait(wrapped.causes[0]) or 0) == pytest.approx(row["wait"], abs=0.5)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("CommandFailed", "HTTP 4290"),
        ("CommandFailed", "cannot open https://www.reddit.com/r/x/comments/ab/rate_limit_exceeded_at_work/"),
        ("CommandFailed", "outputs/night/1-invalid_api_key_prank.mp4: No space left on device"),
        ("CommandFailed", "processed 429 frames"),
        ("CommandFailed", "port 403 is taken"),
        ("CommandFailed", "rendered 401 of 900 frames"),
        ("CommandFailed", "frame 429 of 900: drawtext failed"),
        ("ScriptError", "cannot parse: 'My boss says that there is a rate limit on kindness. Too much.'"),
        ("ScriptError", "cannot parse: 'after too many requests from my mother-in-law I left'"),
        ("ScriptError", "cannot parse: 'he had insufficient funds, and our quota of patience was gone'"),
        ("ScriptError", "cannot parse: 'I was denied access to the API of his heart, and forbidden to call'"),
        ("ScriptError", "title: AITA for telling my sister that her key is invalid?"),
        ("OSError", "[Errno 122] Disk quota exceeded"),
        ("PermissionError", "[Errno 13] Permission denied: '/fonts'"),
        ("ValueError", "the api key of the map legend is drawn twice"),
        ("ChildDied", "ended with exit code 403 without a result"),
    ],
)
def test_numbers_and_stories_say_nothing(kind: str, text: str) -> None:
    assert sign_of_error(kind, text) is None


def test_nearest_error_decides_but_a_limit_anywhere_counts() -> None:
    refused, passing = "AuthenticationError: Error code: 401", "TimeoutError: no answer"
    limited = "TooManyRequests: received 429 HTTP response"
    assert sign_of(Failure(type="E", message="failed", causes=(passing, refused))) is Sign.PASSING
    assert sign_of(Failure(type="E", message="failed", causes=(refused, passing))) is Sign.REFUSED
    assert sign_of(Failure(type="E", message="failed", causes=(refused, limited))) is Sign.LIMITED


def test_last_line_of_a_program_that_says_anything_decides() -> None:
    warned = "WARNING: usage statistics: HTTP 403\nERROR: HTTP 503 from the voice service"
    assert sign_of_error("CommandFailed", warned) is Sign.PASSING
    traceback = "Traceback (most recent call last):\nbotocore.exceptions.NoCredentialsError: none found"
    assert sign_of_error("CommandFailed", traceback) is Sign.REFUSED
    assert sign_of_error("CommandFailed", "Forbidden: a love story") is None


def test_headers_of_an_answer_do_not_fill_the_message() -> None:
    headers = {f"x-header-{n}": "x" * 40 for n in range(60)} | {"Retry-After": "7"}
    failure = Failure(type="ApiError", message=f"headers: {headers}, status_code: 429, body: {{'a': 1}}")
    assert failure.message == "headers: {'Retry-After': '7'}, status_code: 429, body: {'a': 1}"
    assert judged(failure) == Waiting("ApiError", 7.0, error=failure.message)
    unchanged = "headers: {'a': {'b': 1}}, body"
    assert Failure(type="E", message=unchanged).message == unchanged


def test_library_of_the_traceback_names_a_provider_that_the_text_does_not() -> None:
    lines = '  File "/app/.venv/lib/python3.12/site-packages/elevenlabs/core/x.py", line 1, in y\n'
    assert provider_of(["429"], lines) == "elevenlabs"
    assert provider_of(["429"], '  File "/srv/reddit-videos/openai/app.py"') is None
    assert provider_of(["429 from gemini"], lines) == "gemini"


def test_long_texts_are_judged_fast() -> None:
    for text in (
        "exceed " * 40_000,
        "insufficient" * 9000,
        "a_" * 60_000,
        "quota exceeded for " * 20_000,
        "9" * 99_999,
    ):
        sign_of_error("E", text)
        asked_wait(text)
        provider_of([text], text)


def test_doc_table_agrees_with_the_code() -> None:
    page = Path(__file__).parents[3] / "docs" / "rate-limits.md"
    rows = re.findall(r"^\| (\S+) \| `(.+?)` \| (\S+) \|\s*(.*?)\s*\|$", page.read_text(), re.MULTILINE)
    assert len(rows) > 25
    for provider, text, verdict, wait in rows:
        outcome = judged(Failure(type="OrchestratorFailed", message=text))
        found = {Waiting: "rate_limited", FailedForGood: "permanent", FailedForNow: "transient"}[
            type(outcome)
        ]
        assert (text, found) == (text, verdict)
        if isinstance(outcome, Waiting):
            stated = f"{outcome.retry_after:g} s"
            assert wait == ("" if outcome.retry_after == USUAL_S else stated), (provider, text)
