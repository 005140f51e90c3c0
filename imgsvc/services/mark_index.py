"""Marks by what they name, so that holding a source against thousands of them costs a few look-ups."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from imgsvc.model.blob import tags_of
from imgsvc.model.purge import Kind, Mark
from imgsvc.model.source import Source

Name = tuple[Kind, str]


class Verdict(Struct, frozen=True):
    """
    What marks say of something that was fetched at some moment.

    Attributes:
        is_gone: a hard mark hits it: it is not there.
        stale_since: unix seconds of the latest soft mark that hits it; None = none does.
    """

    is_gone: bool = False
    stale_since: float | None = None


UNTOUCHED = Verdict()


class MarkIndex:
    """
    The latest mark of each name.

    Args:
        marks: to begin with.
    """

    def __init__(self, marks: Iterable[Mark] = ()) -> None:
        self._marks: dict[tuple[Kind, str, bool], Mark] = {}
        self._origins: dict[str, set[str]] = {}
        self.newest = 0.0
        """Unix seconds of the latest mark; what was fetched since is hit by none."""
        self.newest_tag = 0.0
        """The same of those that name a word."""
        for mark in marks:
            self.add(mark)

    def __len__(self) -> int:
        return len(self._marks)

    def __iter__(self) -> Iterator[Mark]:
        return iter(tuple(self._marks.values()))

    def get(self, mark: Mark) -> Mark | None:
        """Give the mark that counts under the name of *mark*."""
        return self._marks.get(mark.name)

    def add(self, mark: Mark) -> None:
        """Take *mark* in, unless a later one of its name is there."""
        before = self._marks.get(mark.name)
        if before is not None and before.rank >= mark.rank:
            return
        self._marks[mark.name] = mark
        if mark.kind == "prefix":
            self._origins.setdefault(_origin(mark.value), set()).add(mark.value)
        self.newest = max(self.newest, mark.time)
        if mark.kind == "tag":
            self.newest_tag = max(self.newest_tag, mark.time)

    def remove(self, marks: Iterable[Mark]) -> None:
        """Drop those of *marks* that are here."""
        for mark in marks:
            if self._marks.get(mark.name) == mark:
                del self._marks[mark.name]
                self._forget_prefix(mark)
        self.newest = max((mark.time for mark in self._marks.values()), default=0.0)
        self.newest_tag = max((mark.time for mark in self._marks.values() if mark.kind == "tag"), default=0.0)

    def verdict(self, source: Source, words: str, fetched_at: float) -> Verdict:
        """Judge something of *source*, with these words between spaces, fetched at a unix second."""
        if fetched_at >= self.newest:
            return UNTOUCHED
        names = self._names(source, words)
        if self._latest(names, hard=True) > fetched_at:
            return Verdict(is_gone=True)
        stale_since = self._latest(names, hard=False)
        return Verdict(stale_since=stale_since) if stale_since > fetched_at else UNTOUCHED

    def latest(self, source: Source, words: str) -> float:
        """Give the unix second of the latest mark that names *source*; 0 = none does."""
        if not self._marks:
            return 0.0
        names = self._names(source, words)
        return max(self._latest(names, hard=True), self._latest(names, hard=False))

    def _names(self, source: Source, words: str) -> list[Name]:
        """Name all that a mark could be named after to mean *source*."""
        url, labels = source.url, source.host.split(".")
        return [
            ("all", ""),
            ("url", url),
            ("domain", source.host),
            *(("domain", f"*.{'.'.join(labels[n:])}") for n in range(1, len(labels))),
            *(("tag", tag) for tag in tags_of(source, words)),
            *(("prefix", p) for p in self._origins.get(_origin(url), ()) if url.startswith(p)),
        ]

    def _latest(self, names: Iterable[Name], *, hard: bool) -> float:
        marks = (self._marks.get((kind, value, hard)) for kind, value in names)
        return max((mark.time for mark in marks if mark is not None), default=0.0)

    def _forget_prefix(self, mark: Mark) -> None:
        """Drop a prefix that neither a soft nor a hard mark names any more."""
        if mark.kind != "prefix" or any(("prefix", mark.value, hard) in self._marks for hard in (False, True)):
            return
        prefixes = self._origins[_origin(mark.value)]
        prefixes.discard(mark.value)
        if not prefixes:
            del self._origins[_origin(mark.value)]


def _origin(url: str) -> str:
    """Give scheme and authority of a URL in normal form; prefixes of other origins need not be looked at."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"
