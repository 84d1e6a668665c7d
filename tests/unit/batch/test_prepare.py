"""Preparing a batch: a refused request leaves nothing behind, and a preview changes nothing."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from pydantic import SecretStr

from gt_common.errors import CredentialsRefusedError, NoSuchBatchError, OrchestratorError, UsageError
from gt_common.ledger import open_ledger
from gt_common.messages import FailureLimit, StopRules, StorySucceeded
from gt_common.settings import Settings, load_settings
from gt_common.stories import read_list
from gt_common.stories.sources import Sources
from gt_consumer.batch import prepare as prepare_module
from gt_consumer.batch.command import run
from gt_consumer.batch.lock import lock_batch
from gt_consumer.batch.prepare import prepare, preview
from gt_consumer.batch.processor import BatchProcessor
from gt_consumer.batch.request import Arguments, Flags, Mode, Request
from gt_consumer.worker.command import consume_stories
from support.samples.events import story_event

URLS = [f"https://redd.it/s{n}" for n in range(1, 5)]
TRUE = "command:true"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    # A batch that exists continues with the settings of the environment.
    monkeypatch.setenv("GT_STATE_DIR", str(tmp_path / "state"))
    return load_settings(
        orchestrator=TRUE,
        output=tmp_path / "out",
        ledger_url=f"sqlite:///{tmp_path / 'ledger.db'}",
        state_dir=tmp_path / "state",
    )


def request(batch_id: str = "b1", *, only_new: bool = True, rules: StopRules | None = None) -> Request:
    listed = read_list(URLS, "list", Path.cwd())
    return Request(batch_id, listed=listed, only_new=only_new, rules=rules, flags={})


def begin(settings: Settings) -> None:
    """Commit a new batch, as a run does before its first story."""
    with prepare(request(), settings) as batch:
        batch.ledger.apply(batch.plan.work.events)


def test_a_refused_request_leaves_no_batch_behind(here: Settings, tmp_path: Path) -> None:
    broken = here.model_copy(update={"orchestrator": "command:no-such-program"})
    with pytest.raises(OrchestratorError), prepare(request(), broken):
        pass
    with pytest.raises(NoSuchBatchError), prepare(Request("b1", Mode.RESUME, flags={}), here):
        pass
    assert not (tmp_path / "ledger.db").exists()
    assert not list((tmp_path / "state" / "batches").iterdir())


def test_missing_key_is_said_before_the_first_story(
    here: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = (
        "from gt_consumer.studio import create\ndef check(): raise ValueError('No API key was provided.')\n"
    )
    (tmp_path / "keyless.py").write_text(checked)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    keyless = here.model_copy(update={"orchestrator": "keyless:create"})
    with pytest.raises(CredentialsRefusedError, match="No API key was provided"), prepare(request(), keyless):
        pass
    assert not (tmp_path / "ledger.db").exists()
    nowhere = keyless.model_copy(update={"amqp_url": SecretStr("amqp://127.0.0.1:1/")})
    with pytest.raises(CredentialsRefusedError, match="No API key was provided"):
        consume_stories(nowhere, until_empty=True)  # before it asks any broker


def test_a_preview_changes_nothing(here: Settings, tmp_path: Path) -> None:
    plan = preview(request(), here)
    assert (plan.to_run, plan.work.total, plan.estimate_s) == (4, 4, None)
    with pytest.raises(NoSuchBatchError):
        preview(Request("b1", Mode.RETRY_FAILED, flags={}), here)
    assert list(tmp_path.iterdir()) == []


def test_a_batch_is_locked_as_long_as_it_is_prepared(here: Settings) -> None:
    with prepare(request(rules=StopRules(max_failures=FailureLimit(percent=50))), here) as batch:
        assert (batch.rules.allowed_failures, batch.plan.to_run) == (2, 4)
        with pytest.raises(UsageError, match="already being run"), prepare(request(), here):
            pass
    with prepare(request(), here):
        pass


def test_an_existing_batch_continues_with_its_own_settings(here: Settings, tmp_path: Path) -> None:
    begin(here)
    elsewhere = here.model_copy(update={"orchestrator": "command:no-such-program", "output": tmp_path / "o2"})
    with prepare(Request("b1", Mode.RESUME, flags={"prefetch": 3}), elsewhere) as batch:
        settings = batch.settings
    assert (settings.orchestrator, settings.output, settings.prefetch) == (TRUE, tmp_path / "out", 3)
    with prepare(Request("b1", Mode.RESUME), here.model_copy(update={"prefetch": 7})) as batch:
        assert batch.settings.prefetch == 7, "a program's own settings are used as they are"


def test_the_folder_of_a_program_stays_with_it(
    here: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(here)
    monkeypatch.setenv("GT_CWD", "/no/such")
    with prepare(Request("b1", Mode.RESUME, flags={}), here) as batch:
        assert batch.settings.cwd is None, "the batch was begun without one"
    with prepare(Request("b1", Mode.RESUME, flags={"cwd": tmp_path}), here) as batch:
        assert batch.settings.cwd == tmp_path
    monkeypatch.delenv("GT_CWD")
    with prepare(Request("b1", Mode.RESUME, flags={}), here) as batch:
        assert batch.settings.cwd == tmp_path
    with prepare(Request("b1", Mode.RESUME, flags={"orchestrator": TRUE}), here) as batch:
        assert batch.settings.cwd is None


def test_stop_rules_stay_with_the_batch_until_others_are_given(here: Settings) -> None:
    def allowed(given: StopRules | None) -> int | None:
        resumed = Request("b1", Mode.RESUME, rules=given, flags={})
        with prepare(resumed, here) as batch:
            batch.ledger.apply(batch.plan.work.events)
            return batch.rules.allowed_failures

    with prepare(request(rules=StopRules(max_failures=FailureLimit(percent=50))), here) as batch:
        assert batch.rules.allowed_failures == 2
    assert allowed(None) == 2
    assert allowed(StopRules(max_failures=FailureLimit(count=3))) == 3
    assert allowed(None) == 3


def test_an_id_that_exists_is_refused_unless_only_new_stories_are_wanted(here: Settings) -> None:
    begin(here)
    with pytest.raises(UsageError, match="batch b1 already exists"), prepare(request(only_new=False), here):
        pass
    with prepare(request(), here) as batch:
        assert (batch.plan.to_run, batch.plan.work.events) == (4, ()), "nothing new, and what is left"


async def test_cancelled_while_it_prepares_a_program_releases_the_batch(
    here: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checking, go_on = threading.Event(), threading.Event()

    def slow(_output: Path) -> None:
        checking.set()
        assert go_on.wait(20)

    monkeypatch.setattr(prepare_module, "check_output", slow)
    processor = BatchProcessor(
        TRUE, output=here.output, ledger_url=f"sqlite:///{tmp_path / 'ledger.db'}", state_dir=here.state_dir
    )
    task = asyncio.create_task(processor.process_batch(URLS, batch_id="b1"))
    assert await asyncio.to_thread(checking.wait, 20)
    task.cancel()
    with pytest.raises(UsageError, match="already being run"), lock_batch(here.state_dir, "b1"):
        pass
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    with lock_batch(here.state_dir, "b1"):
        pass


def test_a_long_comparison_with_earlier_batches_says_how_far_it_is(
    here: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_ledger(here.ledger) as ledger:
        ledger.apply([story_event(StorySucceeded, 1, url=URLS[0])])
    listed = tmp_path / "list.txt"
    listed.write_text("\n".join(URLS))
    monkeypatch.setenv("GT_LEDGER_URL", f"sqlite:///{tmp_path / 'ledger.db'}")
    monkeypatch.setattr("gt_common.cli.counter._LINE_S", 0.0)
    monkeypatch.setattr("gt_common.ledger.earlier._AT_ONCE", 2)
    sources, flags = Sources(files=(str(listed),)), Flags(orchestrator=TRUE)
    assert run(Arguments(sources, flags, dry_run=True)) == 0
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("compared")]
    assert said == ["compared 2 of 4 stories", "compared 4 of 4 stories"]
