"""Which promises an orchestrator keeps: kept (ok), not made or not tried (warn), broken (fail)."""

from __future__ import annotations

from collections.abc import Iterator

from gt_common.texts import plural
from gt_consumer.doctor.conformance.narration import describe_end, describe_failure, name_some, where
from gt_consumer.doctor.conformance.record import RunRecord
from gt_consumer.doctor.conformance.resuming import (
    LEAST_S,
    PROJECT_CURE,
    judge_paid,
    judge_resume,
    judge_retry,
)
from gt_consumer.doctor.conformance.trial import Evidence
from gt_consumer.doctor.finding import Finding, fail, ok, warn
from gt_consumer.runner.outcomes import FailedForGood, FailedForNow, Succeeded


def judge(seen: Evidence) -> Iterator[Finding]:
    """Judge what a trial has seen, promise by promise."""
    first = seen.undisturbed
    if first is None or not isinstance(first.outcome, Succeeded):
        yield from _no_result(first)
        return
    yield ok("result", f"a video after {first.seconds:.1f} s")
    yield from _video(seen, first.outcome.video_s)
    yield _stages(first)
    yield _project(seen, first)
    yield judge_retry(seen)
    yield judge_resume(seen)
    yield judge_paid(seen, first)
    yield _stop(seen)
    yield _children(seen)
    yield _folder(seen)


def _no_result(first: RunRecord | None) -> Iterator[Finding]:
    outcome = first.outcome if first else None
    if isinstance(outcome, FailedForNow | FailedForGood):
        lines = (outcome.failure.log or outcome.failure.traceback or "").strip().splitlines()
        yield fail(
            "result", describe_failure(outcome.failure), f"its last line: {lines[-1][:200]}" if lines else ""
        )
    else:
        yield fail("result", describe_end(first).strip() if first else "the orchestrator was not run")
    yield warn("other promises", "not tried, because the undisturbed run made no video", "")


def _video(seen: Evidence, told_s: float | None) -> Iterator[Finding]:
    facts = seen.video
    if facts is None:
        yield warn(
            "video", "not decoded, because there is no ffmpeg", "install ffmpeg, or gt-consumer[studio]"
        )
        return
    if facts.error is not None:
        yield fail(
            "video",
            f"cannot be decoded: {facts.error}",
            "is the file complete? Name it only after its encoder has ended",
        )
        return
    if facts.picture is None:
        yield fail("video", "has no picture")
    else:
        yield ok("video", f"{facts.picture}, decoded to its end")
    yield ok("sound", facts.sound) if facts.sound else warn("sound", "the video has no sound", "")
    yield _duration(told_s, facts.seconds)


def _duration(told_s: float | None, real_s: float | None) -> Finding:
    if real_s is None:
        return fail("duration", "the video has no frames")
    if told_s is None:
        cure = "report it as `duration`, in seconds, beside `output_path`"
        return warn("duration", f"{real_s:.1f} s, not reported, so that reports do not have it", cure)
    if abs(told_s - real_s) > max(1.0, real_s / 20):
        return fail("duration", f"{told_s:.1f} s reported, the video has {real_s:.1f} s")
    return ok("duration", f"{real_s:.1f} s, as reported")


def _stages(first: RunRecord) -> Finding:
    if not first.stages:
        return warn(
            "stages",
            "none reported: errors cannot say where, and a project is resumed only once",
            'report them: `job().report("voice", 0.4)`, or print `{"stage": "voice", "fraction": 0.4}`',
        )
    return ok("stages", ", ".join(f"{stage.name} {stage.seconds:.1f} s" for stage in first.stages))


def _project(seen: Evidence, first: RunRecord) -> Finding:
    named = first.project
    if named is None:
        return warn("project", "not named while it runs: after a kill the next run starts over", PROJECT_CURE)
    at, name = named
    if not seen.resumes:
        cure = "add `{project_id}` to the arguments of the command"
        return fail("project", f"{name} is named, but no later run knows it", cure)
    finished = [stage.name for stage in first.stages if stage.began + stage.seconds < at]
    if finished:
        said = f"named only after {at:.1f} s, when {name_some(finished)} was done already"
        return warn("project", said, "name it before the first stage that costs something")
    return ok("project", f"{name}, named after {at:.1f} s")


def _stop(seen: Evidence) -> Finding:
    run = seen.stopped
    if run is None or run.disturbed_at is None:
        return warn("stop", "not tried: every run ended before it could be stopped", "")
    took = run.seconds - run.disturbed_at
    if took > seen.grace - LEAST_S:
        cure = "end on SIGTERM, or let it end you: the whole process group gets it"
        said = f"still running {seen.grace:g} s after SIGTERM {where(run)}, and killed"
        return fail("stop", said, cure)
    if run.made is not None:
        said = f"not known: SIGTERM came {where(run)} only {took:.1f} s before the video was finished"
        return warn("stop", said, "try it with a longer story")
    return ok("stop", f"ended {took:.1f} s after SIGTERM {where(run)}; {seen.grace:g} s are allowed")


def _children(seen: Evidence) -> Finding:
    if seen.survivors:
        said = f"{plural(len(seen.survivors), 'program')} still running after the run: "
        cure = (
            "end what leaves the process group (setsid, nohup, daemons) with the program; gt-doctor killed it"
        )
        return fail("children", said + name_some(seen.survivors), cure)
    return ok("children", f"none is left after {plural(len(seen.runs), 'run')}")


def _folder(seen: Evidence) -> Finding:
    cure = "write into the working folder, or into one that is named after `{story_id}`"
    if seen.mixed:
        said = f"two stories wrote the same files in {seen.place}: {name_some(seen.mixed)}"
        return fail("folder", said, cure)
    if seen.left:
        return warn("folder", f"files left in {seen.place}: {name_some(seen.left)}", cure)
    return ok("folder", f"nothing is left in {seen.place}")
