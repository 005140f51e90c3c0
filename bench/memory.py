"""
``make bench-memory``: every claim about memory, by real processes over loopback.

``python -m bench.memory`` runs all, with names of parts only those; ``--write`` writes what all of them gave into
``docs/memory.md`` and ``docs/memory.png``.
"""

from bench import memory_burst, memory_held, memory_monitor, memory_plateau, memory_streams, memory_traffic
from bench.written import Page, Part
from tests.support.process import ROOT

HEAD = """\
# Memory, measured

Written by `make bench-memory`; do not edit. The service runs as a process of its own with
`IMAGE_RAM_BUDGET_BYTES` (B) at its default, origin and clients run beside it on loopback. *At most* is the larger of
samples taken every 20 ms from outside, children included, and the kernel's high-water mark (`VmHWM`). MiB are
1,048,576 bytes. In brackets: what was to be reached.

"""
PAGE = Page(
    ROOT / "docs" / "memory.md",
    ROOT / "docs",
    HEAD,
    {
        "burst": Part("A burst, with the gate and without", lambda _: memory_burst.measure()),
        "plateau": Part(
            "A thousand transforms",
            memory_plateau.measure,
            [(memory_plateau.PICTURE, "Resident size over a thousand transforms, by allocator")],
        ),
        "streams": Part("Large pictures passed through", lambda _: memory_streams.measure()),
        "held": Part("Stalled readers, and a purge", lambda _: memory_held.measure()),
        "traffic": Part("Beside dripping origins", lambda _: memory_traffic.measure()),
        "monitor": Part("The monitor, and hits while CRITICAL", lambda _: memory_monitor.measure()),
    },
)

if __name__ == "__main__":
    PAGE.main("Measure the claims about memory.")
