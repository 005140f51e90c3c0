"""What ``imgsvc card`` is asked for, and how it is asked of the service."""

from pathlib import Path

from msgspec import Struct

from imgsvc.commands.card import CARD_FORMATS
from imgsvc.commands.naming import file_stem, query_of, with_scheme
from imgsvc.commands.output import STANDARD_OUTPUT, check_output, format_of

_EXTENSIONS = {**{f".{name}": name for name in CARD_FORMATS}, ".jpeg": "jpg"}


class CardWish(Struct, frozen=True, kw_only=True):
    """
    What the command line asks for, as :meth:`query` understood by the rules of ``/api/og-image``.

    Attributes:
        url: of the page; without a scheme it is https.
        output: file to write, ``-`` = standard output; None = one named after the page's host.
        format: by name; None = the one of *output*'s extension, else PNG.
        kind: of the card.
        title: what stands on it; empty = the page's own.
        subtitle: likewise.
        width: in px; None = what follows from *height*, or 1200.
        height: in px; None = what follows from *width*, or 630.
        json: whether facts are written to standard output.
    """

    url: str
    output: str | None = None
    format: str | None = None
    kind: str = "og-card"
    title: str = ""
    subtitle: str = ""
    width: int | None = None
    height: int | None = None
    json: bool = False

    @property
    def format_name(self) -> str:
        """The format to write; raises click.UsageError where *output*'s extension is none that can be."""
        return self.format or format_of(self.output, _EXTENSIONS)

    def check(self) -> None:
        """See whether what is asked for goes together; raises click.UsageError where it does not."""
        check_output(self.output, json=self.json)
        _ = self.format_name

    def query(self) -> str:
        """Ask the same as a query string of ``/api/og-image``."""
        given = {
            "url": with_scheme(self.url),
            "f": self.format_name,
            "kind": self.kind,
            "title": self.title,
            "subtitle": self.subtitle,
            "w": self.width,
            "h": self.height,
        }
        return query_of((name, value) for name, value in given.items() if value not in (None, ""))

    def path(self, host: str) -> Path | None:
        """Give the file to write; None = standard output."""
        if self.output is not None:
            return None if self.output == STANDARD_OUTPUT else Path(self.output)
        return Path(f"{file_stem(host, 'page')}-card.{self.format_name}")
