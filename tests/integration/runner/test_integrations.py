"""The lines of docs/integrations, run as they stand there."""

from __future__ import annotations

import asyncio
import http.server
import json
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import imageio_ffmpeg
import pytest

from gt_common.settings import Settings
from gt_common.stories import Story
from gt_consumer.doctor.conformance.promises import judge
from gt_consumer.doctor.conformance.trial import Trial
from gt_consumer.doctor.conformance.video import decode
from gt_consumer.doctor.finding import Level
from gt_consumer.runner.outcomes import FailedForNow, Outcome
from support.outside import EXAMPLES, need
from support.runner import a_story, run_once, succeeded

ROOT = EXAMPLES.parent
PAGES = ROOT / "docs" / "integrations"
STORY = EXAMPLES / "the-last-cupcake.md"


def line_of(page: str) -> str:
    """Return the `--orchestrator` of a page's line."""
    found = re.search(r"^gt-\w+ .*--orchestrator '(.*)'$", (PAGES / f"{page}.md").read_text(), re.MULTILINE)
    assert found
    return found[1]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Start commands where the pages do, with an ffmpeg on the path; return a folder."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "ffmpeg").symlink_to(imageio_ffmpeg.get_ffmpeg_exe())
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(ROOT)
    return tmp_path


@pytest.mark.parametrize(("page", "program"), [("ffmpeg", "sh"), ("shell", "bash"), ("node", "node")])
async def test_the_line_makes_a_video(page: str, program: str, here: Path) -> None:
    need(program, program)
    # The page's video is long enough to be read; a second shows the same here.
    line = re.sub(r"size=1080x1920:rate=30:duration=20", "size=270x480:rate=10:duration=1", line_of(page))
    story = a_story(url=STORY.as_uri())
    made = succeeded(await run_once(line, here, story, story_roots=(EXAMPLES,)))
    facts = decode(made.output_path)
    assert facts is not None
    assert (facts.error, facts.picture is not None) == (None, True)
    assert made.video_s == pytest.approx(facts.seconds, abs=0.2)


class Renderer(http.server.BaseHTTPRequestHandler):
    """A renderer whose jobs are done when they were looked at three times."""

    jobs: dict[str, int]
    video: bytes
    refuse: bool

    def do_POST(self) -> None:
        """Take a job."""
        size = int(self.headers["Content-Length"])
        assert json.loads(self.rfile.read(size))["text"]
        if self.refuse:
            self._answer({}, 429)
            return
        job = f"job-{len(self.jobs) + 1}"
        self.jobs[job] = 0
        self._answer({"id": job})

    def do_GET(self) -> None:
        """Answer with the state of a job, or with its video."""
        _, _, job, *file = self.path.split("/")
        if file:
            self._send(self.video, 200)
            return
        self.jobs[job] += 1
        done = self.jobs[job] >= 3
        self._answer({"state": "done" if done else "rendering", "progress": 0.5})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Keep quiet."""

    def _answer(self, document: dict[str, object], code: int = 200) -> None:
        self._send(json.dumps(document).encode(), code)

    def _send(self, body: bytes, code: int) -> None:
        self.send_response(code)
        if code == 429:
            self.send_header("Retry-After", "7")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def renderer(video: bytes, *, refuse: bool = False) -> Iterator[tuple[str, dict[str, int]]]:
    """Serve a renderer; yields its URL and its jobs."""
    jobs: dict[str, int] = {}
    handler = type("Serving", (Renderer,), {"jobs": jobs, "video": video, "refuse": refuse})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", jobs
        finally:
            server.shutdown()
            thread.join()


async def test_a_rest_renderer_is_paid_once_however_often_a_run_is_disturbed(here: Path) -> None:
    colour = await run_once(line_of("shell"), here, a_story(url=STORY.as_uri()), story_roots=(EXAMPLES,))
    video = succeeded(colour).output_path.read_bytes()
    url = STORY.as_uri()
    with renderer(video) as (base, jobs):
        settings = Settings(
            orchestrator=line_of("rest").replace("http://127.0.0.1:8000", base),
            output=here / "videos",
            state_dir=here / "state",
            story_roots=(EXAMPLES,),
            time_limit=60.0,
        )
        seen = await Trial(settings, Story(url, url, "argument 1"), "try-1", lambda _line: None).run()
    broken = [finding for finding in judge(seen) if finding.level is Level.FAIL]
    assert broken == []
    assert len(jobs) == 2, "one job for each of the two stories, which took four runs"
    assert [run.name for run in seen.runs] == ["undisturbed", "killed", "retry", "resume"]


async def test_a_rest_renderer_that_asks_to_wait_is_understood(here: Path) -> None:
    with renderer(b"", refuse=True) as (base, jobs):
        line = line_of("rest").replace("http://127.0.0.1:8000", base)
        story = a_story(url=STORY.as_uri())
        outcome = await run_once(line, here, story, story_roots=(EXAMPLES,))
    assert isinstance(outcome, FailedForNow)
    assert outcome.failure.type == "TemporaryFailure"
    assert outcome.failure.message == "HTTP 429 Too Many Requests, retry after 7 s"
    assert jobs == {}


CARELESS = """
sleep 0.3
mkdir -p results assets/temp
echo part > assets/temp/background.mp4
pwd > "results/$1.mp4"
"""


async def test_each_slot_has_a_checkout_of_its_own(here: Path) -> None:
    for name in ("one", "two"):
        (here / "checkouts" / name / "results").mkdir(parents=True)
        (here / "checkouts" / name / "results" / "old.mp4").write_text("of an earlier story")
    (here / "careless.sh").write_text(CARELESS)
    script = EXAMPLES / "integrations" / "in_checkout.sh"
    line = f"command:bash {script} {here / 'checkouts'} -- bash {here / 'careless.sh'} {{story_id}}"

    async def make(number: int) -> Outcome:
        return await run_once(line, here, a_story(f"s{number}"))

    outcomes = await asyncio.gather(*map(make, (1, 2, 3)))
    refused = [outcome for outcome in outcomes if isinstance(outcome, FailedForNow)]
    assert [outcome.failure.type for outcome in refused] == ["TemporaryFailure"]
    made = [succeeded(outcome).output_path for outcome in outcomes if outcome not in refused]
    assert {path.read_text().strip() for path in made} == {
        str(here / "checkouts" / name) for name in ("one", "two")
    }
    assert succeeded(await make(4)), "a checkout is free again after its run"
