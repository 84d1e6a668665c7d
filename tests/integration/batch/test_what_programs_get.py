"""What gt-batch passes to a program: names as given, any link, and both again after a failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.samples.batches import gt_batch, no_broker

LINK = "https://Example.com/v?utm_source=x"
PROGRAM = """command:sh -c 'test -e ../../../../ready || exit 1
echo "$0" > v.mp4; echo "{\\"output_path\\": \\"v.mp4\\"}"' {url}"""


def made(folder: Path, batch_id: str) -> list[str]:
    """Return what is in the videos of a batch, in the order of their names."""
    videos = sorted((folder / "outputs" / batch_id).glob("*.mp4"))
    return [video.read_text().strip() for video in videos]


def test_the_url_stays_as_it_was_given_when_a_batch_is_retried(tmp_path: Path) -> None:
    (tmp_path / "stories").mkdir()
    (tmp_path / "stories" / "a b.md").write_text("Once")
    environment = no_broker(tmp_path)
    (tmp_path / "urls.txt").write_text(f"stories/a b.md\n{LINK}\n")
    arguments = ["-f", str(tmp_path / "urls.txt"), "--any-url", "--batch-id", "b1", "--max-attempts", "1"]
    failed = gt_batch(environment, *arguments, "--orchestrator", PROGRAM)
    assert failed.returncode == 1, failed.stderr
    (tmp_path / "ready").touch()
    done = gt_batch(environment, "--retry-failed", "b1")
    assert done.returncode == 0, done.stderr
    assert made(tmp_path, "b1") == ["stories/a b.md", LINK]
    again = gt_batch(environment, "HTTPS://example.com:443/v", "--any-url", "--orchestrator", PROGRAM)
    assert "already made" in again.stderr, "another form of the same link is the same story"


@pytest.mark.parametrize("dry", [True, False])
def test_the_studio_refuses_other_links_before_the_first_story(tmp_path: Path, dry: bool) -> None:
    done = gt_batch(no_broker(tmp_path), LINK, "--any-url", *(["-n"] if dry else []))
    says = f"the studio makes videos of Reddit posts and story files, not of {LINK}; choose another"
    assert says in done.stderr
    assert done.returncode == (0 if dry else 2)
    assert not (tmp_path / "outputs" / "b1").exists()
