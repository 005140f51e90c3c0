"""``make bench``: one script for each claim the README makes, one run, ratios."""

import asyncio
import platform
from pathlib import Path

from bench import cards, coalescing, hits, logos, pages, sharing, stale, start, transforms, vision


def machine() -> str:
    """Name the machine the figures are of."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    cpus = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(cpus)} × {cpus[0] if cpus else platform.processor()}, Python {platform.python_version()}"


def main() -> None:
    """Run all and print."""
    print(machine(), flush=True)
    for part in (hits, stale, transforms, coalescing, logos, sharing, vision, pages, cards, start):
        print("\n".join(asyncio.run(part.measure())), flush=True)


if __name__ == "__main__":
    main()
