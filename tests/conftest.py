"""Fixtures of all tests; each kind lives in a module of its own."""

from __future__ import annotations

import signal

import hypothesis

from support.broker.fixtures import amqp_url, environment, settings
from support.logs import untouched_logging
from support.postgres import ledger_url, postgres_server, postgres_url
from support.reddit import fake_reddit

__all__ = [
    "amqp_url",
    "environment",
    "fake_reddit",
    "ledger_url",
    "postgres_server",
    "postgres_url",
    "settings",
    "untouched_logging",
]

# A busy machine is no fault of the code: how long one example takes is not judged.
hypothesis.settings.register_profile("ours", deadline=None)
hypothesis.settings.load_profile("ours")

# A shell starts what runs in the background (`make test &`) deaf to Ctrl-C, and our commands inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
