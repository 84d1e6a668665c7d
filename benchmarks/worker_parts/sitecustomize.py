"""Counts the listings of folders in a process, for GT_BENCH_SCANS, a file to which each is written."""

import os
import sys

_TARGET = os.environ.get("GT_BENCH_SCANS")
_FOLDER = os.environ.get("GT_BENCH_FOLDER", "")
_KINDS = {"os.listdir", "os.scandir"}

if _TARGET:
    _log = os.open(_TARGET, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def _watch(event: str, arguments: tuple[object, ...]) -> None:
        if event in _KINDS and str(arguments[0]).rstrip("/") == _FOLDER:
            os.write(_log, b"1\n")

    sys.addaudithook(_watch)
