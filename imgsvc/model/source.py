"""Where a picture comes from: one frozen value with one name."""

import hashlib
from dataclasses import dataclass, field

from yarl import URL


@dataclass(frozen=True, slots=True)
class Source:
    """
    A picture's origin, already normalised.

    Attributes:
        url: the http(s) URL, or ``s3://KEY`` for an object of our own store.
        object_key: KEY in the latter case, else None.
        h16: first 16 hex digits of SHA-256 of *url*; names the source in keys.
        host: of *url*, normalised, without port; empty for an object of our own store.
    """

    url: str
    object_key: str | None = None
    h16: str = field(init=False)
    host: str = field(init=False)

    def __post_init__(self) -> None:
        digest = hashlib.sha256(self.url.encode("utf-8", "surrogatepass")).hexdigest()
        object.__setattr__(self, "h16", digest[:16])
        host = "" if self.object_key is not None else URL(self.url, encoded=True).raw_host
        object.__setattr__(self, "host", host or "")

    @classmethod
    def stored(cls, key: str) -> "Source":
        """Name an object of our own store as the source; *key* is already validated."""
        return cls(f"s3://{key}", object_key=key)

    @property
    def loggable(self) -> str:
        """Scheme, host and path: what a log may show; the query may hold secrets."""
        if self.object_key is not None:
            return self.url
        return str(URL(self.url, encoded=True).with_query(None))
