"""gt-doctor --try: prepare a trial in a folder of its own, run it, and print which promises were kept."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from gt_common.batches import new_batch_id
from gt_common.cli.listing import say
from gt_common.cli.signals import run_until_stopped
from gt_common.cli.width import columns
from gt_common.errors import UsageError
from gt_common.log import configure_logging
from gt_common.messages import utc_now
from gt_common.settings import Settings
from gt_common.stories import ListReading, Story, read_list_file
from gt_common.stories.roots import roots_of_stories
from gt_common.stories.sources import Sources, read_sources
from gt_consumer.doctor.conformance.narration import describe_end
from gt_consumer.doctor.conformance.promises import judge
from gt_consumer.doctor.conformance.record import RunRecord
from gt_consumer.doctor.conformance.trial import Evidence, Trial
from gt_consumer.doctor.finding import Finding, Level, as_document, as_lines, exit_code, tried
from gt_consumer.doctor.machine import look_at_orchestrator

_LISTS = (".jsonl", ".ndjson")


def try_story(settings: Settings, text: str, *, json_form: bool) -> int:
    """Try the orchestrator of the settings with one story; return the exit code.

    Parameters:
        text: a story, or a list (`.jsonl`) whose first story is tried with its options

    Raises:
        UsageError: it is not a story
    """
    story = find_story(text, any_link=settings.any_link)
    folder = Path(tempfile.mkdtemp(prefix="gt-try-"))
    findings: list[Finding] = list(tried("orchestrator", look_at_orchestrator, settings))
    code = exit_code(findings)
    if code:
        folder.rmdir()
        return _print(findings, [], None, json_form=json_form)
    kept = False
    try:
        with (folder / "log.jsonl").open("w") as log:
            configure_logging(settings, log)
            evidence: list[Evidence] = []
            code = run_until_stopped(_run(_of_its_own(settings, story, folder), story, evidence))
        if code:
            return code
        findings += judge(evidence[0])
        kept = bool(exit_code(findings))
        return _print(findings, evidence[0].runs, folder if kept else None, json_form=json_form)
    finally:
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)


def find_story(text: str, *, any_link: bool = False) -> Story:
    """Return the story that a text names, or the first of a list.

    Parameters:
        any_link: accept every http(s) link, not only those of Reddit posts

    Raises:
        UsageError: there is none
    """
    path = Path(text)
    reading: ListReading
    if path.suffix.lower() in _LISTS:
        reading = read_list_file(path, any_link=any_link)
    else:
        reading = read_sources(Sources(urls=(text,), any_link=any_link), sys.stdin.buffer, Path.cwd())
    if not reading.stories:
        raise UsageError(reading.problems[0] if reading.problems else f"{text}: the list has no stories")
    return reading.stories[0]


async def _run(settings: Settings, story: Story, evidence: list[Evidence]) -> int:
    trial = Trial(settings, story, f"try-{new_batch_id(utc_now())}", say)
    evidence.append(await trial.run())
    return 0


def _of_its_own(settings: Settings, story: Story, folder: Path) -> Settings:
    """Return the settings of the trial, whose videos lie in its own folder; it may read the story's file."""
    roots = settings.story_roots or roots_of_stories([story.canonical])
    changes = {"output": folder / "videos", "story_roots": roots}
    return settings.model_copy(update=changes)


def _print(
    findings: Sequence[Finding], runs: Sequence[RunRecord], folder: Path | None, *, json_form: bool
) -> int:
    if json_form:
        more = {"runs": [_as_json(run) for run in runs], "folder": str(folder) if folder else None}
        print(json.dumps(as_document(findings) | more, indent=2, ensure_ascii=False))
    else:
        print("\n".join(as_lines(findings, columns())))
    broken = sum(finding.level is Level.FAIL for finding in findings)
    if folder is not None:
        say(f"{broken} broken; what the runs printed is in {folder / 'log.jsonl'}")
    return exit_code(findings)


def _as_json(run: RunRecord) -> Mapping[str, object]:
    return {
        "name": run.name,
        "seconds": round(run.seconds, 3),
        "disturbed_at": None if run.disturbed_at is None else round(run.disturbed_at, 3),
        "end": describe_end(run).strip().partition("  ")[2],
        "project_id": run.project[1] if run.project else run.resumed,
        "resumed": run.resumed is not None and not run.started_over,
        "stages": [
            {"stage": stage.name, "seconds": round(stage.seconds, 3), "calls": stage.calls}
            for stage in run.stages
        ],
    }
