"""A private RabbitMQ node: own data, cookie, name and epmd, listening on the loopback interface only."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import NamedTemporaryFile

from toolbox.broker.installation import Installation, require_installation
from toolbox.broker.probe import Greeting, wait_for_greeting
from toolbox.broker.url import AmqpUrl
from toolbox.errors import BrokerError
from toolbox.system.processes import free_port, port_is_free, runs_with, signal_group, wait_until

SETTINGS = Path(__file__).resolve().parents[2] / "rabbitmq"
STATE = "node.json"
BOOT_SECONDS = 120.0
STOP_SECONDS = 30.0
# epmd is started in the node's process group, so that nothing is left when the group is killed.
LAUNCH = '[ -z "$1" ] || "$1" -address 127.0.0.1 -port "$ERL_EPMD_PORT" & shift; exec "$@"'


@dataclass(frozen=True)
class NodeSpec:
    """Folder, ports and process of a node.

    Parameters:
        token: marks its command line, to recognise the process
        pid: leader of its process group; 0 before the first start
    """

    directory: str
    port: int
    epmd_port: int
    dist_port: int
    address: str = "127.0.0.1"
    name: str = "gt-batch@localhost"
    token: str = ""
    pid: int = 0


class Node:
    """One private node; its state is kept in its folder, so that another process can `load` it."""

    def __init__(self, spec: NodeSpec, installation: Installation | None = None) -> None:
        self.spec = spec
        self.directory = Path(spec.directory)
        self._installation = installation
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def create(
        cls, directory: Path, port: int, *, address: str = "127.0.0.1", epmd_port: int = 0, name: str = ""
    ) -> Node:
        """Return a node that is not started yet.

        Parameters:
            directory: its data folder
            port: AMQP port
            address: loopback address to listen on
            epmd_port: port of its epmd; 0 for a free one
            name: node name; empty for gt-batch@localhost
        """
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
        """Return the node that was last started in `directory`, or None."""
        try:
            return cls(NodeSpec(**json.loads((directory / STATE).read_text(encoding="utf-8"))))
        except (OSError, ValueError, TypeError):
            return None

    @property
    def url(self) -> AmqpUrl:
        """Its address, with the user of every new node."""
        return AmqpUrl(self.spec.address, self.spec.port, "guest", "guest", "/", tls=False)

    def start(self, timeout: float = BOOT_SECONDS) -> Greeting:
        """Start it and wait until it answers in AMQP.

        Parameters:
            timeout: seconds for the start, which takes 7 to 20 s on two cores

        Raises:
            BrokerError: RabbitMQ is not installed, the port is taken, or there is no answer in time; the node
                is then stopped
        """
        if not port_is_free(self.spec.port):
            raise BrokerError(f"port {self.spec.port} is in use, but not by a broker; change GT_AMQP_URL")
        self._prepare_folder()
        self._spawn()
        greeting = wait_for_greeting(self.url, timeout, self.running)
        if greeting:
            return greeting
        self.kill()
        raise BrokerError(f"the RabbitMQ node did not start; see {self._console}: {self._last_line()}")

    def running(self) -> bool:
        """Whether its process is alive."""
        if self._process is not None:
            # Checked first, because the command line is briefly empty during exec.
            return self._process.poll() is None
        return self.spec.pid > 0 and runs_with(self.spec.pid, self.spec.token)

    def stop(self, timeout: float = STOP_SECONDS) -> None:
        """Stop it with SIGTERM, or with SIGKILL if it is still running after `timeout` seconds."""
        ours = self._process is not None or self.running()
        if self.running():
            os.kill(self.spec.pid, signal.SIGTERM)
            wait_until(lambda: not self.running(), timeout)
        if ours:
            self._kill_group()

    def kill(self) -> None:
        """Kill its process group, including epmd, with SIGKILL, as in a power failure."""
        # If the node's process is gone, another process group may have its number now.
        if self._process is not None or self.running():
            self._kill_group()

    def import_definitions(self, document: str) -> None:
        """Add the users, virtual hosts and rights of a definitions document (JSON).

        Raises:
            BrokerError: the node refused it
        """
        # Through a file, because rabbitmqctl does not read standard input on Erlang 29. Each call has its
        # own, because several processes share a node. It is for its owner only: it holds passwords.
        with NamedTemporaryFile("w", encoding="utf-8", dir=self.directory, suffix=".json") as file:
            file.write(document)
            file.flush()
            self.ctl("import_definitions", file.name)

    def ctl(self, *arguments: str, timeout: float = 60.0) -> str:
        """Run rabbitmqctl on the node and return its output.

        Parameters:
            arguments: command and arguments; not for passwords, because all users of the machine can see them
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

    def _last_line(self) -> str:
        lines = (
            self._console.read_text(encoding="utf-8", errors="replace").split("\n")
            if self._console.exists()
            else []
        )
        return next((line.strip() for line in reversed(lines) if line.strip()), "no output")

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
        """Return the environment of server and rabbitmqctl, without settings of an installed service."""
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
            # An empty folder, because by default /etc/rabbitmq/conf.d is read too.
            "RABBITMQ_CONFIG_FILES": str(here / "conf.d"),
            "RABBITMQ_CONFIG_FILE": str(SETTINGS / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(SETTINGS / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(here / "enabled_plugins"),
            # Few schedulers that sleep when idle, because the node shares the machine with its clients.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none",
        }
