"""Which hosts belong together: those below one name that somebody has registered."""

from functools import lru_cache

from publicsuffixlist import PublicSuffixList

LOOK_UPS_KEPT = 4096


class Domains:
    """
    Registrable domains, by the public suffix list, its private part included: each name below ``github.io`` is one.

    Making it reads the list from disk and takes tens of milliseconds: in a thread, once, and shared. Callable from any
    thread.
    """

    def __init__(self) -> None:
        self._list = PublicSuffixList(accept_unknown=False)
        self._found = lru_cache(LOOK_UPS_KEPT)(self._find)

    def registrable(self, host: str) -> str:
        """
        Give the domain that *host* (normalised) lies in; below a suffix nobody knows, its last two labels.

        An address, a single label and a public suffix stand for themselves.
        """
        return host if _is_address(host) else self._found(host)

    def is_known(self, host: str) -> bool:
        """Whether *host* (normalised) ends in a suffix of the list, or is one."""
        return not _is_address(host) and self._list.publicsuffix(host) is not None

    def _find(self, host: str) -> str:
        if self._list.publicsuffix(host) is None:
            return ".".join(host.split(".")[-2:])
        return self._list.privatesuffix(host) or host


def _is_address(host: str) -> bool:
    return ":" in host or host.rpartition(".")[2].isdigit()  # no top-level domain is numeric
