"""A private RabbitMQ node: own data, cookie, node name and epmd, listening on the loopback interface only."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from toolbox.broker.installation import Installation, require_installation
from toolbox.broker.probe import Greeting, wait_for_greeting
from toolbox.broker.url import AmqpUrl
from toolbox.errors import BrokerError
from toolbox.system.processes import free_port, port_is_free, runs_with, signal_group, wait_until

SETTINGS = Path(__file__).resolve().parents[2] / "rabbitmq"
STATE = "node.json"
BOOT_SECONDS = 120.0
STOP_SECONDS = 30.0
# epmd is started in the node's process group, so that nothing is left when the group is gone.
LAUNCH = '[ -z "$1" ] || "$1" -address 127.0.0.1 -port "$ERL_EPMD_PORT" & shift; exec "$@"'


@dataclass(frozen=True)
class NodeSpec:
    """Where a node lives and listens. `pid` is the leader of its process group, 0 before the first start."""

    directory: str
    port: int
    epmd_port: int
    dist_port: int
    address: str = "127.0.0.1"
    name: str = "gt-batch@localhost"
    token: str = ""
    pid: int = 0


class Node:
    """One private node. Its state lies in its folder: another process may go on with `Node.load`."""

    def __init__(self, spec: NodeSpec, installation: Installation | None = None) -> None:
        self.spec = spec
        self.directory = Path(spec.directory)
        self._installation = installation
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def create(
        cls, directory: Path, port: int, *, address: str = "127.0.0.1", epmd_port: int = 0, name: str = ""
    ) -> Node:
        """A node in `directory` for AMQP port `port`; ports that are 0 are chosen. Nothing is started yet."""
        spec = NodeSpec(
            directory=str(directory.resolve()),
            port=port,
            epmd_port=epmd_port or free_port(),
            dist_port=free_port(),
            address=address,
        )
        if name:
            spec = replace(spec, name=name if "@" in name else f"{name}@localhost")
        return cls(spec)

    @classmethod
    def load(cls, directory: Path) -> Node | None:
        """The node that was started in `directory` last, or None."""
        try:
            return cls(NodeSpec(**json.loads((directory / STATE).read_text(encoding="utf-8"))))
        except (OSError, ValueError, TypeError):
            return None

    @property
    def url(self) -> AmqpUrl:
        """Its address, with the user every new node has."""
        return AmqpUrl(self.spec.address, self.spec.port, "guest", "guest", "/", tls=False)

    def start(self, timeout: float = BOOT_SECONDS) -> Greeting:
        """Start it and wait until it speaks AMQP.

        Parameters:
            timeout: seconds for the boot, which takes 7 to 20 on two cores
        Raises:
            BrokerError: no RabbitMQ installed, port taken, or no answer in time; the node is stopped then
        """
        if not port_is_free(self.spec.port):
            raise BrokerError(
                f"port {self.spec.port} is taken by something that is no broker; change GT_AMQP_URL"
            )
        self._prepare_folder()
        self._spawn()
        greeting = wait_for_greeting(self.url, timeout, self.running)
        if greeting:
            return greeting
        self.kill()
        raise BrokerError(f"the RabbitMQ node did not come up; see {self._console}: {self._last_words()}")

    def running(self) -> bool:
        """Whether its process is alive."""
        if self._process is not None:
            # Asked first: a command line is empty for a moment while a program is replaced by the next.
            return self._process.poll() is None
        return self.spec.pid > 0 and runs_with(self.spec.pid, self.spec.token)

    def stop(self, timeout: float = STOP_SECONDS) -> None:
        """End it in good order (SIGTERM); killed when it has not ended after `timeout` seconds."""
        ours = self._process is not None or self.running()
        if self.running():
            os.kill(self.spec.pid, signal.SIGTERM)
            wait_until(lambda: not self.running(), timeout)
        if ours:
            self._kill_group()

    def kill(self) -> None:
        """Kill its process group with SIGKILL, as a power cut would, and its epmd with it."""
        # Without a process of ours in it the group's number may belong to somebody else by now.
        if self._process is not None or self.running():
            self._kill_group()

    def import_definitions(self, document: str) -> None:
        """Add the users, virtual hosts and rights of a definitions document (JSON).

        Raises:
            BrokerError: the node refused it
        """
        # Through a file: rabbitmqctl reads no standard input on Erlang 29.
        file = self.directory / "definitions.json"
        file.unlink(missing_ok=True)
        try:
            file.touch(mode=0o600)
            file.write_text(document, encoding="utf-8")
            self.ctl("import_definitions", str(file))
        finally:
            file.unlink(missing_ok=True)

    def ctl(self, *arguments: str, timeout: float = 60.0) -> str:
        """Run rabbitmqctl on the node and give what it printed.

        Parameters:
            arguments: command and its arguments, which everybody on the machine can see: no passwords
            timeout: seconds
        Raises:
            BrokerError: rabbitmqctl failed or took too long
        """
        command = [str(self._programs().ctl), "-q", *arguments]
        try:
            done = subprocess.run(
                command,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise BrokerError(f"rabbitmqctl {arguments[0]} took longer than {timeout:g} s") from None
        if done.returncode != 0:
            raise BrokerError(f"rabbitmqctl {arguments[0]} failed: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    @property
    def _console(self) -> Path:
        return self.directory / "console.log"

    def _programs(self) -> Installation:
        self._installation = self._installation or require_installation()
        return self._installation

    def _last_words(self) -> str:
        lines = (
            self._console.read_text(encoding="utf-8", errors="replace").split("\n")
            if self._console.exists()
            else []
        )
        return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")

    def _prepare_folder(self) -> None:
        for folder in ("home", "data", "log", "conf.d"):
            (self.directory / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.directory / "enabled_plugins").write_text("[].\n", encoding="ascii")
        (self.directory / "rabbitmq-env.conf").write_text("", encoding="ascii")
        cookie = self.directory / "home" / ".erlang.cookie"
        if not cookie.exists():
            cookie.touch(mode=0o600)
            cookie.write_text(secrets.token_hex(16), encoding="ascii")
            cookie.chmod(0o400)

    def _kill_group(self) -> None:
        signal_group(self.spec.pid, signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
            self._process = None
        self._remember(replace(self.spec, pid=0))

    def _spawn(self) -> None:
        programs = self._programs()
        token = secrets.token_hex(8)
        command = ["/bin/sh", "-c", LAUNCH, "sh", programs.epmd or "", str(programs.server), "-gtnode", token]
        with self._console.open("wb") as console:
            self._process = subprocess.Popen(
                command,
                cwd=self.directory,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._remember(replace(self.spec, token=token, pid=self._process.pid))

    def _remember(self, spec: NodeSpec) -> None:
        self.spec = spec
        if self.directory.is_dir():
            (self.directory / STATE).write_text(json.dumps(asdict(spec), indent=1) + "\n", encoding="utf-8")

    def _environment(self) -> dict[str, str]:
        """The same for the server and rabbitmqctl; settings of an installed service must not leak in."""
        ours = ("RABBITMQ_", "ERL_", "ELIXIR_")
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
        inherited.pop("NOTIFY_SOCKET", None)
        here = self.directory
        return inherited | {
            "HOME": str(here / "home"),
            "ERL_EPMD_PORT": str(self.spec.epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_FLAGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_NODENAME": self.spec.name,
            "RABBITMQ_NODE_PORT": str(self.spec.port),
            "RABBITMQ_NODE_IP_ADDRESS": self.spec.address,
            "RABBITMQ_DIST_PORT": str(self.spec.dist_port),
            "RABBITMQ_MNESIA_BASE": str(here / "data"),
            "RABBITMQ_LOG_BASE": str(here / "log"),
            "RABBITMQ_PID_FILE": str(here / "node.pid"),
            "RABBITMQ_CONF_ENV_FILE": str(here / "rabbitmq-env.conf"),
            # An empty folder: by default all of /etc/rabbitmq/conf.d would be read too.
            "RABBITMQ_CONFIG_FILES": str(here / "conf.d"),
            "RABBITMQ_CONFIG_FILE": str(SETTINGS / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(SETTINGS / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(here / "enabled_plugins"),
            # Few schedulers that sleep when idle: the node shares the machine with what it is there for.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none",
        }
