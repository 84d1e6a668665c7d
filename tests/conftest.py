"""Fixtures that all tests may use, each kind from its own module in `support`."""

from __future__ import annotations

import signal

import hypothesis

from support.environment import drop_settings, empty_folder

drop_settings()  # before anything is imported that reads them

from support.broker.fixtures import amqp_url, environment, settings  # noqa: E402 - see above
from support.broker.shared import shared_node  # noqa: E402
from support.forgotten_secrets import forgotten_secrets  # noqa: E402
from support.logs import untouched_logging  # noqa: E402
from support.pgbouncer import pooled_url  # noqa: E402
from support.postgres import ledger_url, postgres_cluster, postgres_server, postgres_url  # noqa: E402
from support.reddit import fake_reddit  # noqa: E402

__all__ = [
    "amqp_url",
    "empty_folder",
    "environment",
    "fake_reddit",
    "forgotten_secrets",
    "ledger_url",
    "pooled_url",
    "postgres_cluster",
    "postgres_server",
    "postgres_url",
    "settings",
    "shared_node",
    "untouched_logging",
]

# No deadline for single examples: on a busy machine a slow one is not a fault of the code.
hypothesis.settings.register_profile("gossiptoon", deadline=None)
hypothesis.settings.load_profile("gossiptoon")

# A shell makes what it starts in the background (`make test &`) ignore Ctrl-C, and the commands inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
