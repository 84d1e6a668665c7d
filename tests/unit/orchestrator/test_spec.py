"""What --orchestrator may say, and how it is checked before work begins."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gt_common.errors import OrchestratorError, UsageError
from gt_consumer.orchestrator.check import check_orchestrator
from gt_consumer.orchestrator.spec import (
    STUDIO,
    CommandSpec,
    PythonSpec,
    fetches_from_reddit,
    parse_orchestrator,
    parse_to_run,
)
from support.runner import python_path


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", python_path())


def test_the_three_kinds() -> None:
    assert parse_orchestrator("studio") == PythonSpec(STUDIO)
    assert parse_orchestrator("a.b:Class.make") == PythonSpec("a.b:Class.make")
    assert parse_orchestrator("command:prog 'a b' {url}") == CommandSpec("prog", ("a b", "{url}"))


@pytest.mark.parametrize(
    "text",
    ["", "Studio", "a.b", "a b:c", "a:b:c", "a/b:c", ":x", "command:", "command:''", "command:a 'b", "1a:b"],
)
def test_anything_else_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(OrchestratorError) as caught:
        parse_orchestrator(text)
    assert "\n" not in str(caught.value)
    assert "command:" in str(caught.value)


def test_files_of_a_command_line_are_those_of_the_folder_it_was_given_in(tmp_path: Path) -> None:
    (tmp_path / "make.py").touch()
    (tmp_path / "folder").mkdir()
    spec = parse_orchestrator("command:./run make.py folder other.py {url} ''", tmp_path)
    assert spec == CommandSpec(
        str(tmp_path / "run"), (str(tmp_path / "make.py"), "folder", "other.py", "{url}", "")
    )


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("titel", "title"),
        ("URL", "url"),
        ("ulr", "url"),
        ("tilte", "title"),
        ("text-file", "text_file"),
        ("storyid", "story_id"),
        ("paths", "path"),
        ("option.voice", "options.voice"),
    ],
)
def test_a_mistyped_placeholder_is_refused_with_the_one_that_is_meant(typed: str, meant: str) -> None:
    with pytest.raises(OrchestratorError, match=rf"unknown placeholder \{{{typed}\}}.*mean \{{{meant}\}}"):
        parse_orchestrator(f"command:make --name={{{typed}}}")


@pytest.mark.parametrize(
    "word", ["{print}", "{n}", "{options.voice}", "{}", "{1,3}", "{'url': 1}", "{{title}}"]
)
def test_other_words_in_braces_are_left_to_the_program(word: str) -> None:
    spec = parse_orchestrator(f'command:make "{word}"')
    assert isinstance(spec, CommandSpec)
    assert spec.arguments == (word,)


def test_values_are_filled_in_once_and_whole() -> None:
    spec = CommandSpec("prog", ("--url={url}", "{attempt}{workdir}", "{unknown}", "{{url}}"))
    values = {"url": "a b;{workdir}", "workdir": "/w", "story_id": "s", "batch_id": "b", "attempt": "2"}
    assert spec.fill(values) == ["prog", "--url=a b;{workdir}", "2/w", "{unknown}", "{a b;{workdir}}"]


@pytest.mark.parametrize(
    "text",
    [
        "support.orchestrators.fakes:success",
        "support.orchestrators.fakes:Counting",
        "support.orchestrators.fakes:counting",
        "support.orchestrators.pipeline:create",
        "command:sh -c true",
        f"command:{sys.executable}",
    ],
)
def test_what_can_be_loaded_passes_and_is_not_imported_here(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "support.orchestrators.fakes", raising=False)
    check_orchestrator(text)
    assert "support.orchestrators.fakes" not in sys.modules


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no_such_module:create", "cannot be imported: No module named 'no_such_module'"),
        ("support.orchestrators.fakes:nothing", "has no attribute 'nothing'"),
        ("support.orchestrators.fakes:not_an_orchestrator", "must be a factory, or have `async def run("),
        ("support.orchestrators.fakes:uncopyable", "cannot be copied for each attempt"),
        (
            "support.orchestrators.fakes:needs",
            "cannot be called without arguments (missing a required argument",
        ),
        ("support.orchestrators.pipeline:PipelineOrchestrator", "write a factory function"),
        (
            "support.orchestrators.broken_module:create",
            "cannot be imported: OSError: no licence for this machine",
        ),
        ("support.orchestrators.leaving_module:create", "ends the process that imports it (exit code 9)"),
        ("command:no-such-program {url}", "there is no program 'no-such-program' that can be run"),
        ("command:/dev/null", "there is no program '/dev/null' that can be run"),
    ],
)
def test_what_cannot_be_loaded_is_said_in_one_line(text: str, reason: str) -> None:
    with pytest.raises(OrchestratorError) as caught:
        check_orchestrator(text)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("argument", ["{url}", "{url}x", "{story_id}{url}"])
def test_no_value_makes_an_option_of_its_argument(argument: str) -> None:
    spec = parse_orchestrator(f"command:make {argument}")
    assert isinstance(spec, CommandSpec)
    with pytest.raises(ValueError, match="would be read as an option: '--exec=touch"):
        spec.fill({"url": "--exec=touch", "story_id": ""})


def test_an_option_of_the_command_itself_may_hold_any_value() -> None:
    spec = parse_orchestrator("command:make --url={url} -n")
    assert isinstance(spec, CommandSpec)
    assert spec.fill({"url": "--x"}) == ["make", "--url=--x", "-n"]


def test_a_child_is_not_for_people() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "gt_consumer.orchestrator.child"], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 2
    assert (
        answer.stderr == "gt_consumer.orchestrator.child is started by a worker; use gt-consume or gt-batch\n"
    )


def test_the_folder_of_a_program_is_the_base_of_its_words(tmp_path: Path) -> None:
    (tmp_path / "cli.py").touch()
    spec = parse_to_run("command:bin/run cli.py {url}", tmp_path)
    assert spec == CommandSpec(str(tmp_path / "bin/run"), (str(tmp_path / "cli.py"), "{url}"))
    with pytest.raises(UsageError, match=r"--cwd \(GT_CWD\): there is no folder /no/such"):
        parse_to_run("command:true", Path("/no/such"))
    with pytest.raises(UsageError, match="is for 'command:PROGRAM ARG…' only, not for studio"):
        parse_to_run("studio", tmp_path)
    assert parse_to_run("studio", None) == PythonSpec(STUDIO)


@pytest.mark.parametrize(
    ("command", "needed"),
    [("x {url}", False), ("x {text_file}", True), ("x {workdir}/story.json", True), ("x {title}", False)],
)
def test_a_command_that_names_the_text_needs_it_from_reddit(command: str, needed: bool) -> None:
    assert fetches_from_reddit(f"command:{command}") is needed
