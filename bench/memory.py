"""
``make bench-memory``: every claim about memory, by real processes over loopback.

``python -m bench.memory`` runs all, with names of parts only those; ``--write`` writes what all of them gave into
``docs/memory.md`` and ``docs/memory.png``.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench import memory_burst, memory_held, memory_monitor, memory_plateau, memory_streams, memory_traffic
from bench.__main__ import machine
from tests.support.process import ROOT

Measure = Callable[[], Awaitable[list[str]]]

PAGE = ROOT / "docs" / "memory.md"
HEAD = """\
# Memory, measured

Written by `make bench-memory`; do not edit. The service runs as a process of its own with
`IMAGE_RAM_BUDGET_BYTES` (B) at its default, origin and clients run beside it on loopback. *At most* is the larger of
samples taken every 20 ms from outside, children included, and the kernel's high-water mark (`VmHWM`). MiB are
1,048,576 bytes. In brackets: what was to be reached.

"""


def parts(*, picture: Path | None = None) -> dict[str, tuple[str, Measure]]:
    """Give the parts by name, each with its heading, in order; *picture* is where the chart goes."""
    return {
        "burst": ("A burst, with the gate and without", memory_burst.measure),
        "plateau": ("A thousand transforms", lambda: memory_plateau.measure(picture)),
        "streams": ("Large pictures passed through", memory_streams.measure),
        "held": ("Stalled readers, and a purge", memory_held.measure),
        "traffic": ("Beside dripping origins", memory_traffic.measure),
        "monitor": ("The monitor, and hits while CRITICAL", memory_monitor.measure),
    }


def page_of(host: str, measured: dict[str, list[str]], headings: dict[str, str]) -> str:
    """Write the page."""
    texts = [f"{HEAD}Machine: {host}.\n"]
    for name, lines in measured.items():
        texts.append(f"\n## {headings[name]}\n\n```text\n" + "\n".join(lines) + "\n```\n")
        if name == "plateau":
            texts.append("\n![Resident size over a thousand transforms, by allocator](memory.png)\n")
    return "".join(texts)


def main() -> None:
    """Run what was asked for and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("names", nargs="*", metavar="PART", help=f"of {', '.join(parts())}; none = all")
    parser.add_argument("--write", action="store_true", help="write docs/memory.md and docs/memory.png")
    options = parser.parse_args()
    all_parts = parts(picture=memory_plateau.PICTURE if options.write else None)
    names = options.names or list(all_parts)
    if unknown := sorted(set(names) - all_parts.keys()):
        parser.error(f"no such part: {', '.join(unknown)}")
    if options.write and names != list(all_parts):
        parser.error("--write needs all parts")
    print(machine(), flush=True)
    measured, began = {}, time.perf_counter()
    for name in names:
        measured[name] = asyncio.run(all_parts[name][1]())
        print("\n".join(measured[name]), flush=True)
    print(f"took {time.perf_counter() - began:.0f} s", file=sys.stderr)
    if options.write:
        PAGE.write_text(page_of(machine(), measured, {name: heading for name, (heading, _) in all_parts.items()}))


if __name__ == "__main__":
    main()
