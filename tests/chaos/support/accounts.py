"""The accounts at the end of a run: every story, run, video and dead letter against what is expected."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from chaos.support.ceilings import count_stops
from chaos.support.faults import Fault
from chaos.support.handling import Run, read_handling, read_runs, tell
from chaos.support.junk import copies_of, look_aside, lost_of, strange_of
from chaos.support.operating import amount
from chaos.support.stories import ChaosStory
from chaos.support.world import MAX_ATTEMPTS, World
from gt_common.errors import MalformedMessageError, NoSuchBatchError
from gt_common.ledger import open_ledger
from gt_common.lifecycle import BatchState, StoryStatus
from gt_common.messages import decode_story
from gt_common.messaging import topology
from gt_common.messaging.browse import browse
from gt_common.messaging.names import Names

_LATE_S = 4.0
"""Seconds for which a fault that is over may still show: a lost heartbeat, a part that starts again."""


_OBEYED_S = 2.0
"""Seconds after which no story of what is paused may start."""


@dataclass
class Accounts:
    """What was found; every list must be empty, except those of what faults explain."""

    stories: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    runs: int = 0
    runs_explained: int = 0
    runs_unexplained: list[str] = field(default_factory=list)
    letters: int = 0
    letters_explained: int = 0
    letters_unexplained: list[str] = field(default_factory=list)
    junk: int = 0
    junk_copies: int = 0
    surprises: list[str] = field(default_factory=list)
    cancelled: set[str] = field(default_factory=set)
    acts: Counter[str] = field(default_factory=Counter)
    stops: int = 0
    cost: int = 0
    seconds: float = 0.0

    @property
    def problems(self) -> list[str]:
        """Everything that must not be."""
        kinds = {
            "lost": self.lost,
            "counted twice": self.duplicated,
            "wrong": self.wrong,
            "stuck": self.stuck,
            "run without a reason": self.runs_unexplained,
            "dead letter without a reason": self.letters_unexplained,
            "surprise": self.surprises,
        }
        return [f"{kind}: {text}" for kind, texts in kinds.items() for text in texts]

    def show(self, title: str) -> str:
        """Format the figures as lines of text."""
        faults = ", ".join(f"{kind} {count}" for kind, count in sorted(self.faults.items()))
        return (
            f"{title}: {self.stories} stories, {self.faults.total()} faults, {self.seconds:.0f} s\n"
            f"  faults: {faults}\n"
            f"  lost {len(self.lost)}, counted twice {len(self.duplicated)}, wrong {len(self.wrong)}, "
            f"stuck {len(self.stuck)}, surprises {len(self.surprises)}\n"
            f"  runs {self.runs}: extra by faults {self.runs_explained}, "
            f"unexplained {len(self.runs_unexplained)}; "
            f"dead letters {self.letters}: copies by faults {self.letters_explained}, "
            f"unexplained {len(self.letters_unexplained)}; "
            f"no stories or events: {self.junk} put aside, copies by faults {self.junk_copies}; "
            f"cancelled {len(self.cancelled)}; stopped by limits {self.stops}; cost {amount(self.cost)}; "
            f"operator: {', '.join(f'{act}: {count}' for act, count in sorted(self.acts.items()))}"
        )


async def settle_accounts(world: World, stories: Sequence[ChaosStory], faults: Sequence[Fault]) -> Accounts:
    """Count everything, once all parts have ended."""
    accounts = Accounts(stories=len(stories), faults=Counter(fault.kind for fault in faults))
    accounts.surprises += [text for part in world.all_parts for text in part.surprises]
    accounts.surprises += world.surprises
    accounts.acts = world.acts
    disturbed = _check_runs(accounts, world, stories, faults)
    _check_pauses(accounts, world, stories, faults)
    _check_ledger(accounts, world, stories)
    _check_costs(accounts, world, stories, disturbed)
    accounts.stops, twice = count_stops(world)
    accounts.wrong += twice
    _check_videos(accounts, world, stories)
    await _check_letters(accounts, world, stories, disturbed)
    await _check_junk(accounts, world)
    await _check_queues(accounts, world)
    return accounts


def final_everywhere(world: World, stories: Sequence[ChaosStory]) -> bool:
    """Whether the ledger knows every story as final."""
    with open_ledger(world.settings.ledger) as ledger:
        for batch_id in {story.batch_id for story in stories}:
            try:
                state = ledger.batch(batch_id)
            except NoSuchBatchError:
                return False
            wanted = sum(story.batch_id == batch_id for story in stories)
            final = sum(count for status, count in state.counts.items() if status.final)
            if final < wanted:
                return False
    return True


def _check_runs(
    accounts: Accounts, world: World, stories: Sequence[ChaosStory], faults: Sequence[Fault]
) -> set[str]:
    """Find a reason for every extra run. Return the stories that a fault may have hit."""
    disturbed = set()
    for story in stories:
        runs = read_runs(world, story)
        accounts.runs += len(runs)
        # A cancel stops a run without using up its attempt.
        touched = _touched(story, [*runs, *read_handling(world, story)], faults) or _is_cancelled(
            world, story
        )
        if touched:
            disturbed.add(_key(story.batch_id, story.story_id))
        extra = max(0, len(runs) - story.most_runs(MAX_ATTEMPTS))
        if extra and touched:
            accounts.runs_explained += extra
        elif extra:
            told = f"{_say(story)} ran {len(runs)} times: {runs}"
            accounts.runs_unexplained.append("\n    ".join((told, *tell(world, story))))
        if not runs and story.outcome is not StoryStatus.CANCELLED and not _is_cancelled(world, story):
            accounts.lost.append(f"{_say(story)} never ran")
    return disturbed


def _check_pauses(
    accounts: Accounts, world: World, stories: Sequence[ChaosStory], faults: Sequence[Fault]
) -> None:
    """Check that nothing started while it was paused, on a worker that could have known."""
    for story in stories:
        for run in read_runs(world, story):
            for target, began, ended in world.pauses:
                paused = target in {(), (story.batch_id,)} and began + _OBEYED_S < run.at < ended
                if paused and not _touched(story, [run], faults):
                    what = target[0] if target else "the fleet"
                    accounts.wrong.append(f"{_say(story)} started while {what} was paused: {run}")


def _touched(story: ChaosStory, runs: Sequence[Run], faults: Iterable[Fault]) -> bool:
    """Whether a fault hit the story's producer, or a worker while it ran the story or just after.

    Parameters:
        runs: its runs, or the moments at which a worker had it in hand
    """
    producers = {"producer", f"producer of {story.batch_id}"}
    for fault in faults:
        if fault.hit & producers:
            return True
        for run in runs:
            during = fault.began <= run.at + story.seconds + _LATE_S and run.at <= fault.ended + _LATE_S
            if run.worker in fault.hit and during:
                return True
    return False


def _check_ledger(accounts: Accounts, world: World, stories: Sequence[ChaosStory]) -> None:
    by_batch: dict[str, list[ChaosStory]] = {}
    for story in stories:
        by_batch.setdefault(story.batch_id, []).append(story)
    with open_ledger(world.settings.ledger) as ledger:
        for batch_id, wanted in by_batch.items():
            try:
                state = ledger.batch(batch_id)
            except NoSuchBatchError:
                accounts.lost.append(f"the ledger does not know batch {batch_id}")
                continue
            _check_batch(accounts, world, state, wanted)


def _check_batch(accounts: Accounts, world: World, state: BatchState, wanted: Sequence[ChaosStory]) -> None:
    if state.total != len(wanted) or sum(state.counts.values()) != len(wanted):
        accounts.duplicated.append(f"batch {state.batch_id} counts {state.counts}, not {len(wanted)}")
    if state.opened is None:
        accounts.lost.append(f"batch {state.batch_id} was never opened")
    if not state.sealed:
        accounts.lost.append(f"batch {state.batch_id} is not sealed")
    for story in wanted:
        known = state.stories.get(story.story_id)
        if known is None or not known.status.final:
            accounts.lost.append(f"{_say(story)} is {known.status if known else 'unknown'}")
        elif known.status is StoryStatus.CANCELLED and _is_cancelled(world, story):
            accounts.cancelled.add(_key(story.batch_id, story.story_id))
        elif known.status is not story.outcome:
            accounts.wrong.append(f"{_say(story)} is {known.status}: {known.event}")


def _check_costs(
    accounts: Accounts, world: World, stories: Sequence[ChaosStory], disturbed: set[str]
) -> None:
    """Check that each story has cost what its runs have said; less only if one was killed as it said it."""
    with open_ledger(world.settings.ledger) as ledger:
        known = {id_: ledger.batch(id_).stories for id_ in {story.batch_id for story in stories}}
    for story in stories:
        state = known[story.batch_id].get(story.story_id)
        cost = (state.cost if state else None) or 0
        accounts.cost += cost
        spent = len(read_runs(world, story)) * story.cost
        may_lack = _key(story.batch_id, story.story_id) in disturbed
        if cost > spent:
            accounts.duplicated.append(f"{_say(story)} has cost {cost} for {spent}")
        elif cost < spent and not may_lack:
            accounts.lost.append(f"{_say(story)} has cost {cost}, and spent {spent}")


def _check_videos(accounts: Accounts, world: World, stories: Sequence[ChaosStory]) -> None:
    """Check that each success has one video with its result file, and that no other story has any."""
    for story in stories:
        folder = world.settings.output / story.batch_id
        found = sorted(path.name for path in folder.glob(f"*-{story.story_id}.*"))
        place = f"{story.position}-{story.position:x}a-{story.story_id}"
        wanted = [f"{place}.json", f"{place}.mp4"] if story.outcome is StoryStatus.SUCCESS else []
        if _key(story.batch_id, story.story_id) in accounts.cancelled:
            # Its worker may have been killed after the video was there, or before its result file was.
            wanted = wanted if found == wanted else wanted[1:] if found else []
            if found != wanted:
                accounts.wrong.append(f"{_say(story)} is cancelled and has the files {found}")
            continue
        if found != wanted:
            accounts.wrong.append(f"{_say(story)} has the files {found}")
            continue
        if wanted:
            record = json.loads((folder / wanted[0]).read_text())
            size = (folder / wanted[1]).stat().st_size
            if record["size"] != size or record["story_id"] != story.story_id:
                accounts.wrong.append(f"{_say(story)}: its result file tells {record}, the video has {size}")
    rest = [path for path in world.settings.output.rglob("*") if path.name.endswith(".part")]
    accounts.stuck += [f"left behind: {path.name}" for path in rest]


async def count_letters(world: World) -> Counter[str]:
    """Return the number of dead letters of each story; messages that are not stories are not counted here."""
    found: Counter[str] = Counter()
    async with browse(world.settings, Names(world.settings.namespace).dlq, "chaos") as deliveries:
        for delivery in deliveries:
            with suppress(MalformedMessageError):
                letter = decode_story(delivery.body)
                found[_key(letter.batch_id, letter.story_id)] += 1
    return found


async def _check_letters(
    accounts: Accounts, world: World, stories: Sequence[ChaosStory], disturbed: set[str]
) -> None:
    failed = {_key(s.batch_id, s.story_id) for s in stories if s.outcome is StoryStatus.FAILED}
    wanted = failed - accounts.cancelled
    found = await count_letters(world)
    accounts.letters = found.total()
    accounts.lost += [f"no dead letter of {key}" for key in wanted - found.keys()]
    accounts.wrong += [f"a dead letter of {key}, which is no failure" for key in found.keys() - failed]
    for key, count in found.items():
        if count > 1 and key in disturbed:
            accounts.letters_explained += count - 1
        elif count > 1:
            accounts.letters_unexplained.append(f"{count} dead letters of {key}")


async def _check_junk(accounts: Accounts, world: World) -> None:
    """Check that every message that is not a story or an event was put aside, and nothing else."""
    aside = await look_aside(world.settings)
    for kind, sent, found in (
        ("story", world.junk.stories, aside.stories),
        ("event", world.junk.results, aside.results),
    ):
        accounts.junk += len(found)
        accounts.junk_copies += copies_of(found)
        accounts.lost += [f"a message that is no {kind}: {body[:80]!r}" for body in lost_of(sent, found)]
        accounts.wrong += [
            f"put aside as no {kind}: {body[:200]!r}" for body in strange_of(world.junk.tried, found)
        ]


async def _check_queues(accounts: Accounts, world: World) -> None:
    names = Names(world.settings.namespace)
    queues = topology.topology(world.settings).queues
    # Reading a stream takes nothing out of it.
    kept = {queue.name for queue in queues if queue.arguments.get("x-queue-type") == "stream"}
    for info in await topology.inspect(world.settings):
        if info.messages and info.name not in {names.dlq, names.results_dlq, *kept}:
            accounts.stuck.append(f"{info.messages} messages in {info.name}")


def _is_cancelled(world: World, story: ChaosStory) -> bool:
    """Whether an operator has cancelled a story, or tried to; it may end as cancelled, or as it would."""
    return (story.batch_id, story.story_id) in world.cancelled


def _key(batch_id: str, story_id: str) -> str:
    return f"{batch_id}/{story_id}"


def _say(story: ChaosStory) -> str:
    return f"{story.batch_id}/{story.story_id} ({story.do}, {story.times} times)"
