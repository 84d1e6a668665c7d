"""Pages of metrics: what is on one, and the page of a running program."""

from __future__ import annotations

import socket
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

Sample = tuple[str, tuple[tuple[str, str], ...]]


def samples_of(page: str | bytes) -> dict[Sample, float]:
    """Return the values of a page, by name and labels."""
    text = page if isinstance(page, str) else page.decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(page: str | bytes, name: str, **labels: str) -> float | None:
    """Return one value of a page; None if it is not there."""
    return samples_of(page).get((name, tuple(sorted(labels.items()))))


def scrape(port: int) -> str:
    """Return the page that a program on this machine serves.

    Raises:
        OSError: it does not answer
    """
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        text: str = answer.read().decode()
    return text


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port
