"""A text is redacted as by every pattern, also where most of them are left out because they cannot match."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gt_common import redaction
from gt_common.redaction import redact

_WORDS = [
    *("api_key", "apikey", "API-Key", "toKen", "secret", "passwd", "password", "Authorization", "&amp;key"),
    *("to\u212aen", "api\u212aey", "\u017fecret", "pa\u017f\u017fword", "author\u0131zation"),
    *("sk-", "sk_live_", "rk_test_", "AIza", "ghp_", "gho_", "github_pat_", "glpat-", "xoxb-", "hf_"),
    *("AKIA", "ASIA", "eyJ", "abcdefghijklmnopqrstuvwxyz0123456789", "ABCDEFGHIJ123456", "Bearer", "digest"),
    *("=", ":", "?key=", "://", "@", "/", "\\", '"', "'", " ", "\n", ".", "-", "x", "Ü", "(", ";"),
]


def thoroughly(text: str) -> str:
    """Redact a text with every pattern, whatever is in it."""
    text = redaction._KEY_VALUE.sub(r"\1***", redaction._URL_PASSWORD.sub(r"\1***@", text))
    return redaction._BARE_KEY.sub("***", text)


@given(st.lists(st.sampled_from(_WORDS) | st.text(max_size=5), max_size=12).map("".join))
@example("https://user:pw@host/?key=abc")
def test_nothing_is_overlooked(text: str) -> None:
    assert redact(text) == thoroughly(text)


@pytest.mark.parametrize(
    "text",
    ["to\u212aen=abcdef", "\u017fecret: abcdef", "PA\u017f\u017fWD=abcdef", "author\u0131zation=abcdef"],
)
def test_letters_that_count_as_others_hide_no_secret(text: str) -> None:
    assert "abcdef" not in redact(text)


@pytest.mark.parametrize(
    "key",
    [
        *("sk-", "sk_live_", "rk_test_", "AIza", "ghp_", "ghr_", "github_pat_", "glpat-", "xoxb-", "hf_"),
        *("AKIA", "ASIA", "eyJ0000000000.eyJ0000000000."),
    ],
)
def test_a_key_of_digits_is_known_by_its_beginning_alone(key: str) -> None:
    digits = "0" * (16 if key.endswith("IA") else 40)
    assert redact(f"refused: {key}{digits} is not valid") == "refused: *** is not valid"
