"""GossipToon itself, unchanged, with stand-ins for its services: what is paid when it is killed or refused.

Set GT_TEST_GOSSIPTOON to the Python of an environment in which both are installed, as
docs/integrations/gossiptoon.md says; ffmpeg comes from imageio-ffmpeg. About 40 s for each case.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest

from support.real_gossiptoon.services import Services, Trouble, running_services

PYTHON = os.environ.get("GT_TEST_GOSSIPTOON", "")
PLACE = Path(__file__).parents[1] / "support/real_gossiptoon"
URL = "https://www.reddit.com/r/tifu/comments/abc123/the_fence/"
UNDISTURBED = {"reddit": 1, "model": 11, "voice": 10, "image": 11, "ffmpeg": 1}
CALLS = [
    ("reddit", 1),
    ("model Script", 1),
    ("model Act", 3),
    ("model EngagementProject", 1),
    ("voice", 6),
    ("image", 7),
    ("ffmpeg", 1),
    ("model YouTubeMetadata", 1),
]

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not PYTHON, reason="GT_TEST_GOSSIPTOON names no environment with GossipToon"),
]


def environment(folder: Path, url: str) -> dict[str, str]:
    """Return the variables for GossipToon, its libraries and this project."""
    config = folder / "config"
    config.mkdir(exist_ok=True)
    praw = [f"{kind}_kind=t{n}" for n, kind in enumerate(("comment", "redditor", "submission", "message"), 1)]
    praw += ["subreddit_kind=t5", "trophy_kind=t6", "short_url=https://redd.it", "ratelimit_seconds=5"]
    lines = [
        "[DEFAULT]",
        f"oauth_url={url}",
        f"reddit_url={url}",
        "check_for_updates=False",
        "timeout=16",
        *praw,
    ]
    (config / "praw.ini").write_text("\n".join(lines))
    return {
        **os.environ,
        "XDG_CONFIG_HOME": str(config),
        "PYTHONPATH": str(PLACE / "modules"),
        "PATH": f"{PLACE / 'bin'}:{Path(PYTHON).parent}:{os.environ['PATH']}",
        "REAL_FFMPEG": imageio_ffmpeg.get_ffmpeg_exe(),
        "STAND_INS": url,
        "GOOGLE_GEMINI_BASE_URL": url,
        "GT_STATE_DIR": str(folder / "state"),
        "GT_OUTPUT": str(folder / "out"),
        "GT_RETRY_DELAYS": "1s",
        **dict.fromkeys(("GOOGLE_API_KEY", "ELEVENLABS_API_KEY", "REDDIT_CLIENT_ID"), "x"),
        "REDDIT_CLIENT_SECRET": "x",
    }


def batch(folder: Path, services: Services, *arguments: str, without: str = "") -> tuple[int, str, Any]:
    """Run gt-batch; return its exit code, what it said, and its report."""
    variables = environment(folder, services.url)
    variables.pop(without, None)
    command = [str(Path(PYTHON).with_name("gt-batch")), "--json", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, timeout=400, check=False
    )
    return done.returncode, done.stderr, json.loads(done.stdout) if done.stdout else None


def begin(folder: Path, services: Services, *, without: str = "") -> tuple[int, str, Any]:
    """Make the video of one post as batch b1."""
    return batch(folder, services, "--orchestrator", "gossiptoon", "--batch-id", "b1", URL, without=without)


def paid(services: Services) -> Counter[str]:
    """Return how many calls of each kind were paid for."""
    return Counter(call.kind.partition(" ")[0] for call in services.paid())


def test_undisturbed_it_pays_each_call_once(tmp_path: Path) -> None:
    with running_services() as services:
        code, said, report = begin(tmp_path, services)
    assert (code, report and report["successful"]) == (0, 1), said
    assert paid(services) == UNDISTURBED


@pytest.mark.parametrize("what", ["kill story", "kill command"])
@pytest.mark.parametrize(("kind", "nth"), CALLS)
def test_killed_at_a_call_and_resumed_it_pays_each_call_at_most_once_more(
    tmp_path: Path, kind: str, nth: int, what: Any
) -> None:
    with running_services(Trouble(kind, nth, what)) as services:
        code, said, report = begin(tmp_path, services)
        if what == "kill command":
            assert code == -9, said
            code, said, report = batch(tmp_path, services, "--resume", "b1")
    assert (code, report and report["successful"]) == (0, 1), said
    assert services.trouble is None, "the trouble came"
    times = Counter((call.kind, call.asked) for call in services.paid())
    assert max(times.values()) <= 2
    again = paid(services) - Counter(UNDISTURBED)
    print(f"{what} at {kind} {nth}: paid {dict(paid(services))}, again {dict(again)}")
    assert again["voice"] + again["image"] <= 1, "of clips and images only the one that was cut off"


@pytest.mark.parametrize(("kind", "nth"), [("voice", 4), ("image", 7), ("model Act", 3)])
def test_a_429_with_a_delay_costs_no_attempt_and_waits_that_long(tmp_path: Path, kind: str, nth: int) -> None:
    with running_services(Trouble(kind, nth, "refuse", seconds=15.0)) as services:
        code, said, report = begin(tmp_path, services)
    assert code == 0, said
    assert report["results"][0]["attempts"] == 1
    refused = [call.at for call in services.calls if call.refused]
    until = services.trouble.until if services.trouble else None
    after = [call.at for call in services.calls if call.at > refused[-1]]
    assert until is not None
    assert min(after) >= until
    assert paid(services)["voice"] + paid(services)["image"] == UNDISTURBED["voice"] + UNDISTURBED["image"]


@pytest.mark.parametrize("key", ["GOOGLE_API_KEY", "REDDIT_CLIENT_SECRET"])
def test_without_a_key_it_ends_before_the_first_story(tmp_path: Path, key: str) -> None:
    with running_services() as services:
        code, said, report = begin(tmp_path, services, without=key)
    assert (code, report) == (4, None)
    assert key.lower() in said.lower()
    assert services.calls == []
