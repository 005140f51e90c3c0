"""Which hosts belong together: those below one name that somebody has registered."""

from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

LOOK_UPS_KEPT = 4096


class Domains:
    """
    Registrable domains, by the public suffix list, its private part included: each name below ``github.io`` is one.

    One is shared by all. Callable from any thread; whoever is not in one sees to it that the list :attr:`is_loaded`.
    """

    def __init__(self) -> None:
        self._list: PublicSuffixList | None = None
        self._loading = Lock()
        self._found = lru_cache(LOOK_UPS_KEPT)(self._find)

    @property
    def is_loaded(self) -> bool:
        """Whether :meth:`load` is done."""
        return self._list is not None

    def load(self) -> "PublicSuffixList":
        """Read the list from disk, once; that takes tens of milliseconds: for a thread."""
        with self._loading:
            if self._list is None:
                from publicsuffixlist import PublicSuffixList  # noqa: PLC0415 - not before it is needed

                self._list = PublicSuffixList(accept_unknown=False)
            return self._list

    def registrable(self, host: str) -> str:
        """
        Give the domain that *host* (normalised) lies in; below a suffix nobody knows, its last two labels.

        An address, a single label and a public suffix stand for themselves.
        """
        return host if _is_address(host) else self._found(host)

    def is_known(self, host: str) -> bool:
        """Whether *host* (normalised) ends in a suffix of the list, or is one."""
        return not _is_address(host) and (self._list or self.load()).publicsuffix(host) is not None

    def _find(self, host: str) -> str:
        suffixes = self._list or self.load()
        if suffixes.publicsuffix(host) is None:
            return ".".join(host.split(".")[-2:])
        return suffixes.privatesuffix(host) or host


def _is_address(host: str) -> bool:
    return ":" in host or host.rpartition(".")[2].isdigit()  # no top-level domain is numeric
