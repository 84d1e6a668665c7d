"""Arguments that go together, and the lock on a batch."""

from __future__ import annotations

from pathlib import Path

import pytest

from gt_common.errors import UsageError
from gt_common.settings import load_settings
from gt_common.stories.sources import Sources
from gt_consumer.batch.lock import lock_batch
from gt_consumer.batch.request import Arguments, Flags, Limits


@pytest.mark.parametrize(
    "arguments",
    [
        Arguments(Sources(("u",)), resume="b"),
        Arguments(Sources(), resume="b", force=True),
        Arguments(Sources(), retry_failed="b", name="n"),
        Arguments(Sources(), retry_failed="b", discover=True),
        Arguments(Sources(), resume="b", retry_failed="b"),
        Arguments(Sources(("u",)), limit=3),
        Arguments(Sources(), resume="b", limits=Limits(start_after="2h")),
        Arguments(Sources(("u",)), limits=Limits("1.5")),
        Arguments(Sources(("u",)), limits=Limits(max_cost="x")),
        Arguments(Sources(("u",)), limits=Limits(start_after="soon")),
        Arguments(Sources(("u",)), limits=Limits(priority="urgent")),
        Arguments(Sources(), retry_failed="b", limits=Limits(priority="high")),
    ],
)
def test_what_does_not_go_together_is_refused(arguments: Arguments) -> None:
    with pytest.raises(UsageError):
        arguments.check()


def test_flags_that_go_together_are_taken() -> None:
    Arguments(
        Sources(), resume="b", dry_run=True, limits=Limits(max_failures="1", max_cost="3"), as_json=True
    ).check()
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
