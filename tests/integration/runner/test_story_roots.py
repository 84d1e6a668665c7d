"""Story files are handed to orchestrators of every kind only from the folders that the settings allow."""

from __future__ import annotations

from pathlib import Path

import pytest

from gt_consumer.runner.outcomes import FailedForGood
from support.runner import a_runner, a_story, python_path, run_once, succeeded

PROGRAM = """command:sh -c 'cat "${1#file://}" > v.mp4; echo "{\\"output_path\\": \\"v.mp4\\"}"' sh {url}"""


@pytest.fixture
def story_file(tmp_path: Path) -> Path:
    """A story file in a folder of its own."""
    path = tmp_path / "stories" / "a.md"
    path.parent.mkdir()
    path.write_text("# A story\n")
    return path


@pytest.mark.parametrize("orchestrator", [PROGRAM, "support.orchestrators.fakes:success"])
async def test_a_worker_without_the_setting_reads_no_file(
    orchestrator: str, story_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", python_path())
    outcome = await run_once(orchestrator, tmp_path, a_story(url=story_file.as_uri()))
    assert isinstance(outcome, FailedForGood)
    assert (outcome.failure.type, outcome.failure.retryable) == ("PermanentError", False)
    assert "to allow it, set GT_STORY_ROOTS" in outcome.failure.message
    assert str(story_file) in outcome.failure.message


async def test_a_file_below_the_folder_is_made_and_another_is_not(story_file: Path, tmp_path: Path) -> None:
    other = tmp_path / "private.md"
    other.write_text("secret")
    (story_file.parent / "link.md").symlink_to(other)
    async with a_runner(PROGRAM, tmp_path, story_roots=[story_file.parent]) as runner:
        made = succeeded(await runner.run(a_story(url=story_file.as_uri()), 1, lambda *_: None))
        assert made.output_path.read_text() == "# A story\n"
        for name in ("link.md", "../private.md"):
            story = a_story("s2", url=f"{story_file.parent.as_uri()}/{name}")
            assert isinstance(await runner.run(story, 1, lambda *_: None), FailedForGood)
