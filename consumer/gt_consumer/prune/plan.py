"""What a run of gt-prune would remove."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gt_common.ledger.plain import parts
from gt_common.ledger.pruning.candidates import Age, OldBatch
from gt_common.ledger.views import Tombstone
from gt_consumer.prune.local import Files, Local

if TYPE_CHECKING:
    from gt_common.ledger.reader import LedgerReader


@dataclass(frozen=True)
class Candidate:
    """A batch that may be pruned, with what its files on this machine take."""

    batch: OldBatch
    files: Files


@dataclass(frozen=True)
class Leftover:
    """What is left of a batch that was pruned before: by a run that was stopped, or on another machine."""

    tombstone: Tombstone
    files: Files


@dataclass(frozen=True)
class Plan:
    """What would be removed.

    Parameters:
        batches: those that are old, oldest first
        kept: those that are old and kept, each with the reason
        leftovers: of batches that were pruned before
        caches: answers of Reddit that gt-discover has saved, and that are old
    """

    age: Age
    batches: tuple[Candidate, ...] = ()
    kept: tuple[OldBatch, ...] = ()
    leftovers: tuple[Leftover, ...] = ()
    caches: Files = field(default_factory=Files)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to remove."""
        return not self.batches and not self.leftovers and not self.caches.number

    @property
    def files(self) -> Files:
        """All files together."""
        total = Files()
        for files in (
            *(one.files for one in self.batches),
            *(one.files for one in self.leftovers),
            self.caches,
        ):
            total.add(files)
        return total


def make_plan(ledger: LedgerReader, age: Age, local: Local) -> Plan:
    """Compare the ledger and the files of this machine with an age; nothing is changed.

    Raises:
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
    """
    batches: list[Candidate] = []
    kept: list[OldBatch] = []
    for old in ledger.old_batches(age, sizes=True):
        why = old.kept or local.why_busy(old.batch_id, age.before)
        if why:
            kept.append(replace(old, kept=why))
        else:
            batches.append(Candidate(old, local.count(old.batch_id)))
    leftovers = tuple(_leftovers(ledger, local))
    return Plan(age, tuple(batches), tuple(kept), leftovers, local.count_caches(age.before))


def _leftovers(ledger: LedgerReader, local: Local) -> Iterator[Leftover]:
    found = {grave.batch_id: grave for grave in ledger.incomplete_tombstones()}
    for ids in parts(sorted(local.batches())):
        found |= ledger.tombstones(ids)
    for batch_id, grave in sorted(found.items()):
        files = local.count(batch_id)
        if files.number or not grave.complete:
            yield Leftover(grave, files)
