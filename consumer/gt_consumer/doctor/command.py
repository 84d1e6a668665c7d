"""gt-doctor: run all checks, one after the other, and print what they found."""

from __future__ import annotations

from gt_common.cli.width import columns
from gt_common.settings import Settings
from gt_consumer.doctor.broker import look_at_broker
from gt_consumer.doctor.finding import Finding, as_json, as_lines, exit_code, tried
from gt_consumer.doctor.machine import (
    look_at_folders,
    look_at_handles,
    look_at_ledger,
    look_at_notifications,
    look_at_orchestrator,
    look_at_prices,
    look_at_reddit,
    look_at_rules,
    look_at_story_roots,
)
from gt_consumer.doctor.names import look_at_names

CHECKS = {
    "broker": look_at_broker,
    "ledger": look_at_ledger,
    "output": look_at_folders,
    "file handles": look_at_handles,
    "orchestrator": look_at_orchestrator,
    "retry rules": look_at_rules,
    "prices": look_at_prices,
    "story files": look_at_story_roots,
    "reddit": look_at_reddit,
    "notifications": look_at_notifications,
    "gossiptoon": look_at_names,
}


def examine(settings: Settings) -> list[Finding]:
    """Run all checks, whatever the ones before found."""
    return [found for name, look in CHECKS.items() for found in tried(name, look, settings)]


def run_doctor(settings: Settings, *, json_form: bool) -> int:
    """Run all checks, print the findings and return the exit code."""
    findings = examine(settings)
    print(as_json(findings) if json_form else "\n".join(as_lines(findings, columns())))
    return exit_code(findings)
