"""How many lines came to what, and which failed why."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from msgspec import Struct, field

from imgsvc.commands import printable

MOST_FAILURES_SHOWN = 20


class Failure(Struct, frozen=True):
    """
    Why a line failed.

    Attributes:
        code: as the service answers it over HTTP, or one of this command's own.
        detail: one sentence for a person.
    """

    code: str
    detail: str


class Tally(Struct):
    """
    What lines came to.

    Attributes:
        skipped: were done before.
        done: are done now.
        failures: lines that failed, in the order they did.
    """

    skipped: int = 0
    done: int = 0
    failures: list[tuple[str, Failure]] = field(default_factory=list)

    def add(self, line: str, failure: Failure | None) -> None:
        """Count a line that has ended."""
        if failure is None:
            self.done += 1
        else:
            self.failures.append((line, failure))

    def facts(self, *, is_whole: bool) -> dict[str, Any]:
        """Give it for programs, with every failure."""
        failures = [{"line": line, "code": why.code, "detail": why.detail} for line, why in self.failures]
        counts = {"done": self.done, "skipped": self.skipped, "failed": len(failures)}
        return {**counts, "interrupted": not is_whole, "failures": failures}

    def summary(self, *, is_whole: bool) -> Iterator[str]:
        """Give it as lines of text: the counts, then failures by code, the most frequent first."""
        interrupted = "" if is_whole else "interrupted: "
        yield f"{interrupted}{self.done} done, {self.skipped} skipped, {len(self.failures)} failed"
        by_code: dict[str, list[str]] = defaultdict(list)
        for line, failure in self.failures:
            by_code[failure.code].append(f"  {printable(line)}: {printable(failure.detail)}")
        left = MOST_FAILURES_SHOWN
        for code, texts in sorted(by_code.items(), key=lambda item: (-len(item[1]), item[0])):
            yield f"{code}: {len(texts)}"
            yield from texts[:left]
            left -= min(left, len(texts))
        if (unsaid := len(self.failures) - MOST_FAILURES_SHOWN) > 0:
            yield f"and {unsaid} more"
