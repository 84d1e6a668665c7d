"""Fixtures of all tests; each kind lives in a module of its own."""

from __future__ import annotations

from broker_fixtures import amqp_url, environment, settings
from postgres_server import ledger_url, postgres_server, postgres_url

__all__ = ["amqp_url", "environment", "ledger_url", "postgres_server", "postgres_url", "settings"]
