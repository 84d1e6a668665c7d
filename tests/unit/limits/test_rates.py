"""GT_RATE_LIMITS as users write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gt_common.errors import UsageError
from gt_common.rates import Rate, parse_rates
from gt_common.settings import load_settings


def test_the_settings_take_units_and_durations() -> None:
    settings = load_settings(
        rate_limits="gemini=10/minute, eleven-labs = 60/minute,stories=20/hour,x_1=5/10s,"
    )
    assert settings.rate_limits == (
        Rate("gemini", 10, 60.0),
        Rate("eleven-labs", 60, 60.0),
        Rate("stories", 20, 3600.0),
        Rate("x_1", 5, 10.0),
    )
    assert load_settings().rate_limits == ()


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GT_RATE_LIMITS", "gemini=1/second,b=2/day,c=3/1h30m,d=4/m")
    assert [(rate.count, rate.per_s) for rate in load_settings().rate_limits] == [
        (1, 1.0),
        (2, 86400.0),
        (3, 5400.0),
        (4, 60.0),
    ]


@pytest.mark.parametrize(
    ("unit", "seconds"), [("sec", 1.0), ("min", 60.0), ("minutes", 60.0), ("hours", 3600.0)]
)
def test_a_unit_is_understood_under_each_of_its_names(unit: str, seconds: float) -> None:
    assert parse_rates(f"gemini=10/{unit}") == (Rate("gemini", 10, seconds),)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("gemini", "expected for example"),
        ("gemini=10", "expected for example"),
        ("Gemini=10/minute", "expected for example"),
        ("a b=10/minute", "expected for example"),
        ("gemini=-1/minute", "expected for example"),
        (f"{'g' * 41}=1/minute", "expected for example"),
        ("gemini=0/minute", "at least 1"),
        ("gemini=10/fortnight", "unknown unit"),
        ("gemini=10/10", "unknown unit"),
        ("gemini=10/100ms", "between 1s and 31d"),
        ("gemini=10/40d", "between 1s and 31d"),
        ("gemini=1/minute,gemini=2/hour", "two limits"),
    ],
)
def test_what_cannot_be_used_names_the_variable_and_the_part(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=f"^GT_RATE_LIMITS: .*{says}") as caught:
        load_settings(rate_limits=text)
    assert "gemini" in str(caught.value) or text[:10] in str(caught.value)


@given(st.integers(1, 10_000), st.floats(1, 2_678_400))
def test_spread_grants_keep_to_the_limit_in_every_window(count: int, per_s: float) -> None:
    rate = Rate("p", count, per_s)
    # A call up to the margin after its grant makes the window longer by that much.
    assert count * rate.interval_s >= per_s + rate.margin_s - 1e-6
    assert 0.25 <= rate.margin_s <= 2.0


@given(st.text(alphabet="abz09_-=/,. smhd", max_size=40))
def test_any_text_is_rates_or_a_usage_error(text: str) -> None:
    try:
        rates = parse_rates(text)
    except UsageError:
        return
    assert all(rate.count >= 1 and rate.per_s >= 1 for rate in rates)
