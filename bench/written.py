"""What benches share that write a page of ``docs/``: parts by name, and the page from what all of them gave."""

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.__main__ import machine
from bench.figures import Line

Measure = Callable[[Path | None], Awaitable[list[Line]]]
"""Gives the lines to print; draws its charts into the folder, if given one."""


@dataclass(frozen=True, slots=True)
class Part:
    """
    One part of a page.

    Attributes:
        heading: above its lines.
        measure: gives them.
        charts: files that it draws, each with what is seen on it.
    """

    heading: str
    measure: Measure
    charts: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """
    A page and the parts it is written from.

    Attributes:
        path: where it is written.
        charts: the folder that its charts are drawn into.
        head: Markdown above all.
        parts: by name, in order.
    """

    path: Path
    charts: Path
    head: str
    parts: Mapping[str, Part]

    def text(self, about: str, measured: Mapping[str, Sequence[Line]]) -> str:
        """Write it, from the lines of each part; *about* says when and where they were measured."""
        texts = [f"{self.head}{about}\n"]
        folder = self.charts.relative_to(self.path.parent)
        for name, lines in measured.items():
            part = self.parts[name]
            texts.append(f"\n## {part.heading}\n\n```text\n" + "\n".join(map(str, lines)) + "\n```\n")
            texts += [f"\n![{seen}]({(folder / file).as_posix()})\n" for file, seen in part.charts]
        return "".join(texts)

    def main(self, about: str) -> None:
        """Be the command: run the parts that are named, print, and write the page where that is asked for."""
        parser = argparse.ArgumentParser(description=about)
        parser.add_argument("names", nargs="*", metavar="PART", help=f"of {', '.join(self.parts)}; none = all")
        parser.add_argument("--write", action="store_true", help=f"write docs/{self.path.name} and its charts")
        options = parser.parse_args()
        names = options.names or list(self.parts)
        if unknown := sorted(set(names) - self.parts.keys()):
            parser.error(f"no such part: {', '.join(unknown)}")
        if options.write and names != list(self.parts):
            parser.error("--write needs all parts")
        measured = self._measured(names, self.charts if options.write else None)
        if options.write:
            self.path.write_text(self.text(f"Measured on {time.strftime('%Y-%m-%d')}: {machine()}.", measured))

    def _measured(self, names: Sequence[str], charts: Path | None) -> dict[str, list[Line]]:
        print(machine(), flush=True)
        measured, began = {}, time.perf_counter()
        if charts is not None:
            charts.mkdir(exist_ok=True)
        for name in names:
            measured[name] = asyncio.run(self.parts[name].measure(charts))
            print(*measured[name], sep="\n", flush=True)
        print(f"took {time.perf_counter() - began:.0f} s", file=sys.stderr)
        return measured
