"""Arguments that go together, limits of failures, and the lock on a batch."""

from __future__ import annotations

from pathlib import Path

import pytest

from gt_common.errors import UsageError
from gt_common.settings import load_settings
from gt_common.stories.sources import Sources
from gt_consumer.batch.lock import lock_batch
from gt_consumer.batch.request import Arguments, FailureLimit, Flags, parse_failure_limit


@pytest.mark.parametrize(
    ("text", "total", "allowed"),
    [("3", 100, 3), ("10%", 100, 10), ("10%", 3, 1), ("100%", 7, 7), ("34%", 3, 2)],
)
def test_a_limit_is_a_number_or_per_cent_of_the_batch(text: str, total: int, allowed: int) -> None:
    assert parse_failure_limit(text).of(total) == allowed


@pytest.mark.parametrize("text", ["", "0", "0%", "101%", "-1", "x", "5 %", "1.5"])
def test_other_limits_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--max-failures"):
        parse_failure_limit(text)


@pytest.mark.parametrize(
    "arguments",
    [
        Arguments(Sources(("u",)), resume="b"),
        Arguments(Sources(), resume="b", force=True),
        Arguments(Sources(), retry_failed="b", name="n"),
        Arguments(Sources(), retry_failed="b", discover=True),
        Arguments(Sources(), resume="b", retry_failed="b"),
        Arguments(Sources(("u",)), limit=3),
    ],
)
def test_what_does_not_go_together_is_refused(arguments: Arguments) -> None:
    with pytest.raises(UsageError):
        arguments.check()


def test_flags_that_go_together_are_taken() -> None:
    Arguments(Sources(), resume="b", dry_run=True, max_failures=FailureLimit(1), as_json=True).check()
    assert Flags(parallel=3, time_limit="5m").given() == {"prefetch": 3, "time_limit": "5m"}


def test_a_batch_is_locked_by_one_process_and_keeps_its_settings(tmp_path: Path) -> None:
    settings = load_settings(orchestrator="a:b", prefetch=3, output=tmp_path, time_limit="5m")
    with lock_batch(tmp_path, "b1") as lock:
        assert lock.settings() == {}
        lock.keep(settings)
        with (
            pytest.raises(UsageError, match="already being run by another gt-batch"),
            lock_batch(tmp_path, "b1"),
        ):
            pass
    with lock_batch(tmp_path, "b1") as lock:
        kept = load_settings(**lock.settings())
    assert (kept.orchestrator, kept.prefetch, kept.output, kept.time_limit) == ("a:b", 3, tmp_path, 300.0)
    (tmp_path / "batches" / "b1.json").write_text("{torn")
    with lock_batch(tmp_path, "b1") as lock:
        assert lock.settings() == {}
