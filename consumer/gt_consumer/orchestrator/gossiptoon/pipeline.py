"""GossipToon as far as the adapter uses it: its configuration and its pipeline, by their public names.

Written against version 0.1.0 (`gossiptoon.core.config`, `gossiptoon.pipeline.orchestrator`).
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol, cast

from gt_common.errors import CredentialsRefusedError, OrchestratorError

_OUTPUT = "OUTPUT_DIR"
KEYS_GO: Final = "set keys in the environment or in GossipToon's .env"
_PAGE = "see docs/integrations/gossiptoon.md"


class Configuration(Protocol):
    """GossipToon's `ConfigManager`."""

    def set_job_context(self, job_id: str) -> None:
        """Make the folders of a project; called by a run before anything else."""


class Result(Protocol):
    """GossipToon's `PipelineResult`."""

    success: bool
    project_id: str
    error: str | None
    video_project: object


class Pipeline(Protocol):
    """GossipToon's `PipelineOrchestrator`."""

    config: Configuration

    async def run(
        self, story_url: str | None = None, project_id: str | None = None, resume: bool = False
    ) -> Result:
        """Run the pipeline."""

    async def validate_setup(self) -> Mapping[str, bool]:
        """Check keys and programs, each by its name."""


def make_pipeline(folder: Path, on_project: Callable[[str], None] = lambda _: None) -> Pipeline:
    """Make a pipeline whose projects lie in a folder.

    Parameters:
        on_project: called with the project of a run as soon as it has a name, before anything is paid for

    Raises:
        OrchestratorError: GossipToon is not installed, or cannot be imported
        CredentialsRefusedError: its configuration is incomplete; the message names what is missing
    """
    configuration, pipeline = (
        _load("core.config", "ConfigManager"),
        _load("pipeline.orchestrator", "PipelineOrchestrator"),
    )
    with _output_in(folder):
        config = cast("Configuration", _configured(configuration))
    enter_project = config.set_job_context

    def entered(job_id: str) -> None:
        on_project(job_id)
        enter_project(job_id)

    config.set_job_context = entered  # type: ignore[method-assign]  # of this one object
    return cast("Pipeline", pipeline(config))


def _load(module: str, name: str) -> Callable[..., object]:
    try:
        return cast("Callable[..., object]", getattr(importlib.import_module(f"gossiptoon.{module}"), name))
    except ModuleNotFoundError as error:
        if error.name == "gossiptoon":
            raise OrchestratorError(f"GossipToon is not installed in this environment; {_PAGE}") from error
        raise OrchestratorError(f"GossipToon cannot be imported: {error}; {_PAGE}") from error
    except (ImportError, AttributeError) as error:
        raise OrchestratorError(f"GossipToon cannot be imported: {error}; {_PAGE}") from error


def _configured(configuration: Callable[..., object]) -> object:
    try:
        return configuration()
    except Exception as error:
        # It reports every fault of its configuration as an error of one class of its own.
        said = " ".join(str(error).split()).replace(";", ",")
        raise CredentialsRefusedError(f"GossipToon is not configured: {said}; {KEYS_GO}") from error


@contextmanager
def _output_in(folder: Path) -> Iterator[None]:
    """Set GossipToon's output folder, which it reads when its configuration is made."""
    before = os.environ.get(_OUTPUT)
    os.environ[_OUTPUT] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[_OUTPUT]
        else:
            os.environ[_OUTPUT] = before
