"""The check that an orchestrator offers: which is called, what it may answer, and which exit code follows."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from gt_common.errors import (
    CredentialsRefusedError,
    GossipToonError,
    MachineUnfitError,
    OrchestratorError,
    PermanentError,
    RedditUnreachableError,
)
from gt_consumer import job
from gt_consumer.orchestrator.check_results import as_error, read_answer
from gt_consumer.orchestrator.offered_check import call_check


class ConfigurationError(Exception):
    """As GossipToon has one."""


class Pipeline:
    """An orchestrator that offers what it is made with."""

    def __init__(self, **offered: object) -> None:
        self.__dict__.update(offered)

    async def run(
        self, story_url: str | None = None, project_id: str | None = None, resume: bool = False
    ) -> None:
        """Make nothing."""


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    made = ModuleType("pluggable")
    monkeypatch.setitem(sys.modules, "pluggable", made)
    return made


def check(maker: Callable[[], object]) -> tuple[str, ...]:
    return call_check("pluggable:create", maker)


def raises(error: BaseException) -> Callable[[], object]:
    def raising() -> object:
        raise error

    return raising


@pytest.mark.usefixtures("module")
def test_orchestrator_is_made_once_and_its_own_check_is_called() -> None:
    made: list[str] = []

    async def validate_setup() -> dict[str, bool]:
        made.append("validate_setup")
        return {"voice_key": True, "ffmpeg": True, "whisper": False, "ready": True}

    async def create() -> Pipeline:
        made.append("create")
        return Pipeline(validate_setup=validate_setup)

    assert check(create) == ("found: voice_key, ffmpeg", "not found, and not needed: whisper")
    assert made == ["create", "validate_setup"]


@pytest.mark.usefixtures("module")
def test_its_check_comes_before_validate_setup_and_one_with_arguments_is_not_called() -> None:
    assert check(lambda: Pipeline(check=lambda: "mine", validate_setup=raises(ValueError()))) == ("mine",)
    assert check(lambda: Pipeline(check=lambda video: video)) == ()
    assert check(lambda: Pipeline(check="not a function")) == ()


def test_check_of_the_module_comes_first_and_makes_nothing(module: ModuleType) -> None:
    module.check = lambda: "of the module"  # type: ignore[attr-defined]
    assert check(raises(ValueError("not to be called"))) == ("of the module",)


@pytest.mark.usefixtures("module")
def test_factory_may_read_the_job_of_no_story() -> None:
    def create() -> Pipeline:
        assert job().workdir.is_dir()
        folder = f"{job().batch_id}/{job().story_id}"
        return Pipeline(check=lambda: folder)

    assert check(create) == ("check/check",)
    assert not Path("check").exists()


@pytest.mark.usefixtures("module")
def test_factory_that_needs_a_story_is_not_refused_for_it_but_for_a_missing_key() -> None:
    def needs_story(error: Exception) -> Pipeline:
        job().options["voice"]
        raise error

    found = check(lambda: needs_story(ValueError()))
    assert found == ("not made without a story: KeyError: 'voice'",)

    def needs_key() -> Pipeline:
        assert job().attempt == 1
        raise ConfigurationError("Missing required environment variable: OPENAI_API_KEY")

    with pytest.raises(CredentialsRefusedError, match="cannot be made: ConfigurationError: Missing required"):
        check(needs_key)


@pytest.mark.usefixtures("module")
@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (ConfigurationError("no"), CredentialsRefusedError, "failed: ConfigurationError: no"),
        (ValueError("API key not valid"), CredentialsRefusedError, "failed: ValueError: API key not valid"),
        (RuntimeError("HTTP 401"), CredentialsRefusedError, "failed: RuntimeError: HTTP 401"),
        (SystemExit("VOICE_KEY is not set"), CredentialsRefusedError, "failed: SystemExit: VOICE_KEY is not"),
        (TimeoutError("no answer"), MachineUnfitError, "failed: TimeoutError: no answer"),
        (RuntimeError("HTTP 503"), MachineUnfitError, "failed: RuntimeError: HTTP 503"),
        (RedditUnreachableError("Reddit is down"), MachineUnfitError, "Reddit is down"),
        (CredentialsRefusedError("no key"), CredentialsRefusedError, "no key"),
        (PermanentError("set VOICE"), OrchestratorError, "set VOICE"),
        (FileNotFoundError("no model"), OrchestratorError, "failed: FileNotFoundError: no model"),
    ],
)
def test_what_it_raises_has_a_fitting_exit_code(
    error: BaseException, kind: type[GossipToonError], says: str
) -> None:
    for maker in (lambda: Pipeline(check=raises(error)), lambda: Pipeline(validate_setup=raises(error))):
        with pytest.raises(kind) as caught:
            check(maker)
        assert type(caught.value) is kind
        assert says in str(caught.value)
    if not isinstance(error, GossipToonError):
        assert "validate_setup() of orchestrator 'pluggable:create' failed" in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (False, OrchestratorError, "check failed: it returned False"),
        (
            {"openai_api_key": False, "ffmpeg": False, "whisper": False, "ready": False},
            CredentialsRefusedError,
            "check failed: missing openai_api_key; set it in the environment",
        ),
        ({"ffmpeg": False, "disk": True}, MachineUnfitError, "check failed: missing ffmpeg"),
        ({"ready": False}, MachineUnfitError, "check failed: missing something that it does not name"),
    ],
)
def test_answers_that_stop_the_start(answer: object, kind: type[GossipToonError], says: str) -> None:
    with pytest.raises(kind) as caught:
        read_answer("check", answer)
    assert str(caught.value) == says


@pytest.mark.parametrize("answer", [None, True, {}, [], {"model": "large"}, {"ready": True}])
def test_answers_that_say_nothing(answer: object) -> None:
    assert read_answer("check", answer) == ()


def test_chain_of_an_error_is_read() -> None:
    error = RuntimeError("cannot start")
    error.__cause__ = ConfigurationError("no key")
    assert isinstance(as_error("check failed", error), CredentialsRefusedError)
