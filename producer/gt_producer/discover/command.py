"""The command gt-discover: find stories on Reddit and print them."""

from __future__ import annotations

import sys

from gt_common.cli.listing import say
from gt_common.discovery import discover
from gt_common.discovery.options import DiscoverOptions
from gt_common.errors import ExitCode, UsageError
from gt_common.log import configure_logging
from gt_common.settings import load_settings
from gt_common.texts import one_line


def discover_stories(options: DiscoverOptions, *, as_json: bool, urls: bool) -> int:
    """Find stories and print them as JSON, a list file or a table; return the exit code.

    Raises:
        UsageError: `as_json` and `urls` exclude each other
        GossipToonError: see `gt_common.discovery.discover`
    """
    if as_json and urls:
        raise UsageError("--json and --urls exclude each other")
    settings = load_settings()
    configure_logging(settings)
    candidates = discover(settings, options, lambda line: say(one_line(f"gt-discover: {line}")))

    from gt_producer.discover import printing  # after the options are checked: it loads rich

    if as_json:
        printing.print_json(candidates)
    elif urls or not sys.stdout.isatty():
        printing.print_list(candidates)
    elif candidates:
        printing.print_table(candidates)
        say("make videos of them with: gt-discover … | gt-produce -f -")
    return ExitCode.DONE
