"""Where a picture comes from: one frozen value with one name."""

import hashlib

from msgspec import Struct
from msgspec.structs import force_setattr
from yarl import URL


class Source(Struct, frozen=True):
    """
    A picture's origin, already normalised.

    Attributes:
        url: the http(s) URL, ``s3://KEY`` for an object of our own store, ``imgsvc:NAME`` for a picture made here.
        object_key: KEY in the second case, else None.
        is_generated: whether it is the third.
        asset_id: of a picture on the operator's asset server, the UUID by which that knows it, in lower case with
            dashes; *url* is there, and is asked with the server's token.
        h16: worked out, as *host*: first 16 hex digits of SHA-256 of *url*; names the source in keys.
        host: of *url*, normalised, without port; empty for what comes from no host.
    """

    url: str
    object_key: str | None = None
    is_generated: bool = False
    asset_id: str | None = None
    h16: str = ""
    host: str = ""

    def __post_init__(self) -> None:
        digest = hashlib.sha256(self.url.encode("utf-8", "surrogatepass")).hexdigest()
        force_setattr(self, "h16", digest[:16])
        host = URL(self.url, encoded=True).raw_host if self.has_origin else ""
        force_setattr(self, "host", host or "")

    @classmethod
    def stored(cls, key: str) -> "Source":
        """Name an object of our own store as the source; *key* is already validated."""
        return cls(f"s3://{key}", object_key=key)

    @classmethod
    def generated(cls, name: str) -> "Source":
        """Name a picture that is made here; another name is another picture."""
        return cls(f"imgsvc:{name}", is_generated=True)

    @property
    def has_origin(self) -> bool:
        """Whether it comes from somewhere else, and can be asked for there again."""
        return self.object_key is None and not self.is_generated

    @property
    def loggable(self) -> str:
        """Scheme, host and path: what a log may show; the query may hold secrets."""
        if not self.has_origin:
            return self.url
        return str(URL(self.url, encoded=True).with_query(None))
