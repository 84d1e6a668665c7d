"""A Reddit link in a worker that has no Reddit credentials fails once, with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from gt_common.settings import load_settings
from gt_consumer.runner.outcomes import FailedForGood
from gt_consumer.worker.retry_rules import make_policy
from support.runner import a_story, run_once


async def test_no_attempt_is_wasted_on_a_post_that_cannot_be_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("GT_REDDIT_CLIENT_ID", "GT_REDDIT_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    story = a_story()
    outcome = make_policy(load_settings()).judge(story, await run_once("studio", tmp_path, story))
    assert isinstance(outcome, FailedForGood)
    assert outcome.failure.type == "CredentialsRefusedError"
    assert "GT_REDDIT_CLIENT_ID and GT_REDDIT_CLIENT_SECRET" in outcome.failure.message
    assert "Reddit approves new API apps" in outcome.failure.message
