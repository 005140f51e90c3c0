"""What ``warm`` reads and writes: a file of lines, what each of them asks for, and a file of those that are done."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self
from urllib.parse import urlencode

from msgspec import Struct

_SCHEMES = ("http://", "https://")


class StateError(Exception):
    """The file of lines that are done cannot be used; the text says which and why."""


class Plan(Struct, frozen=True):
    """
    What is made of each line.

    Attributes:
        widths: of pictures, px; none = the original alone.
        sizes: of logos, px.
        themes: of logos: ``none``, ``light``, ``dark``.
        formats: of both, as ``f`` takes them.
    """

    widths: tuple[int, ...] = ()
    sizes: tuple[int, ...] = (128,)
    themes: tuple[str, ...] = ("none",)
    formats: tuple[str, ...] = ("auto",)

    def queries(self, line: str) -> Iterator[str]:
        """Give what is asked for, as query strings of ``/api/logo``, or of ``/api/cache/images`` for a URL."""
        if is_url(line):
            yield urlencode({"url": line, "f": "original"})
            for width in self.widths:
                yield from (urlencode({"url": line, "w": width, "f": name}) for name in self.formats)
            return
        for size in self.sizes:
            for theme in self.themes:
                asked = {"website": line, "size": size, "theme": theme, "fallback": "404"}
                yield from (urlencode(asked | {"f": name}) for name in self.formats)

    def entry(self, line: str) -> str:
        """Name a line together with what is made of it: done means that all of it is."""
        if not is_url(line):
            return f"{line}\tsize={_joined(self.sizes)} theme={_joined(self.themes)} format={_joined(self.formats)}"
        variants = f" width={_joined(self.widths)} format={_joined(self.formats)}" if self.widths else ""
        return f"{line}\toriginal{variants}"


def is_url(line: str) -> bool:
    """Whether a line names a picture; otherwise it names a domain."""
    return line.lower().startswith(_SCHEMES)


def read_lines(lines: Iterable[str]) -> tuple[str, ...]:
    """Give what lines name, each once, without space around it; empty ones and comments name nothing."""
    texts = (line.strip() for line in lines)
    return tuple(dict.fromkeys(text for text in texts if text and not text.startswith("#")))


class Warmed:
    """
    The file of lines that are done; entries are added as their lines end, so that whatever ends the process loses none.

    Args:
        path: of the file, made when it is missing; None = nothing is remembered.

    Raises:
        StateError: on entering, the file cannot be read or written.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._open = ExitStack()
        self.entries: frozenset[str] = frozenset()

    def __enter__(self) -> Self:
        if self._path is None:
            return self
        try:
            text = self._path.read_text("utf-8") if self._path.exists() else ""
            self._file = self._open.enter_context(self._path.open("ab", buffering=0))
            if text and not text.endswith("\n"):  # a process that was killed while it wrote
                self._file.write(b"\n")
        except (OSError, UnicodeDecodeError) as error:
            raise StateError(f"{self._path}: cannot be used as the list of lines that are done: {error}") from error
        self.entries = frozenset(text.split("\n"))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def add(self, entry: str) -> None:
        """
        Note that something is done, at once.

        Raises:
            StateError: it cannot be noted.
        """
        if self._path is None or entry in self.entries:
            return
        try:
            self._file.write(f"{entry}\n".encode())
        except OSError as error:
            raise StateError(f"{self._path}: cannot be written: {error.strerror}") from error


def _joined(values: Iterable[object]) -> str:
    return ",".join(map(str, values))
