"""Redirects, followed by hand: where an answer sends us, and when it is enough."""

from urllib.parse import quote

from yarl import URL

from imgsvc.errors import TooManyRedirects

REDIRECTS = frozenset((301, 302, 303, 307, 308))
"""Statuses that send elsewhere with ``Location`` (RFC 9110 §15.4); 300, 304, 305 and 306 carry nothing for us."""

MAX_REDIRECTS = 3

_ASCII = "".join(map(chr, range(0x20, 0x7F)))


class Trail:
    """
    The URLs of one fetch, in order.

    Attributes:
        first: normalised URL the fetch began with.
        current: the last one so far.
    """

    def __init__(self, first: str) -> None:
        self.first = first
        self.current = first
        self._seen = {first}

    def target(self, location: str | None) -> str:
        """
        Give the absolute URL that a ``Location`` means (RFC 9110 §10.2.2); nobody has judged it yet.

        Raises:
            TooManyRedirects: there is none, it is no URL, or there have been :data:`MAX_REDIRECTS` already.
        """
        if len(self._seen) > MAX_REDIRECTS:
            raise TooManyRedirects(f"The source redirects more than {MAX_REDIRECTS} times.", param="url")
        if not location:
            raise TooManyRedirects("The source redirects without saying where to.", param="url")
        try:
            # Bytes that are no UTF-8 arrive as lone surrogates.
            text = quote(location.encode("utf-8", "surrogateescape"), safe=_ASCII) if _is_binary(location) else location
            return str(URL(self.current, encoded=True).join(URL(text.strip(), encoded=True)))
        except ValueError as error:
            raise TooManyRedirects("The source redirects to an invalid URL.", param="url") from error

    def go_on(self, url: str) -> None:
        """
        Move to *url* (normalised, judged).

        Raises:
            TooManyRedirects: this fetch has been there.
        """
        if url in self._seen:
            raise TooManyRedirects("The source redirects in a loop.", param="url")
        self._seen.add(url)
        self.current = url


def _is_binary(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)
