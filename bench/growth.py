"""
``make bench-growth``: what grows, and what stays, with entries, connections and requests, by real processes.

``python -m bench.growth`` runs all, with names of parts only those; ``--write`` writes what all of them gave into
``docs/growth.md`` and ``docs/growth/``.
"""

from bench import growth_connections, growth_entries, growth_soak
from bench.written import Page, Part
from tests.support.process import ROOT

HEAD = """\
# Growth, measured

Written by `make bench-growth`; do not edit. Services run as processes of their own, clients in others beside them on
loopback, access log and metrics on. Where other work shares the machine, compare figures of one list with each other,
and processor time rather than rates. In brackets: what was to be reached.

"""
PAGE = Page(
    ROOT / "docs" / "growth.md",
    ROOT / "docs" / "growth",
    HEAD,
    {
        "entries": Part(
            "Entries in the memory cache",
            growth_entries.measure,
            [(growth_entries.CHART, "Processor time of a memory hit, with 10, 10⁴ and 10⁶ entries in the cache")],
        ),
        "connections": Part(
            "Connections",
            growth_connections.measure,
            [
                (growth_connections.RATES_CHART, "Memory hits a second, on 8 to 1,000 connections"),
                (growth_connections.CPU_CHART, "Processor time of a memory hit, on 8 to 1,000 connections"),
                (growth_connections.TIMES_CHART, "Median and 99th percentile of a hit, on 8 to 1,000 connections"),
            ],
        ),
        "soak": Part(
            "A million requests",
            growth_soak.measure,
            [
                (growth_soak.SIZE_CHART, "Resident size over a million requests"),
                (growth_soak.COUNTS_CHART, "Descriptors, tasks and threads over a million requests"),
            ],
        ),
    },
)

if __name__ == "__main__":
    PAGE.main("Measure what grows.")
