"""The check of the images: the whole way from a story file to a video and its report, in containers."""

from __future__ import annotations

import json
import re
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

from toolbox.broker.node import Node
from toolbox.errors import BrokerError
from toolbox.images.container import Container
from toolbox.images.fleet import ROOT, Fleet
from toolbox.images.servers import Postgres
from toolbox.system.processes import wait_until

BATCH = "images"
MAKE_SECONDS = 900.0
# A child that leaves an orphan behind; exit code 1 if nobody has reaped it after a second.
ORPHAN = """
import os, sys, time
reader, writer = os.pipe()
if os.fork() == 0:
    orphan = os.fork()
    if orphan == 0:
        time.sleep(0.1)
        os._exit(0)
    os.write(writer, str(orphan).encode())
    os._exit(0)
os.wait()
orphan = os.read(reader, 20).decode()
time.sleep(1)
sys.exit(os.path.exists(f"/proc/{orphan}"))
"""


def check(fleet: Fleet, folder: Path, say: Callable[[str], None]) -> None:
    """Run every service's own command as its own user.

    Raises:
        BrokerError: the first thing that is not as it must be
    """
    _users(fleet)
    say("users: written for the broker only")
    node, database = Node.create(folder / "rabbitmq", 5672), Postgres(folder / "postgres", 5432)
    try:
        node.start()
        node.import_definitions((fleet.volume("definitions") / "users.json").read_text(encoding="utf-8"))
        database.start(fleet.variables)
        _expect(fleet.container("topology").run(), 0, "topology")
        say("topology: declared by the broker's user for it")
        _orphans(fleet)
        say("orphans: reaped in every image")
        _work(fleet, say)
    finally:
        fleet.kill()
        node.kill()
        database.stop()


def _work(fleet: Fleet, say: Callable[[str], None]) -> None:
    aggregator, worker = fleet.container("aggregator"), fleet.container("worker")
    for server in (aggregator, worker):
        server.start()
    for server in (aggregator, worker):
        _healthy(server)
        _confined(server)
    say("aggregator, worker: healthy and confined")
    _stories(fleet)
    say("producer: published; worker: a video and a dead letter, as expected")
    _reports(fleet)
    say("report, dlq: read with their own users, files written for the user of the host")
    _stop(worker)
    say("worker: stopped by SIGTERM")
    _own_orchestrator(fleet)
    say("dlq, worker: the dead letter replayed, and made by an orchestrator of ./plugins")
    _stop(aggregator)
    say("aggregator: stopped by SIGTERM")


def _users(fleet: Fleet) -> None:
    _expect(fleet.container("users").run(), 0, "users")
    found = (fleet.volume("definitions") / "users.json").stat()
    owner = f"{found.st_uid}:{found.st_gid}"
    if stat.S_IMODE(found.st_mode) != 0o600 or owner != fleet.services["rabbitmq"].user:
        raise BrokerError(f"users.json has mode {stat.S_IMODE(found.st_mode):o} and owner {owner}")


def _orphans(fleet: Fleet) -> None:
    """Check that the images' first process reaps orphans, and that the check notices one that does not."""
    names = {service.image: service.name for service in fleet.services.values() if service.dockerfile}
    for name in names.values():
        for entrypoint, expected in (([], 1), (["/usr/bin/tini", "-s", "--"], 0)):
            container = fleet.container(name)
            container.start("python", "-c", ORPHAN, entrypoint=entrypoint)
            _expect(
                (container.wait(30), container.printed()), expected, f"orphan in {name} with {entrypoint}"
            )
        start = fleet.container(name).image.entrypoint
        if start[:3] != ("/usr/bin/tini", "-s", "--"):
            raise BrokerError(f"the image of {name} starts with {' '.join(start)}")


def _healthy(server: Container) -> None:
    probe = server.image.health_check
    if not probe:
        raise BrokerError(f"the image of {server.service.name} has no health check")
    if not wait_until(lambda: server.execute(*probe).returncode == 0, 90):
        raise BrokerError(f"{server.service.name} is not healthy: {server.last_lines()}")


def _confined(server: Container) -> None:
    """Check what the kernel knows of the first process and its files."""
    name = server.service.name
    status = server.execute("cat", "/proc/1/status").stdout
    fields = dict(re.findall(r"^(\w+):\t(.*)$", status, re.MULTILINE))
    rights = [int(fields[kind], 16) for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd")]
    if fields["Name"] != "tini" or fields["Uid"].split() != ["10001"] * 4:
        raise BrokerError(f"process 1 of {name} is {fields['Name']} of user {fields['Uid']}")
    if any(rights) or fields["NoNewPrivs"] != "1":
        raise BrokerError(f"process 1 of {name} has rights: {rights}, NoNewPrivs {fields['NoNewPrivs']}")
    if not server.limited():
        raise BrokerError(f"the processes of {name} are not limited to {server.service.pids_limit}")
    for place in ("/app", "/home/gossiptoon", "/etc"):
        if server.execute("touch", f"{place}/written").returncode == 0:
            raise BrokerError(f"{name} may write to {place}")


def _stories(fleet: Fleet) -> None:
    stories = fleet.volume("./stories")
    for name in ("the-last-cupcake.md", "removed-post.json"):
        shutil.copy(ROOT / "examples" / name, stories)
    (stories / "list.txt").write_text("the-last-cupcake.md\nremoved-post.json\n", encoding="utf-8")
    producer = fleet.container("producer")
    done = producer.run("--file", "list.txt", "--batch-id", BATCH, "--wait", timeout=MAKE_SECONDS)
    _expect(done, 1, "producer")
    videos = list(fleet.volume("outputs").glob(f"{BATCH}/*.mp4"))
    if len(videos) != 1 or videos[0].read_bytes()[4:8] != b"ftyp":
        raise BrokerError(f"expected one video in {fleet.volume('outputs')}, found {len(videos)}")


def _reports(fleet: Fleet) -> None:
    exports = fleet.volume("./exports")
    code, printed = fleet.container("report").run(BATCH, "--json")
    _expect((code, printed), 0, "report")
    document = json.loads(printed)
    found = (document["state"], document["successful"], document["failed"])
    if found != ("done_with_failures", 1, 1):
        raise BrokerError(f"the report says {found}")
    _expect(fleet.container("report").run(BATCH, "--html", "page.html"), 0, "report --html")
    _expect(
        fleet.container("dlq").run("export", "--batch", BATCH, "--file", "letters.jsonl"), 0, "dlq export"
    )
    for name in ("page.html", "letters.jsonl"):
        if not (exports / name).is_file() or (exports / name).stat().st_uid != exports.stat().st_uid:
            raise BrokerError(f"{name} was not written to ./exports for the user of the host")


def _own_orchestrator(fleet: Fleet) -> None:
    """Replay the dead letter for a worker whose orchestrator makes a video of any file."""
    shutil.copy(ROOT / "examples" / "own_orchestrator.py", fleet.volume("./plugins"))
    worker = fleet.container("worker", GT_ORCHESTRATOR="own_orchestrator:create")
    worker.start()
    _expect(fleet.container("dlq").run("replay", "--batch", BATCH, "--yes"), 0, "dlq replay")

    def done() -> bool:
        return fleet.container("report").run(BATCH, "--exit-status")[0] == 0

    if not wait_until(done, 60):
        raise BrokerError(f"the replayed story did not succeed: {worker.last_lines()}")
    _stop(worker)


def _stop(server: Container) -> None:
    if server.stop(60) not in {0, 143}:
        raise BrokerError(f"{server.service.name} did not stop well: {server.last_lines()}")


def _expect(done: tuple[int, str], code: int, what: str) -> None:
    if done[0] != code:
        last = " / ".join(done[1].splitlines()[-5:])
        raise BrokerError(f"{what}: exit code {done[0]} instead of {code}: {last}")
