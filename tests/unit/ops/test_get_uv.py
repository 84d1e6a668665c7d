"""`ops/get_uv` finds or installs uv with what a fresh machine has; its tools are test scripts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "ops" / "get_uv"
# A python3 whose venv works, or not, whose pip works for the home folder, or not.
PYTHON = """#!/bin/sh
echo "python3 $*" >> {log}
case "$1 $2" in
    "-m site") echo {home} ;;
    "-m venv") [ -e {venv_works} ] || exit 1; mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
    "-m pip")
        [ "$3" != --version ] || exit {pip}
        case "$*" in *--user*) bin={home}/bin ;; *) bin=.uv/bin ;; esac
        mkdir -p "$bin"; echo '#!/bin/sh' > "$bin/uv"; chmod +x "$bin/uv" ;;
esac
"""


class Machine:
    """A checkout with nothing but the script, and a PATH with a few basic tools."""

    def __init__(self, root: Path) -> None:
        self.root = root / "checkout"
        self.tools = root / "tools"
        self.home = root / "home"
        self.log = root / "log"
        self.venv_works = root / "venv-works"
        (self.root / "ops").mkdir(parents=True)
        self.tools.mkdir()
        shutil.copy(SCRIPT, self.root / "ops" / "get_uv")
        for name in ("sh", "dirname", "rm", "mkdir", "cp", "chmod", "id"):
            (self.tools / name).symlink_to(shutil.which(name) or name)

    def tool(self, name: str, text: str) -> None:
        path = self.tools / name
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def python(self, *, venv: bool, pip: bool) -> None:
        if venv:
            self.venv_works.touch()
        values = {"log": self.log, "home": self.home, "venv_works": self.venv_works, "pip": 0 if pip else 1}
        text = PYTHON
        for key, value in values.items():
            text = text.replace(f"{{{key}}}", str(value))
        self.tool("python3", text)

    def run(self) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.tools), "HOME": str(self.home)}
        script = str(self.root / "ops" / "get_uv")
        return subprocess.run(
            ["/bin/sh", script], env=environment, capture_output=True, text=True, timeout=30
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_uv_on_path_is_used_and_nothing_installed(machine: Machine) -> None:
    machine.tool("uv", "#!/bin/sh\n")
    done = machine.run()
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{machine.tools}/uv\n", "")


def test_without_uv_it_goes_into_the_checkout_once(machine: Machine) -> None:
    machine.python(venv=True, pip=False)
    first, second = machine.run(), machine.run()
    assert first.stdout == second.stdout == f"{machine.root}/.uv/bin/uv\n"
    assert (first.stderr, second.stderr) == ("get_uv: installing uv into .uv\n", "")


def test_without_venv_pip_puts_it_into_the_home_folder(machine: Machine) -> None:
    machine.python(venv=False, pip=True)
    assert machine.run().stdout == machine.run().stdout == f"{machine.home}/bin/uv\n"
    assert not (machine.root / ".uv").exists()


def test_on_debian_the_missing_part_of_venv_is_installed(machine: Machine) -> None:
    machine.python(venv=False, pip=False)
    machine.tool("id", "#!/bin/sh\necho 0\n")
    machine.tool("env", '#!/bin/sh\nshift; exec "$@"\n')
    installs = f'case "$*" in *python3-venv) : > {machine.venv_works} ;; esac'
    machine.tool("apt-get", f'#!/bin/sh\necho "$*" >> {machine.log}\n{installs}\n')
    done = machine.run()
    assert done.stdout == f"{machine.root}/.uv/bin/uv\n"
    assert "-qq install -y --no-install-recommends python3-venv" in machine.log.read_text().splitlines()


def test_where_nothing_helps_it_says_what_is_missing(machine: Machine) -> None:
    machine.python(venv=False, pip=False)
    done = machine.run()
    assert (done.returncode, done.stdout) == (3, "")
    assert "install python3-venv" in done.stderr


def test_without_python_it_says_so(machine: Machine) -> None:
    done = machine.run()
    assert (done.returncode, done.stdout) == (3, "")
    assert "install python3" in done.stderr
