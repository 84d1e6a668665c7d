"""gt-discover as users run it: as a process, with its output and exit code."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.reddit import CLIENT_SECRET, Answer, FakeReddit

# Colours and links of a terminal.
ESCAPES = re.compile(r"\x1b\[[0-9;]*m|\x1b\]8;[^\x1b]*\x1b\\")
FOLDER = Path(sys.executable).parent
Result = subprocess.CompletedProcess[str]


class Discover:
    """Runs gt-discover, or another command, in its own folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **{name: value for name, value in os.environ.items() if name.startswith("GT_REDDIT_")},
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "GT_STATE_DIR": str(folder / "state"),
            "GT_LEDGER_URL": f"sqlite:///{folder / 'ledger.db'}",
            "NO_PROXY": "127.0.0.1",
            "NO_COLOR": "1",
            "COLUMNS": "120",
        }

    def __call__(self, *arguments: str, command: str = "gt-discover", given: str | None = None) -> Result:
        return subprocess.run(
            [FOLDER / command, *arguments],
            env=self.environment,
            cwd=self.folder,
            input=given,
            capture_output=True,
            text=True,
            timeout=90,
        )


@pytest.fixture
def run(fake_reddit: FakeReddit, tmp_path: Path) -> Discover:
    """Return a function that runs the command, with a Reddit that has two stories."""
    fake_reddit.add("tifu", "one", title="TIFU by\x1b[31m doing\nit", ups=5000)
    fake_reddit.add("AmItheAsshole", "two", title="AITA for this?")
    return Discover(tmp_path)


NAMES = ("--subreddits", "AITA,TIFU")


def test_a_list_that_gt_produce_takes(run: Discover) -> None:
    result = run(*NAMES)
    assert (result.returncode, result.stderr) == (0, "gt-discover: 2 posts checked, 2 selected\n")
    assert result.stdout.splitlines() == [
        "# TIFU by[31m doing it",
        "https://www.reddit.com/r/tifu/comments/one/story_one/",
        "# AITA for this?",
        "https://www.reddit.com/r/AmItheAsshole/comments/two/story_two/",
    ]
    produced = run("-f", "-", "--dry-run", command="gt-produce", given=result.stdout)
    assert produced.returncode == 0
    assert "would publish 2 stories" in produced.stderr


def test_json(run: Discover) -> None:
    result = run(*NAMES, "--json", "--limit", "1")
    (story,) = json.loads(result.stdout)
    assert story["rank"] == 1
    assert story["id"] == "one"
    assert story["upvotes"] == 5000
    assert story["comments"] == 300
    assert story["score"] == pytest.approx((5000 + 600) / 10**0.5, rel=0.01)
    assert set(story) == {
        *("rank", "score", "viral", "quality", "remarks", "id", "subreddit", "title", "url", "upvotes"),
        *("comments", "upvote_ratio", "created_at", "age_hours", "length"),
    }


def test_nothing_found_is_an_empty_list(run: Discover) -> None:
    result = run(*NAMES, "--min-upvotes", "100000", "--json")
    assert (result.returncode, json.loads(result.stdout)) == (0, [])
    assert "2 under 100,000 upvotes, 0 selected" in result.stderr


@pytest.mark.parametrize("width", [80, 120])
def test_a_table_on_a_terminal(run: Discover, width: int) -> None:
    reader, writer = pty.openpty()
    process = subprocess.Popen(
        [FOLDER / "gt-discover", *NAMES],
        env=run.environment | {"TERM": "xterm", "COLUMNS": str(width)},
        cwd=run.folder,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writer)
    shown = b""
    try:
        while part := os.read(reader, 65536):
            shown += part
    except OSError:  # Linux ends a terminal that nobody writes to any more so
        pass
    finally:
        os.close(reader)
    _, errors = process.communicate(timeout=60)
    raw = shown.decode().replace("\r", "")
    lines = ESCAPES.sub("", raw).splitlines()
    assert process.returncode == 0
    address = ["post"] if width == 120 else []
    assert lines[0].split() == ["#", "score", "upvotes", "comments", "age", "community", *address, "title"]
    assert lines[1].split()[2:7] == ["5,000", "300", "10", "h", "tifu"]
    assert ("redd.it/one" in lines[1]) == (width == 120)
    assert "TIFU by[31m doing it" in lines[1]
    assert "https://www.reddit.com/r/tifu/comments/one/story_one/" in raw  # behind the title
    assert max(map(len, lines)) <= width
    assert "gt-produce -f -" in errors


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--subreddits", "a b"), "is not the name of a community"),
        (("--limit", "0"), "--limit is 0"),
        (("--json", "--urls"), "exclude each other"),
        (("--block-words", "missing.txt"), "missing.txt cannot be read"),
        (("--subreddits", "nowhere"), "r/nowhere does not exist"),
        (("--time-filter", "century"), "century"),
    ],
)
def test_usage(run: Discover, arguments: tuple[str, ...], said: str) -> None:
    result = run(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_credentials(run: Discover) -> None:
    secret = run.environment.pop("GT_REDDIT_CLIENT_SECRET")
    result = run(*NAMES)
    assert result.returncode == 4
    assert "set GT_REDDIT_CLIENT_SECRET" in result.stderr
    (run.folder / ".env").write_text(f"GT_REDDIT_CLIENT_SECRET={secret}\n")
    assert run(*NAMES).returncode == 0


def test_refused_credentials(run: Discover) -> None:
    run.environment["GT_REDDIT_CLIENT_ID"] = "another"
    result = run(*NAMES)
    assert result.returncode == 4
    assert CLIENT_SECRET not in result.stderr
    assert result.stderr.count("\n") == 1


def test_unreachable(run: Discover, fake_reddit: FakeReddit) -> None:
    fake_reddit.answers["/r/tifu/top"] = Answer(429, headers={"retry-after": "600"})
    result = run("--subreddits", "tifu")
    assert (result.returncode, result.stdout) == (3, "")
    assert result.stderr.startswith("gt-discover: too many requests: Reddit accepts no more from this app")
    assert result.stderr.endswith("accepts no more from this app for 10 min; try again then\n")


def test_one_name_for_all_commands(run: Discover) -> None:
    assert run("discover", *NAMES, command="gossiptoon").stdout.count("https://") == 2


def test_help_loads_nothing_heavy() -> None:
    probe = (
        "import sys, gt_producer.discover.cli; "
        "print(*sorted({'pydantic', 'asyncpraw', 'aiohttp', 'sqlalchemy', 'asyncio'} & set(sys.modules)))"
    )
    loaded = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=60)
    assert (loaded.stdout, loaded.stderr) == ("\n", "")
