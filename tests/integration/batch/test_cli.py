"""gt-batch as a process, without a broker: one by one, in parallel, stopped, resumed, limited, forced."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from gt_common.lifecycle import BatchPhase, StoryStatus
from support.fleet import BIN, TESTS, command, read_runs
from support.samples.batches import SCRIPTED, batch_state, gt_batch, no_broker, write_list
from support.waiting import until

OK: dict[str, object] = {}


def ran(folder: Path) -> list[tuple[object, object]]:
    """Return (story, attempt) of each run, in their order."""
    return [(run["story"], run["attempt"]) for run in read_runs(folder / "runs")]


def test_a_list_is_made_one_by_one_and_a_failure_stops_nothing(tmp_path: Path) -> None:
    options: list[dict[str, object]] = [OK, {"do": "permanent"}, {"do": "fail_once"}, {"do": "wait_once"}, OK]
    listed = write_list(tmp_path, options)
    done = gt_batch(no_broker(tmp_path), "-f", str(listed), "--batch-id", "b1", "--name", "n", *SCRIPTED)
    assert done.returncode == 1, done.stderr
    assert done.stdout == "b1\n"
    assert "#2 s02  failed  working: PermanentError: the post is gone" in done.stderr
    assert "gt-batch --retry-failed b1" in done.stderr
    assert "gt-dlq" not in done.stderr
    assert "Traceback" not in done.stderr
    folder = tmp_path / "outputs" / "b1"
    report = json.loads((folder / "b1.json").read_text())
    assert [row["status"] for row in report["results"]] == ["success", "failed", *["success"] * 3]
    assert [row["attempts"] for row in report["results"]] == [1, 1, 2, 1, 1]
    assert (report["name"], report["successful"], report["failed"]) == ("n", 4, 1)
    assert "made_by" not in report
    assert {path.suffix for path in folder.glob("b1.*")} == {".json", ".md", ".html"}
    saved = [line for line in done.stderr.splitlines() if line.startswith("report: ")]
    assert [line.rpartition("/")[2] for line in saved] == ["b1.json", "b1.md", "b1.html"]
    for word in ("replay", "discard", "--prefetch"):
        assert word not in done.stderr + (folder / "b1.html").read_text() + (folder / "b1.md").read_text()
    assert "gt-batch --retry-failed b1" in (folder / "b1.html").read_text()
    lines = [json.loads(line) for line in (folder / "batch.log").read_text().splitlines()]
    errors = {line["event"]: line for line in lines if line["level"] == "error"}
    assert errors.keys() == {"attempt_failed", "story_failed"}
    failed = errors["story_failed"]
    assert (failed["position"], failed["stage"], failed["attempt"]) == (2, "working", 1)
    assert "PermanentError: the post is gone" in failed["traceback"]


def test_json_alone_goes_to_standard_output_and_as_many_run_at_once_as_asked(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    listed = write_list(tmp_path, [{"seconds": 0.3}] * 4)
    done = gt_batch(no_broker(tmp_path), "-f", str(listed), "-j", "4", "--json", *SCRIPTED)
    report = json.loads(done.stdout)
    assert (done.returncode, report["state"], report["total"]) == (0, "done", 4)
    assert not gate.exists()
    assert len({run["pid"] for run in read_runs(tmp_path / "runs")}) == 4, "each had a child of its own"


def test_dry_run_says_what_would_run_and_changes_nothing(tmp_path: Path) -> None:
    listed = write_list(tmp_path, [OK, OK])
    listed.write_text(listed.read_text() + "\n" + listed.read_text().splitlines()[0])
    before = sorted(tmp_path.rglob("*"))
    dry = gt_batch(no_broker(tmp_path), "-f", str(listed), "-n", *SCRIPTED)
    assert (dry.returncode, dry.stdout) == (0, "1\thttps://redd.it/s01\n2\thttps://redd.it/s02\n")
    assert "list.jsonl:3: same story as" in dry.stderr
    assert "dry run: would run 2 stories, 1 repeated" in dry.stderr
    assert "no time estimate" in dry.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_stories_made_by_an_earlier_batch_are_skipped_unless_forced(tmp_path: Path) -> None:
    listed, environment = write_list(tmp_path, [OK, {"do": "permanent"}]), no_broker(tmp_path)
    assert gt_batch(environment, "-f", str(listed), "--batch-id", "b1", *SCRIPTED).returncode == 1
    dry = gt_batch(environment, "-f", str(listed), "-n", "--json", *SCRIPTED)
    plan = json.loads(dry.stdout)
    assert [story["url"] for story in plan["stories"]] == ["https://redd.it/s02"]
    assert [(one["url"], one["batch_id"]) for one in plan["already_made"]] == [("https://redd.it/s01", "b1")]
    assert plan["estimate_s"] > 0
    assert "(median of 1 video: " in dry.stderr
    one = tmp_path / "one.jsonl"
    one.write_text(listed.read_text().splitlines()[0].replace("redd.it/", "old.reddit.com/comments/"))
    again = gt_batch(environment, "-f", str(one), "--batch-id", "b2", *SCRIPTED)
    assert again.returncode == 0
    assert "one.jsonl:1: already made in batch b1" in again.stderr
    assert "nothing to do: no stories are left to make" in again.stderr
    assert len(ran(tmp_path)) == 2
    forced = gt_batch(environment, "-f", str(listed), "--batch-id", "b3", "--force", "--json", *SCRIPTED)
    assert json.loads(forced.stdout)["total"] == 2
    assert len(ran(tmp_path)) == 4


def test_max_failures_starts_no_new_stories_and_resume_continues(tmp_path: Path) -> None:
    listed = write_list(tmp_path, [{"do": "permanent"}, OK, {"do": "permanent"}, OK, OK])
    environment = no_broker(tmp_path)
    arguments = ("-f", str(listed), "--batch-id", "b1", "--max-failures", "40%", *SCRIPTED)
    stopped = gt_batch(environment, *arguments)
    assert stopped.returncode == 5
    assert "continue with: gt-batch --resume b1" in stopped.stderr
    assert len(ran(tmp_path)) == 3
    assert batch_state(tmp_path, "b1").counts[StoryStatus.QUEUED] == 2
    resumed = gt_batch(environment, "--resume", "b1")
    assert resumed.returncode == 1, resumed.stderr
    assert len(ran(tmp_path)) == 5, "the orchestrator is that with which the batch was begun"
    counts = batch_state(tmp_path, "b1").counts
    assert (counts[StoryStatus.SUCCESS], counts[StoryStatus.FAILED]) == (3, 2)


def test_retry_failed_runs_the_failed_ones_as_their_next_generation(tmp_path: Path) -> None:
    listed, environment = write_list(tmp_path, [OK, {"do": "permanent"}]), no_broker(tmp_path)
    gt_batch(environment, "-f", str(listed), "--batch-id", "b1", *SCRIPTED)
    before = batch_state(tmp_path, "b1")
    again = gt_batch(environment, "--retry-failed", "b1", "--json")
    report = json.loads(again.stdout)
    assert [(row["status"], row["generation"]) for row in report["results"]] == [
        ("success", 1),
        ("failed", 2),
    ]
    after = batch_state(tmp_path, "b1")
    made = [story_id for story_id, story in before.stories.items() if story.status is StoryStatus.SUCCESS]
    assert [after.stories[story_id] for story_id in made] == [before.stories[story_id] for story_id in made]
    assert len(ran(tmp_path)) == 3


def test_a_batch_id_given_twice_continues_the_batch_and_adds_new_stories(tmp_path: Path) -> None:
    environment = no_broker(tmp_path)
    first = write_list(tmp_path, [OK, OK])
    gt_batch(environment, "-f", str(first), "--batch-id", "b1", *SCRIPTED)
    more = write_list(tmp_path, [OK, OK, OK])
    again = gt_batch(environment, "-f", str(more), "--batch-id", "b1", "--json", *SCRIPTED)
    report = json.loads(again.stdout)
    assert (report["total"], report["successful"]) == (3, 3)
    assert len(ran(tmp_path)) == 3
    forced = gt_batch(environment, "-f", str(more), "--batch-id", "b1", "--force", *SCRIPTED)
    assert forced.returncode == 2
    assert len(ran(tmp_path)) == 3


def test_a_batch_continues_with_its_own_settings_whatever_the_environment_says(tmp_path: Path) -> None:
    environment = no_broker(tmp_path)
    first = write_list(tmp_path, [OK])
    gt_batch(environment, "-f", str(first), "--batch-id", "b1", "--output", str(tmp_path / "o1"), *SCRIPTED)
    more = write_list(tmp_path, [OK, OK])
    again = gt_batch(environment, "-f", str(more), "--batch-id", "b1", "--json")
    paths = [Path(result["output_path"]) for result in json.loads(again.stdout)["results"]]
    assert {path.parent for path in paths} == {tmp_path / "o1" / "b1"}
    assert len(ran(tmp_path)) == 2


def test_a_batch_of_which_nobody_knows_how_it_was_begun_is_not_resumed_with_something_else(
    tmp_path: Path,
) -> None:
    environment = no_broker(tmp_path)
    listed = write_list(tmp_path, [OK, {"do": "permanent"}, OK])
    gt_batch(environment, "-f", str(listed), "--batch-id", "b1", "--max-failures", "1", *SCRIPTED)
    (tmp_path / "state" / "batches" / "b1.json").unlink()
    refused = gt_batch(environment, "--resume", "b1")
    assert refused.returncode == 2
    assert "give --orchestrator and --output" in refused.stderr
    outputs = ("--output", environment["GT_OUTPUT"])
    assert gt_batch(environment, "--resume", "b1", *outputs, *SCRIPTED).returncode == 1
    assert len(ran(tmp_path)) == 3


def test_a_reader_of_the_output_who_leaves_ends_nothing(tmp_path: Path) -> None:
    listed = write_list(tmp_path, [OK, OK])
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [BIN / "gt-batch", "-f", listed, "--batch-id", "b1", *SCRIPTED],
            env=no_broker(tmp_path),
            stdout=writing,
            stderr=writing,
            timeout=100,
            cwd=TESTS,
        )
    finally:
        os.close(writing)
    assert done.returncode == 0
    assert len(ran(tmp_path)) == 2


def test_retrying_failures_of_a_stopped_batch_leaves_the_rest_and_says_so(tmp_path: Path) -> None:
    environment = no_broker(tmp_path)
    listed = write_list(tmp_path, [{"do": "permanent"}, OK, OK])
    arguments = ("-f", str(listed), "--batch-id", "b1", "--max-failures", "1", *SCRIPTED)
    stopped = gt_batch(environment, *arguments)
    assert stopped.returncode == 5
    assert "stopped: the limit of 1 failed story is reached" in stopped.stderr
    again = gt_batch(environment, "--retry-failed", "b1")
    assert again.returncode == 8
    assert "2 stories still to be made; continue with: gt-batch --resume b1" in again.stderr
    assert len(ran(tmp_path)) == 2


def test_a_report_that_cannot_be_saved_costs_neither_the_summary_nor_the_exit_code(tmp_path: Path) -> None:
    listed = write_list(tmp_path, [OK])
    (tmp_path / "outputs" / "b1" / "b1.json").mkdir(parents=True)
    done = gt_batch(no_broker(tmp_path), "-f", str(listed), "--batch-id", "b1", "--json", *SCRIPTED)
    assert (done.returncode, json.loads(done.stdout)["successful"]) == (0, 1)
    assert "the report could not be saved" in done.stderr


def test_a_list_of_invalid_entries_is_refused_and_printed_as_json(tmp_path: Path) -> None:
    environment = no_broker(tmp_path)
    refused = gt_batch(environment, "nope.md", "--json", *SCRIPTED)
    assert refused.returncode == 2
    assert "no videos made: 1 of 1 entries is not a story" in refused.stderr
    assert json.loads(refused.stdout)["invalid"] == ["argument 1: story file not found: nope.md"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--output", "s3://b/x"), "--output: use a folder on this machine"),
        (("--time-limit", "0s"), "--time-limit: "),
        (("--max-attempts", "101"), "--max-attempts: "),
    ],
)
def test_a_flag_that_cannot_be_used_is_named_as_it_was_given(
    tmp_path: Path, arguments: tuple[str, str], said: str
) -> None:
    refused = gt_batch(no_broker(tmp_path), "https://redd.it/a1", *arguments, *SCRIPTED)
    assert (refused.returncode, said in refused.stderr) == (2, True), refused.stderr


async def test_first_signal_finishes_running_stories_and_starts_no_new_ones(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    listed = write_list(tmp_path, [{"until": str(gate)}, OK, OK])
    arguments = ("-f", str(listed), "--batch-id", "b1", *SCRIPTED)
    async with command(no_broker(tmp_path), "gt-batch", *arguments) as running:
        await until(lambda: len(ran(tmp_path)) == 1, deadline=90)
        running.send(signal.SIGTERM)
        await running.says("finishing 1 story in progress")
        gate.touch()
        assert await running.ends() == 143
        assert "gt-batch --resume b1" in "".join(running.lines)
    counts = batch_state(tmp_path, "b1").counts
    assert (counts[StoryStatus.SUCCESS], counts[StoryStatus.QUEUED]) == (1, 2)
    assert gt_batch(no_broker(tmp_path), "--resume", "b1").returncode == 0
    assert len(ran(tmp_path)) == 3


async def test_second_signal_releases_the_story_without_using_up_an_attempt(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    listed = write_list(tmp_path, [{"until": str(gate)}, OK])
    arguments = ("-f", str(listed), "--batch-id", "b1", *SCRIPTED)
    async with command(no_broker(tmp_path), "gt-batch", *arguments) as running:
        await until(lambda: len(ran(tmp_path)) == 1, deadline=90)
        running.send(signal.SIGINT)
        await running.says("finishing 1 story in progress")
        running.send(signal.SIGINT)
        assert await running.ends() == 130
        assert "stopping now; continue later with: gt-batch --resume b1" in "".join(running.lines)
    child = read_runs(tmp_path / "runs")[0]["pid"]
    assert isinstance(child, int)
    assert not psutil.pid_exists(child)
    gate.touch()
    resumed = gt_batch(no_broker(tmp_path), "--resume", "b1", "--json")
    report = json.loads(resumed.stdout)
    assert [(row["status"], row["attempts"]) for row in report["results"]] == [("success", 1)] * 2
    assert [attempt for _, attempt in ran(tmp_path)] == [1, 1, 1]


async def test_two_of_one_batch_cannot_run_at_once(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    listed = write_list(tmp_path, [{"until": str(gate)}])
    arguments = ("-f", str(listed), "--batch-id", "b1", *SCRIPTED)
    async with command(no_broker(tmp_path), "gt-batch", *arguments) as running:
        await until(lambda: len(ran(tmp_path)) == 1, deadline=90)
        for other in (("--resume", "b1"), arguments):
            refused = gt_batch(no_broker(tmp_path), *other)
            assert refused.returncode == 2
            assert refused.stderr.splitlines()[-1].startswith("gt-batch: batch b1 is already being run")
        gate.touch()
        assert await running.ends() == 0
    assert batch_state(tmp_path, "b1").phase is BatchPhase.DONE


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--resume", "nope"), 6, "no batch 'nope'"),
        ((), 2, "no stories given"),
        (("--resume", "b1", "https://redd.it/a1"), 2, "--resume continues an existing batch"),
        (("https://redd.it/a1", "--limit", "3"), 2, "--limit works only with --discover"),
        (("https://redd.it/a1", "--max-failures", "0"), 2, "--max-failures"),
        (("https://redd.it/a1", "--orchestrator", "no.such:thing"), 2, "cannot be imported"),
        (("https://redd.it/a1", "notes.xls"), 2, "1 of 2 entries is not a story"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_makes_nothing(
    tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    refused = gt_batch(no_broker(tmp_path), *arguments)
    assert refused.returncode == code
    assert said in refused.stderr.splitlines()[-1]
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "ledger.db").exists()


def test_a_ledger_that_cannot_be_used_is_exit_code_3(tmp_path: Path) -> None:
    listed = write_list(tmp_path, [OK])
    (tmp_path / "ledger.db").write_bytes(b"no database" * 200)
    refused = gt_batch(no_broker(tmp_path), "-f", str(listed), *SCRIPTED)
    assert refused.returncode == 3, refused.stderr
    assert ran(tmp_path) == []


def test_no_broker_library_is_loaded(tmp_path: Path) -> None:
    import subprocess
    import sys

    listed = write_list(tmp_path, [OK])
    code = (
        "import sys\n"
        "from gt_consumer.batch.command import run\n"
        "from gt_consumer.batch.request import Arguments, Flags\n"
        "from gt_common.stories.sources import Sources\n"
        f"arguments = Arguments(Sources(files=({str(listed)!r},)), Flags(orchestrator={SCRIPTED[1]!r}))\n"
        "code = run(arguments)\n"
        "print(code, [name for name in ('aio_pika', 'aiormq', 'asyncpraw') if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=no_broker(tmp_path), capture_output=True, text=True, timeout=100
    )
    assert done.stdout.splitlines()[-1] == "0 []", done.stderr


def test_reddit_links_without_credentials_are_refused_at_once_with_the_studio(tmp_path: Path) -> None:
    story = tmp_path / "story.md"
    story.write_text("# A cup\n\nOnce upon a time there was a cup.\n")
    arguments = (str(story), "https://redd.it/a1", "https://redd.it/a2")
    refused = gt_batch(no_broker(tmp_path), *arguments)
    assert (refused.returncode, refused.stdout) == (4, "")
    said = refused.stderr.splitlines()[-1]
    assert said.startswith(
        "gt-batch: no videos made: 2 of 3 stories are Reddit links, and Reddit credentials are missing"
    )
    assert "set GT_REDDIT_CLIENT_ID and GT_REDDIT_CLIENT_SECRET" in said
    assert "since November 2025 Reddit approves new API apps by hand" in said
    assert "story files (.md, .txt) and posts saved as .json need no app" in said
    assert not (tmp_path / "ledger.db").exists()
    dry = gt_batch(no_broker(tmp_path), "-n", *arguments)
    assert dry.returncode == 0
    assert "this would be refused: 2 of 3 stories are Reddit links" in dry.stderr
    other = gt_batch(no_broker(tmp_path), "https://redd.it/a1", *SCRIPTED)
    assert "credentials" not in other.stderr, "another orchestrator has its own ways"


def test_stories_go_by_their_titles_and_a_resumed_batch_keeps_them(tmp_path: Path) -> None:
    runs = {"runs": str(tmp_path / "runs")}
    post = {"kind": "t3", "data": {"title": "AITA for laughing?", "selftext": "We laughed."}}
    texts = {"s1.md": "# My sister's wedding\n\nOnce.\n", "s2.json": json.dumps(post), "s3.md": "Once.\n"}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    options: list[dict[str, object]] = [{"do": "permanent"}, {}, {}]
    lines = [
        json.dumps({"url": name, "options": runs | one}) for name, one in zip(texts, options, strict=True)
    ]
    listed = tmp_path / "list.jsonl"
    listed.write_text("\n".join(lines))
    environment = no_broker(tmp_path)
    arguments = ("-f", str(listed), "--batch-id", "b1", "--max-failures", "1", *SCRIPTED)
    stopped = gt_batch(environment, *arguments)
    assert stopped.returncode == 5, stopped.stderr
    assert "#1 My sister's wedding  failed" in stopped.stderr
    (tmp_path / "s2.json").write_text("{}")
    resumed = gt_batch(environment, "--resume", "b1")
    assert "#2 AITA for laughing?  success" in resumed.stderr
    assert "#3 s3.md  success" in resumed.stderr
    folder = tmp_path / "outputs" / "b1"
    report = json.loads((folder / "b1.json").read_text())
    assert [row["title"] for row in report["results"]] == ["My sister's wedding", "AITA for laughing?", None]
    names = [path.name.rpartition("-")[0] for path in sorted(folder.glob("*.mp4"))]
    assert names == ["2-aita-for-laughing", "3-s3"]
    assert "s2.json" not in (folder / "b1.md").read_text().replace("/s2.json>", "")
