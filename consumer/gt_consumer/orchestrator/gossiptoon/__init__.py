"""GossipToon's own pipeline as an orchestrator: `--orchestrator gossiptoon`.

GossipToon is imported when the first story begins, or for the check; never by a worker's own process.
"""

from gt_consumer.orchestrator.gossiptoon.adapter import GossipToon
from gt_consumer.orchestrator.gossiptoon.setup import check

__all__ = ["check", "create"]


def create() -> GossipToon:
    """Return the orchestrator of one attempt."""
    return GossipToon()
