"""`--orchestrator gossiptoon` in child processes, with a pipeline that has GossipToon's public interface."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from gt_common.errors import CredentialsRefusedError
from gt_common.settings import load_settings
from gt_consumer.orchestrator.check import check_orchestrator
from gt_consumer.runner.outcomes import FailedForNow, Waiting
from support.runner import TESTS, a_runner, a_story, run_once, succeeded


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let children find the lookalike, with keys; return the folder of its troubles and paid calls."""
    monkeypatch.setenv("PYTHONPATH", str(TESTS / "support/lookalike"))
    monkeypatch.setenv("LOOKALIKE", str(tmp_path))
    for name in ("GOOGLE_API_KEY", "REDDIT_CLIENT_ID", "REDDIT_CLIENT_SECRET"):
        monkeypatch.setenv(name, "x")
    return tmp_path


async def test_killed_and_limited_it_is_resumed_and_pays_only_the_killed_call_again(place: Path) -> None:
    (place / "trouble").write_text("image:2 kill\nimage:3 429:0.2")
    stages: list[str] = []
    killed = await run_once("gossiptoon", place, on_stage=lambda name, _: stages.append(name))
    assert isinstance(killed, FailedForNow)
    assert killed.failure.type == "ChildDied"
    assert stages == ["story", "script", "voice", "panels"]
    async with a_runner("gossiptoon", place) as runner:
        limited = await runner.run(a_story(), 2, lambda *_: None)
        assert isinstance(limited, Waiting)
        assert (limited.provider, limited.retry_after) == ("gemini", 0.2)
        video = succeeded(await runner.run(a_story(), 2, lambda *_: None))
    assert killed.project_id == limited.project_id == video.project_id
    paid = Counter((place / "paid").read_text().split())
    assert [call for call, times in paid.items() if times > 1] == ["image:2"]
    assert paid["image:2"] == 2
    assert (place / "out/projects/b1/s1" / str(video.project_id)).is_dir()
    assert not (place / "out/.projects").exists()


def test_a_missing_key_is_said_before_the_first_story(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDDIT_CLIENT_ID")
    assert load_settings(orchestrator="gossiptoon").orchestrator_to_run == "gossiptoon"
    with pytest.raises(CredentialsRefusedError, match="no reddit_client_id; set keys in the environment"):
        check_orchestrator("gossiptoon")
