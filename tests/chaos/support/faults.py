"""Faults: what each does, for how long, and which parts it hits."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random

import psutil
from toolbox.errors import BrokerError

from chaos.support import ledger_faults, operating
from chaos.support.junk import send_junk
from chaos.support.parts import Part, patched
from chaos.support.world import AGGREGATORS, HEARTBEAT_S, WORKERS, World
from gt_common.errors import GossipToonError
from support.waiting import pause, until

_BUSY_WITHIN_S = 10.0
ALL = frozenset(WORKERS)
EVERYBODY = frozenset({*WORKERS, *AGGREGATORS, "producer"})


@dataclass(frozen=True)
class Fault:
    """A fault that happened: its kind, when it began and ended, and the parts it hit."""

    kind: str
    began: float
    ended: float
    hit: frozenset[str]


@dataclass(frozen=True)
class Order:
    """A fault to make; drawn in advance, so that a seed leads to the same faults again.

    Parameters:
        seconds: how long it lasts, if it is not instantaneous
        roll: 0 to 1, chooses among what exists at that moment
    """

    kind: str
    target: str
    seconds: float
    roll: float


Action = Callable[[World, Order], Awaitable[frozenset[str]]]


async def kill_part(world: World, order: Order) -> frozenset[str]:
    """Kill a worker or an aggregator; it is started again."""
    world.parts[order.target].send(signal.SIGKILL)
    return frozenset({order.target})


async def stop_part(world: World, order: Order) -> frozenset[str]:
    """Stop a worker as a rollout does: it requeues what does not end soon, and is started again."""
    part = world.parts[order.target]
    part.expected_end = True
    part.send(signal.SIGTERM)
    return frozenset({order.target})


async def kill_child(world: World, order: Order) -> frozenset[str]:
    """Kill a process that runs stories."""
    found = [(part.name, child) for part in world.parts.values() for child in part.children()]
    if not found:
        return frozenset()
    name, child = found[int(order.roll * len(found))]
    with contextlib.suppress(psutil.Error):
        child.kill()
    return frozenset({name})


async def kill_producer(world: World, _order: Order) -> frozenset[str]:
    """Kill the producers that run; each is started again with the same command."""
    return frozenset(part.name for part in world.producers if part.send(signal.SIGKILL))


async def spill(world: World, order: Order) -> frozenset[str]:
    """Send messages that are neither stories nor events."""
    with contextlib.suppress(GossipToonError):
        count = 1 + int(order.roll * 5)
        await send_junk(world.settings, world.junk, stories=count, results=count)
    return frozenset()


async def freeze(world: World, order: Order) -> frozenset[str]:
    """Stop a part's process for a while, as a machine that swaps does."""
    part = world.parts[order.target]
    part.send(signal.SIGSTOP)
    await pause(order.seconds)
    part.send(signal.SIGCONT)
    return frozenset({order.target})


async def set_clock_back(world: World, order: Order) -> frozenset[str]:
    """Kill a worker and start it with a clock an hour behind."""
    part = world.parts[order.target]
    _, *arguments = part.command
    part.changed = patched(["--clock=-3600"], "gt-consume", *arguments)
    part.send(signal.SIGKILL)
    return frozenset({order.target})


async def reset(world: World, order: Order) -> frozenset[str]:
    """Cut a part's connections, or everybody's."""
    hit = _ends(order)
    for name in hit:
        world.proxies[name].reset()
    return hit


async def half_close(world: World, order: Order) -> frozenset[str]:
    """End a part's connections in one direction."""
    hit = _ends(order)
    for name in hit:
        world.proxies[name].half_close(towards_client=order.roll < 0.5)
    return hit


async def refuse(world: World, order: Order) -> frozenset[str]:
    """Refuse a part's connections for a while."""
    return await _while_broken(world, order, lambda name: world.proxies[name].refuse())


async def stall(world: World, order: Order) -> frozenset[str]:
    """Hold back all data between a part and the broker, for less or more time than the heartbeat allows."""
    return await _while_broken(world, order, lambda name: world.proxies[name].black_hole())


async def kill_broker(world: World, order: Order) -> frozenset[str]:
    """Kill the broker and start it again."""
    async with world.broker_lock:
        world.node.kill()
        await pause(order.seconds)
        await _patiently(world.node.restart)
    return EVERYBODY


async def alarm_memory(world: World, order: Order) -> frozenset[str]:
    """Make the broker believe that its memory is used up, so that it blocks publishers."""
    return await _alarm(world, order, "set_vm_memory_high_watermark", "0.00001", "0.4")


async def alarm_disk(world: World, order: Order) -> frozenset[str]:
    """Make the broker believe that its disk is full."""
    return await _alarm(world, order, "set_disk_free_limit", "900000000000000", "1000000")


async def fill_output(world: World, order: Order) -> frozenset[str]:
    """Fill the disk of finished videos or, if it is not a separate disk, forbid workers to write."""
    if not world.disk:
        await limit_files([world.parts[name] for name in WORKERS], order.seconds)
        return ALL
    ballast = world.settings.output / f".ballast-{order.roll}"
    descriptor = os.open(ballast, os.O_WRONLY | os.O_CREAT)
    with contextlib.suppress(OSError):
        while os.write(descriptor, bytes(65536)):
            pass
    os.close(descriptor)
    await pause(order.seconds)
    ballast.unlink()
    return ALL


async def limit_files(parts: Sequence[Part], seconds: float) -> None:
    """Keep the processes of some parts from writing to files for a while."""
    pids = [part.pid for part in parts if part.pid is not None]
    for pid in pids:
        _limit(pid, 0)
    await pause(seconds)
    for pid in pids:
        _limit(pid, resource.RLIM_INFINITY)


async def lock_ledger(world: World, order: Order) -> frozenset[str]:
    """Hold the ledger's lock, as a backup or an operator's shell may."""
    async with ledger_faults.locked(world.settings.ledger):
        await pause(order.seconds)
    return frozenset(AGGREGATORS)


async def forbid_ledger(world: World, order: Order) -> frozenset[str]:
    """Make the ledger read-only: as by a full disk for SQLite, by a server's setting for PostgreSQL."""
    if world.ledger_proxy is None:
        await limit_files([world.parts[name] for name in AGGREGATORS], order.seconds)
    else:
        async with ledger_faults.read_only(world.settings.ledger):
            await pause(order.seconds)
    return frozenset(AGGREGATORS)


async def hide_ledger(world: World, order: Order) -> frozenset[str]:
    """Cut off the ledger's server; a file cannot be cut off and is locked instead."""
    if world.ledger_proxy is None:
        return await lock_ledger(world, order)
    (world.ledger_proxy.refuse if order.roll < 0.5 else world.ledger_proxy.black_hole)()
    await pause(order.seconds)
    world.ledger_proxy.restore()
    return frozenset(AGGREGATORS)


async def cancel_stories(world: World, order: Order) -> frozenset[str]:
    """Cancel stories as an operator; no part is hit by that."""
    await operating.cancel(world, order.roll)
    return frozenset()


async def pause_batch(world: World, order: Order) -> frozenset[str]:
    """Pause a batch as an operator for a while, and resume it."""
    await operating.pause_batch(world, order.seconds, order.roll)
    return frozenset()


async def pause_fleet(world: World, order: Order) -> frozenset[str]:
    """Pause the fleet as an operator for a while, and resume it."""
    await operating.pause_fleet(world, order.seconds)
    return frozenset()


@dataclass(frozen=True)
class _Kind:
    action: Action
    weight: float
    targets: Sequence[str] = ("",)
    seconds: tuple[float, float] = (0.0, 0.0)


_PROXIED = (*WORKERS, *AGGREGATORS, "producer", "everybody")
KINDS: dict[str, _Kind] = {
    "worker killed": _Kind(kill_part, 9, WORKERS),
    "worker stopped": _Kind(stop_part, 4, WORKERS),
    "child killed": _Kind(kill_child, 7),
    "no messages of ours": _Kind(spill, 3),
    "aggregator killed": _Kind(kill_part, 5, AGGREGATORS),
    "producer killed": _Kind(kill_producer, 5),
    "worker frozen": _Kind(freeze, 3, WORKERS, (0.5, 4 * HEARTBEAT_S)),
    "aggregator frozen": _Kind(freeze, 2, AGGREGATORS, (0.5, 3 * HEARTBEAT_S)),
    "clock set back": _Kind(set_clock_back, 2, WORKERS),
    "connection reset": _Kind(reset, 7, _PROXIED),
    "connection half-closed": _Kind(half_close, 4, _PROXIED),
    "connection refused": _Kind(refuse, 3, _PROXIED, (0.5, 3.0)),
    "connection stalled": _Kind(stall, 3, _PROXIED, (0.3, 2.0)),
    "black hole": _Kind(stall, 2, _PROXIED, (3 * HEARTBEAT_S, 5 * HEARTBEAT_S)),
    "broker killed": _Kind(kill_broker, 1.5, ("",), (0.0, 1.0)),
    "memory alarm": _Kind(alarm_memory, 2, ("",), (1.0, 4.0)),
    "disk alarm": _Kind(alarm_disk, 2, ("",), (1.0, 4.0)),
    "output disk full": _Kind(fill_output, 2.5, ("",), (0.5, 3.0)),
    "ledger locked": _Kind(lock_ledger, 3, ("",), (1.0, 6.0)),
    "ledger not writable": _Kind(forbid_ledger, 3, ("",), (1.0, 4.0)),
    "ledger unreachable": _Kind(hide_ledger, 2, ("",), (1.0, 5.0)),
    "stories cancelled": _Kind(cancel_stories, 6),
    "batch paused": _Kind(pause_batch, 4, ("",), (1.0, 6.0)),
    "fleet paused": _Kind(pause_fleet, 2, ("",), (1.0, 4.0)),
}


def draw_orders(
    random: Random, count: int, *, broker_deaths: int, allowed: Collection[str] = ()
) -> list[Order]:
    """Draw the faults of a run: one of each kind, if `count` allows, and the rest by their weights.

    Parameters:
        broker_deaths: the most times that the broker is killed; each takes about ten seconds
        allowed: the kinds to draw from; empty for all
    """
    kinds = {name: kind for name, kind in KINDS.items() if not allowed or name in allowed}
    names = list(kinds) if count > len(kinds) else []
    names += random.choices(list(kinds), [kind.weight for kind in kinds.values()], k=count - len(names))
    random.shuffle(names)
    orders: list[Order] = []
    for name in names:
        if name == "broker killed":
            broker_deaths -= 1
        kept = "connection reset" if name == "broker killed" and broker_deaths < 0 else name
        kind = KINDS[kept]
        orders.append(
            Order(kept, random.choice(kind.targets), random.uniform(*kind.seconds), random.random())
        )
    return orders


async def make(world: World, order: Order) -> Fault:
    """Make a fault while there is work that it can hit, and wait until it is over."""
    with contextlib.suppress(TimeoutError):
        await until(lambda: world.can_be_hit(order.target), _BUSY_WITHIN_S)
    async with _trouble(world):
        began = time.time()
        hit = await KINDS[order.kind].action(world, order)
        return Fault(order.kind, began, time.time(), hit)


@asynccontextmanager
async def _trouble(world: World) -> AsyncIterator[None]:
    """Note that something is broken, until parts have had time to notice that it works again."""
    world.broken += 1
    try:
        yield
    finally:
        loop = asyncio.get_running_loop()
        loop.call_later(10.0, _mended, world)


def _mended(world: World) -> None:
    world.broken -= 1


def _ends(order: Order) -> frozenset[str]:
    return EVERYBODY if order.target == "everybody" else frozenset({order.target})


async def _while_broken(world: World, order: Order, break_one: Callable[[str], None]) -> frozenset[str]:
    hit = _ends(order)
    for name in hit:
        break_one(name)
    await pause(order.seconds)
    for name in hit:
        world.proxies[name].restore()
    return hit


async def _patiently(action: Callable[[], object]) -> None:
    """Do something to the broker; again, if a busy machine was too slow for it."""
    try:
        await asyncio.to_thread(action)
    except BrokerError:
        await asyncio.to_thread(action)


async def _alarm(world: World, order: Order, what: str, alarming: str, usual: str) -> frozenset[str]:
    async with world.broker_lock:
        await _patiently(lambda: world.node.ctl(what, alarming))
        await pause(order.seconds)
        await _patiently(lambda: world.node.ctl(what, usual))
    return EVERYBODY


def _limit(pid: int, size: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
