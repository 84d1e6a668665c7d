"""What a run has paid for is not paid again: however it ends, the next run resumes its project."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from gt_common.errors import OutputError
from gt_consumer.runner.outcomes import FailedForNow, Interrupted, Outcome, Succeeded, Waiting
from gt_consumer.storage.checkpoints import Checkpoint, write_checkpoint
from support.orchestrators.paying import COMMAND, PYTHON, STAGES, every_call, paid_calls
from support.runner import a_runner, a_story, python_path, run_once, succeeded
from support.waiting import until

KINDS = {"python": PYTHON, "command": COMMAND}
ENDS: dict[str, type[Outcome]] = {
    "kill": FailedForNow,
    "fail": FailedForNow,
    "limit": Waiting,
    "limit_named": Waiting,
    "time limit": FailedForNow,
    "stop": Interrupted,
}
KINDS_AND_ENDS = [
    (kind, end)
    for kind in KINDS
    for end in ENDS
    # A program cannot raise RateLimited; a text that says so is judged by the worker.
    if kind == "python" or not end.startswith("limit")
]


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", python_path())


def reached(folder: Path) -> set[str]:
    """Return the marks of the stages in which a run was disturbed."""
    return {mark.name for mark in folder.glob("*.reached")}


async def run(kind: str, end: str, folder: Path, attempt: int, place: str = "out") -> Outcome:
    """Run an attempt with a runner of its own, as another worker with the same output folder would."""
    trouble = "hang" if end in {"stop", "time limit"} else end
    story = a_story(folder=str(folder), trouble=trouble)
    limit = 4.0 if end == "time limit" else 60.0
    known = reached(folder)
    async with a_runner(KINDS[kind], folder, time_limit=limit, grace=1.0) as runner:
        running = asyncio.create_task(runner.run(story, attempt, lambda *_: None))
        if end == "stop":
            await until(lambda: running.done() or reached(folder) - known)
            await runner.interrupt()
        return await running


@pytest.mark.parametrize(("kind", "end"), KINDS_AND_ENDS)
async def test_disturbed_in_each_stage_a_story_pays_each_call_at_most_once_more(
    kind: str, end: str, tmp_path: Path
) -> None:
    for attempt, _ in enumerate(STAGES, start=1):
        assert isinstance(await run(kind, end, tmp_path, attempt), ENDS[end])
    outcome = succeeded(await run(kind, "none", tmp_path, len(STAGES) + 1))
    paid = paid_calls(tmp_path)
    assert set(paid) == every_call()
    again = Counter({call: times - 1 for call, times in paid.items() if times > 1})
    assert again.total() == len(STAGES), "each disturbance costs the one call that it cut off"
    assert set(again.values()) == {1}
    assert outcome.output_path.read_text() == outcome.project_id
    assert len(list((tmp_path / "projects").iterdir())) == 1
    assert not (tmp_path / "out" / ".projects").exists()


async def test_a_program_without_the_placeholder_starts_over(tmp_path: Path) -> None:
    plain = COMMAND.replace("{project_id}", "''")
    story = a_story(folder=str(tmp_path), trouble="fail")
    for _ in STAGES:
        assert isinstance(await run_once(plain, tmp_path, story), FailedForNow)
    succeeded(await run_once(plain, tmp_path, story))
    assert paid_calls(tmp_path)["script-0"] == len(STAGES) + 1


@pytest.mark.parametrize(
    "line", ['{"project_id": "--exec=x"}', '{"project_id": null}', '{"project_id": [1]}']
)
async def test_a_name_that_looks_like_an_option_is_no_project(line: str, tmp_path: Path) -> None:
    script = tmp_path / "names.sh"
    script.write_text(f"printf '%s\\n' '{line}'; exit 1")
    outcome = await run_once(f"command:bash {script} {{project_id}}", tmp_path)
    assert isinstance(outcome, FailedForNow)
    assert outcome.project_id is None
    assert not (tmp_path / "out" / ".projects").exists()


@pytest.mark.parametrize(
    ("printed", "project"),
    [
        ("""echo '{"project_id": "p1"}'; echo '{"project_id": "of the story"}'""", "p1"),
        (
            """echo '{"project_id": "story"}'; echo '{"project_id": "p2"}' >&$GT_RESULT_FD""",
            "p2",
        ),
    ],
)
async def test_a_later_line_of_the_story_names_no_other_project(
    printed: str, project: str, tmp_path: Path
) -> None:
    script = tmp_path / "names.sh"
    script.write_text(f"{printed}; exit 1")
    outcome = await run_once(f"command:bash {script} {{project_id}}", tmp_path)
    assert isinstance(outcome, FailedForNow)
    assert outcome.project_id == project


@pytest.mark.parametrize("kind", KINDS)
async def test_the_message_names_the_project_where_the_note_is_not(kind: str, tmp_path: Path) -> None:
    outcome = await run(kind, "fail", tmp_path, 1)
    assert isinstance(outcome, FailedForNow)
    assert outcome.project_id
    story = a_story(folder=str(tmp_path)).resuming(outcome.project_id)
    async with a_runner(KINDS[kind], tmp_path / "other") as runner:
        done = succeeded(await runner.run(story, 2, lambda *_: None))
    assert done.output_path.read_text() == outcome.project_id
    assert max(paid_calls(tmp_path).values()) <= 2


async def test_a_project_is_told_where_it_is_not_to_be_found(tmp_path: Path) -> None:
    story = a_story(folder=str(tmp_path)).resuming("project-lost")
    done = succeeded(await run_once(PYTHON, tmp_path, story))
    assert isinstance(done, Succeeded)
    assert done.output_path.read_text().startswith("project-")
    assert set(paid_calls(tmp_path).values()) == {1}


POISONED = """
echo "$GT_STORY_OPTIONS" > /dev/null
echo "${1:-new}" >> "$2/runs"
name=${1:-p$(wc -l < "$2/runs")}
echo '{"project_id": "'$name'"}'
echo '{"stage": "script"}'
[ -z "$1" ] || echo '{"stage": "'$3'"}'
"""


def poisoned(folder: Path, end: str, stage: str = "script") -> str:
    """Write a program that notes its runs and ends each of them as told; return its orchestrator."""
    script = folder / "poisoned.sh"
    script.write_text(POISONED + end)
    return f"command:bash {script} {{project_id}} {folder} {stage}"


def runs(folder: Path) -> list[str]:
    """Return the project that each run resumed."""
    return (folder / "runs").read_text().split()


@pytest.mark.parametrize("end", ["exit 1", "kill -KILL $$", "exit 0", "exec tail -f /dev/null"])
async def test_a_resume_without_a_new_stage_is_not_repeated(end: str, tmp_path: Path) -> None:
    program = poisoned(tmp_path, end)
    limit = 1.0 if "tail" in end else 60.0
    outcomes = [
        await run_once(program, tmp_path, a_story(), attempt=attempt, time_limit=limit)
        for attempt in (1, 2, 3, 4)
    ]
    assert runs(tmp_path) == ["new", "p1", "new", "p3"]
    assert [isinstance(outcome, FailedForNow) and outcome.spent for outcome in outcomes] == [
        False,
        True,
        False,
        True,
    ]


async def test_a_resume_that_reaches_a_new_stage_is_followed_by_another(tmp_path: Path) -> None:
    for attempt, stage in enumerate(("unused", "voice", "images", "images"), start=1):
        await run_once(poisoned(tmp_path, "exit 1", stage), tmp_path, a_story(), attempt=attempt)
    await run_once(poisoned(tmp_path, "exit 1"), tmp_path, a_story(), attempt=5)
    assert runs(tmp_path) == ["new", "p1", "p1", "p1", "new"]


async def test_a_resume_that_fails_is_repeated_when_its_attempt_was_not_used_up(tmp_path: Path) -> None:
    for attempt in (1, 2, 2, 3):
        await run_once(poisoned(tmp_path, "exit 1"), tmp_path, a_story(), attempt=attempt)
    assert runs(tmp_path) == ["new", "p1", "p1", "new"]


async def test_a_replay_may_leave_its_project(tmp_path: Path) -> None:
    story = a_story()
    again = story.model_copy(update={"generation": 2, "fresh": True})
    for one in (story, again, again):
        await run_once(poisoned(tmp_path, "exit 1"), tmp_path, one)
    assert runs(tmp_path) == ["new", "new", "p2"]


async def test_a_disk_that_is_full_is_not_the_fault_of_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OutputError("the disk is full")

    monkeypatch.setattr("gt_consumer.runner.conclude.store_finished", full)
    program = poisoned(tmp_path, """echo x > v.mp4; echo '{"output_path": "v.mp4"}'""")
    for attempt in (1, 2, 3):
        await run_once(program, tmp_path, a_story(), attempt=attempt)
    assert runs(tmp_path) == ["new", "p1", "p1"]


async def test_three_resumes_that_nobody_saw_end_are_enough(tmp_path: Path) -> None:
    """A run whose worker is killed leaves its note as it was when it began."""
    await run_once(poisoned(tmp_path, "exit 1"), tmp_path, a_story())
    for unended, resumed in ((1, "p1"), (2, "p1"), (3, "new")):
        write_checkpoint(tmp_path / "out", a_story(), Checkpoint(project_id="p1", unended=unended))
        await run_once(poisoned(tmp_path, "exit 1"), tmp_path, a_story(), attempt=2)
        assert runs(tmp_path)[-1] == resumed
