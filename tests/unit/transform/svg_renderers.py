"""A renderer that is checked for leftovers, its timers, and documents for it."""

import asyncio
import os
from contextlib import asynccontextmanager
from pathlib import Path

from imgsvc.transform.svg import SvgRenderer

NAMESPACE = 'xmlns="http://www.w3.org/2000/svg"'
RED = (255, 0, 0, 255)
CLEAR = (0, 0, 0, 0)
SQUARE = f'<svg {NAMESPACE} viewBox="0 0 10 10"><rect width="10" height="10" fill="red"/></svg>'.encode()
BOMB = (
    f'<svg {NAMESPACE} width="9" height="9"><g id="a0"><rect width="9" height="9"/></g>'
    + "".join(f'<g id="a{i + 1}">' + f'<use href="#a{i}"/>' * 10 + "</g>" for i in range(9))
    + '<use href="#a9"/></svg>'
).encode()


class Timers:
    """A clock's hands: what shall happen later happens when the test says so."""

    def __init__(self):
        self.pending = []

    def __call__(self, seconds, callback):
        timer = Timer(self.pending, seconds, callback)
        self.pending.append(timer)
        return timer


class Timer:
    def __init__(self, pending, seconds, callback):
        self.pending, self.seconds, self.callback = pending, seconds, callback

    def cancel(self):
        if self in self.pending:
            self.pending.remove(self)

    def fire(self):
        self.pending.remove(self)
        self.callback()


def workers():
    """Processes of ours that are SVG workers."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command, status = path.read_bytes(), path.with_name("stat").read_text()
        except OSError:
            continue
        if b"svg_worker.py" in command and status.rpartition(")")[2].split()[1] == str(os.getpid()):
            found.add(int(path.parent.name))
    return found


@asynccontextmanager
async def renderer(timeout_seconds=100, max_pixels=1_000_000, **options):
    """Give a renderer and check that nothing of it is left."""
    options.setdefault("call_later", Timers())
    subject = SvgRenderer(timeout_seconds, max_pixels, **options)
    try:
        yield subject
    finally:
        await subject.aclose()
        assert workers() == set()
        assert pixel_files() == []
        assert subject.statistics().worker_pid is None
        assert subject.statistics().waiting == 0


def pixel_files():
    """Descriptors of this process on files that workers draw into."""
    found = []
    for path in Path("/proc/self/fd").iterdir():
        try:
            found += [path.name] if "svg-pixels" in str(path.readlink()) else []
        except OSError:  # the listing's own descriptor
            continue
    return found


def pixel(raster, x, y):
    at = (y * raster.width + x) * 4
    return tuple(raster.data[at : at + 4])


async def begun(subject):
    """Wait until the worker has been handed a document, by the processor time it takes."""
    while not (pid := subject.statistics().worker_pid):
        await asyncio.to_thread(os.sched_yield)
    while await asyncio.to_thread(cpu_ticks, pid) < 30:
        pass
    return pid


def cpu_ticks(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11])
