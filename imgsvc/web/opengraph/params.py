"""From a query to the page that is meant."""

from msgspec import Struct

from imgsvc.model.source import Source
from imgsvc.web.given import collect
from imgsvc.web.opengraph.parameters import PAGE_BY_NAME
from imgsvc.web.query import decode_query
from imgsvc.web.sources import read_source


class PageQuestion(Struct, frozen=True):
    """
    A question about a page, understood.

    Attributes:
        page: its URL.
        ignored: names not known, fit for a header.
    """

    page: Source
    ignored: tuple[str, ...]


def parse_page_query(raw_query: str) -> PageQuestion:
    """
    Understand a question about a page.

    Args:
        raw_query: what follows the ``?``, still percent-encoded.

    Raises:
        InvalidRequest: there is no URL of a page in it.
    """
    given = collect(decode_query(raw_query), PAGE_BY_NAME)
    return PageQuestion(read_source(given.values.get("url"), stored=False), given.ignored)
