#!/usr/bin/env bash
# onnxruntime for Linux from PyPI notes a device id in the home folder, for a report of its use that nobody asked for.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
packages onnxruntime==1.32.0 onnx==1.20.0 numpy==2.4.0

run <<'PY'
"""Run a model of one node in homes of their own: as installed, and with ORT_DISABLE_TELEMETRY=1."""

import os
import pathlib
import subprocess
import sys
import tempfile

CHANGED = 4
COLLECTOR = b"events.data.microsoft.com"
MODEL = """
from onnx import TensorProto, helper
x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [1]) for n in "xy")
graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [x], [y])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
import numpy, onnxruntime, sys
if "late" in sys.argv:
    onnxruntime.disable_telemetry_events()
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
assert session.run(None, {"x": numpy.ones(1, numpy.float32)})[0][0] == 1
"""


def left_behind(*arguments: str, **more: str) -> list[str]:
    """Return the names of the files that a run leaves in an empty home."""
    with tempfile.TemporaryDirectory() as home:
        away = {"HOME": home, "PATH": os.environ["PATH"], **more}
        subprocess.run([sys.executable, "-I", "-c", MODEL, *arguments], env=away, check=True, timeout=120)
        return sorted(str(path.relative_to(home)) for path in pathlib.Path(home).rglob("*") if path.is_file())


def names_collector() -> bool:
    """Whether the installed library names the address of the collector."""
    import onnxruntime

    folder = pathlib.Path(onnxruntime.__file__).parent / "capi"
    return any(COLLECTOR in path.read_bytes() for path in folder.glob("*.so*"))


as_installed, late, told = left_behind(), left_behind("late"), left_behind(ORT_DISABLE_TELEMETRY="1")
print(f"seen: files in an empty home after one run: {as_installed}")
print(f"seen: the same with disable_telemetry_events() right after the import: {late}")
print(f"seen: the same with ORT_DISABLE_TELEMETRY=1 before it: {told}")
print(f"seen: the library names {COLLECTOR.decode()}: {names_collector()}")
described = any("deviceid" in name for name in as_installed) and bool(late) and not told and names_collector()
raise SystemExit(0 if described else CHANGED)
PY
