"""Keys of well-known services are removed wherever they stand, and texts that only look similar are kept."""

from __future__ import annotations

import time

import pytest

from gt_common.failures import Failure
from gt_common.redaction import redact

BODY = "abcdefghij0123456789ABCDEFGHIJ0123456789"
KEYS = [
    f"sk-{BODY}",
    f"sk-proj-{BODY}_-x",
    f"sk-ant-api03-{BODY}",
    f"sk_live_{BODY}",
    f"AIza{BODY[:35]}",
    f"ghp_{BODY}",
    f"github_pat_{BODY}",
    f"glpat-{BODY[:20]}",
    f"xoxb-{BODY}",
    f"hf_{BODY}",
    "AKIA" + "Z9" * 8,
    f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.{BODY}",
]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "text", ["Incorrect key provided: {}.", "{}", "({}) refused", "a/{}", "x={}&y", "'{}'"]
)
def test_a_bare_key_is_removed(key: str, text: str) -> None:
    assert BODY[:12] not in redact(text.format(key))
    assert "Z9Z9" not in redact(text.format(key))
    assert "***" in redact(text.format(key))


def test_a_failure_holds_no_bare_key() -> None:
    failure = Failure(type="AuthError", message=f"key sk-{BODY} was refused", traceback=f"with AIza{BODY}")
    assert failure.message == "key *** was refused"
    assert failure.traceback == "with ***"


@pytest.mark.parametrize(
    "text",
    [
        "the task-force-of-2024-that-nobody-wanted-at-all met",
        "sk-learn-pipeline-without-any-number-in-it",
        "sk-short1",
        "a risk-based-approach-0123456789-abcdefgh",
        "disk-0123456789abcdefghijkl is full",
        "AIza is short",
        "ghp_short and hf_transfer",
        "AKIAWHATEVERTHISISNOTAKEY",
        "https://www.reddit.com/r/tifu/comments/1abc2d/a_title/",
        "0f8fad5b-d9cb-469f-a165-70867728950e",
        "eyJ is how JSON begins in base64",
        "xox-games of noughts and crosses",
    ],
)
def test_similar_texts_are_kept(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "unit", ["sk-", "sk-a", "AIza", "xoxb-", "eyJ", "eyJaaaaaaaaaaa.", "ghp_", "a", "-", "glpat-a"]
)
def test_no_text_takes_long(unit: str) -> None:
    text = unit * (400_000 // len(unit))
    began = time.process_time()
    redact(text)
    assert time.process_time() - began < 5
