"""Messages about stories of a list that earlier batches have made, or that other batches are making."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gt_common.cli.listing import MOST_REPEATED, say
from gt_common.durations import say_duration
from gt_common.ledger.earlier import AlreadyMade, BeingMade, Comparison
from gt_common.texts import one_line, plural


def say_comparison(found: Comparison, makes: str) -> None:
    """Print what is left out of a list and what is made again, story by story, and the flags that decide.

    Parameters:
        makes: what the command does with a story, such as `makes`
    """
    made, again, running = len(found.made), len(found.again), len(found.running)
    _say_some(_made_lines(found.made), made, "already made")
    if made:
        say(f"skipped {plural(made, 'story')} already made; use --force to skip none")
    _say_some(_again_lines(found.again), again, "to be made again")
    if any(one.differs and not one.gone for one in found.again):
        say(f"--skip-changed {makes} only stories without a video, and those whose video is missing")
    _say_some(_running_lines(found.running), running, "that another batch is making")
    if running:
        say(f"skipped {plural(running, 'story')} that another batch is making; use --force to skip none")


def comparison_document(found: Comparison) -> dict[str, Iterator[dict[str, object]]]:
    """Return the part of a JSON document that says the same, for `json_parts`."""
    return {
        "already_made": (_video(one) | {"differs": list(one.differs)} for one in found.made),
        "made_again": (_video(one) | {"reasons": _reasons(one)} for one in found.again),
        "being_made": (
            {"url": one.story.url, "batch_id": one.other.batch_id, "status": one.other.status.value}
            for one in found.running
        ),
    }


def _video(one: AlreadyMade) -> dict[str, object]:
    removed = {"video_removed_at": one.removed_at.isoformat()} if one.removed_at else {}
    place = {"batch_id": one.batch_id, "output_path": one.output_path}
    return {"url": one.story.url, **place, **removed}


def _reasons(one: AlreadyMade) -> list[str]:
    return ["video missing"] if one.gone else list(one.differs)


def _say_some(lines: Iterator[str], count: int, what: str) -> None:
    for line, _ in zip(lines, range(MOST_REPEATED), strict=False):
        say(one_line(line))
    if count > MOST_REPEATED:
        say(f"… and {count - MOST_REPEATED} more {what}")


def _made_lines(made: Sequence[AlreadyMade]) -> Iterator[str]:
    for one in made:
        differs = f" ({', '.join(one.differs)})" if one.differs else ""
        removed = f" (video removed by gt-prune on {one.removed_at:%Y-%m-%d})" if one.removed_at else ""
        video = f"in batch {one.batch_id}: {one.output_path}{removed}"
        yield f"{one.story.place}: already made {video}{differs}"


def _again_lines(again: Sequence[AlreadyMade]) -> Iterator[str]:
    for one in again:
        video = f"the video of batch {one.batch_id}"
        if one.gone:
            yield f"{one.story.place}: made again, {video} is missing: {one.output_path}"
        else:
            yield f"{one.story.place}: made again, {video} differs: {', '.join(one.differs)}"


def _running_lines(running: Sequence[BeingMade]) -> Iterator[str]:
    for one in running:
        batch_id = one.other.batch_id
        if one.published_s is None:
            yield f"{one.story.place}: batch {batch_id} is making it now ({one.other.status.value})"
        else:
            published = f"published {say_duration(one.published_s)} ago from this machine"
            yield f"{one.story.place}: being made in batch {batch_id}, {published}; not in the ledger yet"
