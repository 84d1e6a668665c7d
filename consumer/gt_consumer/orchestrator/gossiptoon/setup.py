"""The check before the first story: GossipToon's own, and what it does not look at."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from gt_common.errors import CredentialsRefusedError, MachineUnfitError
from gt_consumer.orchestrator.gossiptoon.pipeline import KEYS_GO, Pipeline, make_pipeline

_READY = "ready"
_NOT_NEEDED: Final = frozenset({"openai_api_key", "whisper"})
"""What GossipToon looks for and its stages do not use: no agent calls OpenAI, and its check for Whisper asks
for a class that it does not have."""

_REDDIT: Final = ("reddit_client_id", "reddit_client_secret")


async def check() -> list[str]:
    """Make the pipeline once and let it validate its setup; nothing is kept.

    Returns:
        what was found, for gt-doctor

    Raises:
        CredentialsRefusedError: a key is missing
        MachineUnfitError: a program is missing
        OrchestratorError: GossipToon is not installed or cannot be imported
    """
    with tempfile.TemporaryDirectory(prefix="gossiptoon-check-") as folder:
        pipeline = make_pipeline(Path(folder))
        found = await pipeline.validate_setup()
        keys = _missing_keys(pipeline)
    bad = [name for name, good in found.items() if not good and name not in _NOT_NEEDED | {_READY}]
    keys = [*(name for name in bad if name.endswith("_key")), *keys]
    if keys:
        raise CredentialsRefusedError(f"GossipToon has no {' and no '.join(keys)}; {KEYS_GO}")
    if bad:
        raise MachineUnfitError(f"GossipToon cannot run here: {', '.join(bad)}; see `gossiptoon validate`")
    return [_said(found)]


def _missing_keys(pipeline: Pipeline) -> list[str]:
    """Return the keys of Reddit that are missing: every story is a post, and no check asks for them."""
    api = getattr(pipeline.config, "api", None)
    return [name for name in _REDDIT if hasattr(api, name) and not getattr(api, name)]


def _said(found: Mapping[str, bool]) -> str:
    good = sorted(name for name, is_good in found.items() if is_good and name != _READY)
    return f"GossipToon's own check: {', '.join(good)}"
