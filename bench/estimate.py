"""
Predicted against actual memory of single operations: calibrates and proves ``imgsvc.transform.cost``.

Each operation runs in a fresh process, through the real pipeline in one thread, with the allocator's settings the
service has. A tiny picture of the same kind goes first, so that loading libraries is not counted. Then the high-water
mark of the resident size is reset (proc(5), ``clear_refs``), the operation runs, and what the mark has grown by is the
actual. Drawings come as pixels: the process that draws them is not this one.

``python -m bench.estimate`` measures all, ``--quick`` a dozen; the exit code says whether all predictions are near
enough. Sources are drawn into a temporary folder (``bench.operations``), real ones are taken where there are any.
"""

import argparse
import ctypes
import gc
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.operations import FULL, QUICK, Operation, draw, operations, source_path
from imgsvc.model.formats import ImageFormat, sniff
from imgsvc.settings import TransformSettings
from imgsvc.stream.base import FileRange
from imgsvc.transform import runtime
from imgsvc.transform.cost import estimate_bytes, estimate_glance_bytes
from imgsvc.transform.decide import decide
from imgsvc.transform.drawing import Drawing, drawing_size
from imgsvc.transform.loaders import CONTAINERS
from imgsvc.transform.pipeline import Pipeline
from imgsvc.transform.probe import probe
from imgsvc.transform.runtime import KillSwitch
from imgsvc.transform.source import FileSource, PixelSource, contained_source
from imgsvc.transform.theming import LOOK_SIDE_PX, is_themed
from imgsvc.vision.theming import PageTheming
from tests.support.process import ROOT, python_environment

MIB = 1024 * 1024
LOW, HIGH = 0.8, 3.0
"""The aim: what predicted / actual may be."""

SMALL_BYTES = 4 * MIB
"""Below this only LOW counts: the prediction's floor is most of it."""

ALLOCATOR = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "MALLOC_TRIM_THRESHOLD_": "131072",
    "VIPS_CONCURRENCY": "1",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one operation."""

    name: str
    predicted_bytes: int
    actual_bytes: int

    @property
    def ratio(self) -> float:
        return self.predicted_bytes / max(1, self.actual_bytes)

    @property
    def is_small(self) -> bool:
        return self.actual_bytes < SMALL_BYTES

    def fits(self, low: float = LOW, high: float = HIGH) -> bool:
        """Whether the prediction is near enough."""
        return low <= self.ratio and (self.is_small or self.ratio <= high)

    def __str__(self) -> str:
        mark = "" if self.fits() else "  <<<"
        sizes = f"{self.predicted_bytes / MIB:9.1f} {self.actual_bytes / MIB:9.1f}"
        return f"{self.name:44} {sizes} {self.ratio:6.2f}{' small' if self.is_small else ''}{mark}"


class Subject:
    """The process that is measured: it does the operation and says what that took."""

    def __init__(self, operation: Operation) -> None:
        runtime.prepare()
        self._spec, self._in_file = operation.spec, operation.in_file
        self._settings = TransformSettings()
        self._pipeline = Pipeline(self._settings, time.monotonic, theming=PageTheming())
        self.predicted_bytes = 0

    def run(self, path: Path) -> int:
        """Do it with the source at *path* and give by how many bytes this process was larger at most."""
        with path.open("rb") as file:
            size_bytes = path.stat().st_size
            body = FileRange(file.fileno(), 0, size_bytes) if self._in_file else file.read()
            image_format = sniff(path.read_bytes()[:4096])
            gc.collect()
            ctypes.CDLL(None).malloc_trim(0)
            Path("/proc/self/clear_refs").write_text("5")
            before_bytes = status_bytes("VmRSS")
            thread = threading.Thread(target=self._render, args=(body, image_format))
            thread.start()
            thread.join()
            return status_bytes("VmHWM") - before_bytes

    def _render(self, body: bytes | FileRange, image_format: ImageFormat) -> None:
        source = self._source(body, image_format)
        decision = decide(source, self._spec, self._settings, self._pipeline.limits)
        self.predicted_bytes = estimate_bytes(
            source.info, decision, source_bytes=source.size_bytes, in_file=self._in_file
        )
        if is_themed(self._spec):
            looked_bytes = estimate_glance_bytes(
                source.info, LOOK_SIDE_PX, source_bytes=source.size_bytes, in_file=self._in_file
            )
            self.predicted_bytes = max(self.predicted_bytes, looked_bytes)
        self._pipeline.render(source, self._spec, KillSwitch())

    def _source(self, body: bytes | FileRange, image_format: ImageFormat) -> PixelSource:
        limits = self._pipeline.limits
        if image_format in CONTAINERS:
            return contained_source(body, image_format, limits)
        if image_format is not ImageFormat.SVG:
            return FileSource(body, probe(body, image_format, limits))
        assert isinstance(body, bytes)
        width, height = (float(body.split(b'"')[n]) for n in (3, 5))
        size = drawing_size(width, height, self._spec, limits)
        return Drawing(width, height, b"\x80" * (size.pixels * 4), size).as_source(body)


def status_bytes(name: str) -> int:
    """Read one line of this process's status, proc(5)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def subject_main(number: int, table: str, folder: Path) -> None:
    """Be the measured process: warm up, run, print."""
    operation = operations(table)[number]
    subject = Subject(operation)
    subject.run(source_path(folder, operation.source, 0))
    actual_bytes = subject.run(source_path(folder, operation.source, operation.megapixels))
    print(json.dumps([subject.predicted_bytes, actual_bytes]))


def measured(number: int, operation: Operation, mode: str, folder: Path) -> Outcome:
    """Run one operation in a process of its own."""
    ran = subprocess.run(
        [sys.executable, "-m", "bench.estimate", mode, "--one", str(number), "--folder", str(folder)],
        cwd=ROOT, env=python_environment(ALLOCATOR), stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    return Outcome(str(operation), *json.loads(ran.stdout))


def measure(mode: str, folder: Path) -> list[Outcome]:
    """Draw the sources into *folder*, then measure; as many at once as there are cores, as none disturbs another."""
    todo = operations(TABLES[mode])
    sources = sorted({(o.source, m) for o in todo for m in (0.0, o.megapixels)})
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda source: draw(folder, *source), sources))
        return list(pool.map(lambda item: measured(*item, mode, folder), enumerate(todo)))


TABLES = {"--full": FULL, "--quick": QUICK}


def report(outcomes: Sequence[Outcome]) -> list[str]:
    """Give the lines to print."""
    large = [o.ratio for o in outcomes if not o.is_small]
    near = sum(o.fits() for o in outcomes)
    return [
        f"{'operation':44} predicted    actual  ratio (MiB)",
        *map(str, outcomes),
        f"{len(outcomes)} operations, {near} near enough (to reach: {LOW} to {HIGH}); predicted / actual:",
        f"  of the {len(large)} that take over {SMALL_BYTES // MIB} MiB {min(large):.2f} to {max(large):.2f}",
        f"  of all {min(o.ratio for o in outcomes):.2f} at the least",
    ]


def main() -> int:
    """Measure and print; 1 if a prediction is too far off."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_const", const="--quick", default="--full", dest="mode")
    parser.add_argument("--full", action="store_const", const="--full", dest="mode")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one is not None:
        subject_main(options.one, TABLES[options.mode], options.folder)
        return 0
    with tempfile.TemporaryDirectory() as name:
        outcomes = measure(options.mode, Path(name))
    print("\n".join(report(outcomes)))
    return not all(o.fits() for o in outcomes)


if __name__ == "__main__":
    sys.exit(main())
