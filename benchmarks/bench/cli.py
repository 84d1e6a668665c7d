"""The command line of `benchmarks/run`, behind `make bench` and `make bench-check`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from bench import page
from bench.check import TOLERANCE, best, fallen
from bench.figures import Figure
from bench.places import PLACE, NoRevisionError, PlaceError, build, private_broker
from bench.results import Key, Measured, Results, ratios, surroundings
from bench.running import FULL_LIMIT_S, LARGE_LIMIT_S, QUICK_LIMIT_S, needs_broker, run, scripts

DONE, FAILED, USAGE, NO_PLACE = 0, 1, 2, 3
TRIES = 3
QUICK, FULL, LARGE = "quick", "full", "large"
LIMITS = {QUICK: QUICK_LIMIT_S, FULL: FULL_LIMIT_S, LARGE: LARGE_LIMIT_S}
EPILOG = """Without --write nothing of the checkout changes; the figures are in .bench/results.json, too.
exit codes: 0 everything was measured, and with --check no ratio has fallen, 1 otherwise, 2 wrong usage,
3 no broker or no build of REV"""


@dataclass
class Bench:
    """One run of benchmarks.

    Parameters:
        chosen: the scripts by name
        environment: of the scripts
        against: a built checkout of another revision, or None
        ends: when no other script is started any more, in the time of `time.monotonic`
    """

    chosen: dict[str, Path]
    environment: dict[str, str]
    against: Path | None
    ends: float
    measured: list[Measured] = field(default_factory=list)

    def measure(self, size: str, only: Sequence[str] = ()) -> tuple[Measured, ...]:
        """Run the scripts one after the other; one that fails does not stop the rest.

        Parameters:
            size: one of LIMITS
        """
        options = [f"--{size}"] if size != FULL else []
        options += ["--against", str(self.against)] if self.against else []
        return tuple(self._one(name, options, LIMITS[size]) for name in only or self.chosen)

    def _one(self, name: str, options: list[str], limit: float) -> Measured:
        left = self.ends - time.monotonic()
        if left <= 0:
            measured = Measured(name, (), failure="not run, the time for all was over")
        else:
            outcome = run(self.chosen[name], options, self.environment, min(limit, left))
            measured = Measured(name, tuple(outcome.figures), outcome.seconds, outcome.failure)
        tell(measured)
        return measured


def tell(measured: Measured) -> None:
    """Print the figures of a script, and its failure."""
    print(f"{measured.script} ({measured.seconds:.0f} s)")
    for figure in measured.figures:
        print(f"  {described(figure)}")
    if measured.failure:
        print(f"  failed: {measured.failure}")
    sys.stdout.flush()


def described(figure: Figure) -> str:
    """Return a figure as a line of text."""
    text = f"{figure.measure}: {page.number(figure.ours)} {figure.unit}"
    if figure.other is not None:
        text += f"; {figure.beside} {page.number(figure.other)}"
        text += "" if figure.ratio is None else f"; {figure.ratio:.2f} times better"
    return text + (f" (goal {figure.goal})" if figure.goal else "")


def main(argv: Sequence[str] | None = None) -> int:
    """Run; return the exit code."""
    parser = _parser()
    given = parser.parse_args(argv)
    known = scripts()
    wanted = given.only or list(known)
    if unknown := [name for name in wanted if name not in known]:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(known)}")
    if given.page:
        page.write(Results.load())
        return DONE
    try:
        with _ready(given, {name: known[name] for name in wanted}) as (bench, results):
            return check_ratios(bench) if given.check else _bench(bench, results, given)
    except NoRevisionError as error:
        parser.error(f"--against: {error}")
    except PlaceError as error:
        print(f"bench: {error}", file=sys.stderr)
        return NO_PLACE
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 130


@contextmanager
def _ready(given: argparse.Namespace, chosen: dict[str, Path]) -> Iterator[tuple[Bench, Results]]:
    """Build the other revision, start the broker, and clean the environment of settings."""
    against: str = given.against or (Results.load().against if given.check else "")
    built = build(against) if against else None
    needed = any(map(needs_broker, chosen.values()))
    # Without PYTHON…, too: PYTHONDONTWRITEBYTECODE would let each start compile all modules.
    keep = {"GT_TEST_POSTGRES_URL"}
    others = ("GT_", "PYTHON")
    environment = {name: text for name, text in os.environ.items() if not name.startswith(others)}
    environment |= {name: os.environ[name] for name in keep & os.environ.keys()}
    with private_broker() if needed else nullcontext() as broker:
        environment |= {"GT_AMQP_URL": broker.url} if broker else {}
        commit = built.commit if built else ""
        results = Results(surroundings(broker.version if broker else "none"), commit)
        folder = built.folder if built else None
        yield Bench(chosen, environment, folder, time.monotonic() + 60 * given.minutes), results


def _bench(bench: Bench, results: Results, given: argparse.Namespace) -> int:
    # The quick set is measured for the page, too: bench-check compares with it, like with like.
    full = () if given.quick else bench.measure(LARGE if given.large else FULL)
    quick = bench.measure(QUICK) if given.quick or given.write else ()
    fresh = Results(results.surroundings, results.against, full, quick)
    PLACE.mkdir(exist_ok=True)
    fresh.write(PLACE / "results.json")
    if given.write:
        kept = Results.load().replaced(fresh)
        kept.write()
        page.write(kept)
    return FAILED if any(measured.failure for measured in (*full, *quick)) else DONE


def check_ratios(bench: Bench) -> int:
    """Compare the quick set with the page's; what fell is measured again, since other programs disturb."""
    of_page = {key: ratio for key, ratio in ratios(Results.load().quick).items() if key[0] in bench.chosen}
    if not of_page:
        print(
            "bench: the page has no ratios of these; write them with make bench ARGS=--write", file=sys.stderr
        )
        return FAILED
    now: dict[Key, float] = {}
    low = fallen(of_page, now)
    for _ in range(TRIES):
        again = sorted({one.key[0] for one in low})
        now = best(now, ratios(bench.measure(QUICK, again)))
        low = fallen(of_page, now)
        if not low:
            print(f"none of {len(of_page)} ratios fell by {TOLERANCE:.0%} or more below the page")
            return DONE
    for one in low:
        print(f"fallen: {one}")
    return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="benchmarks/run",
        description="Run the benchmarks with a broker of their own.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="the quick set, about two minutes")
    parser.add_argument(
        "--large", action="store_true", help="also a million stories, where that changes the cost"
    )
    parser.add_argument(
        "--only", type=lambda text: text.split(","), metavar="NAME,…", help="these benchmarks only"
    )
    parser.add_argument(
        "--against",
        metavar="REV",
        help="compare with this revision, built in .bench/; or with a built checkout",
    )
    parser.add_argument(
        "--write", action="store_true", help="write benchmarks/results.json and docs/performance.md"
    )
    parser.add_argument(
        "--check", action="store_true", help="fail if a ratio is 20 %% lower than that of the page"
    )
    parser.add_argument("--page", action="store_true", help="only write the page from the results")
    parser.add_argument(
        "--minutes", type=float, default=30.0, help="stop what is not measured by then (default: 30)"
    )
    return parser
