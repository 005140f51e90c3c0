"""Hosts and URLs in normal form, and rules that name hosts."""

import ipaddress
import re
import unicodedata
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote

import idna
from msgspec import Struct
from yarl import URL

from imgsvc.errors import InvalidRequest, SchemeNotAllowed, UserinfoNotAllowed
from imgsvc.model.literals import host_literal

MAX_URL_CHARS = 3072
SCHEMES = ("http", "https")

# Everything RFC 3986 lets stand in a query, and "%", which is already somebody's escape. The rest is escaped.
_QUERY_SAFE = "!$&'()*+,;=:@/?%-._~[]|^`{}\\"
# RFC 1035 §2.3.4: labels of 1 to 63 characters; underscores and hyphens in odd places are seen in the wild.
_HOST = re.compile(r"(?=[a-z0-9_])(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{0,62}[a-z0-9_]")
_MAX_HOST_CHARS = 253
_SYMBOLS = frozenset(("Sc", "Sk", "Sm", "So", "Me"))  # enclosing marks: what makes a keycap of a digit
_UNSAFE = re.compile(r"[\x00-\x20\x7f]")
# The parser below would read ":8_0", ":+80" and full-width digits as a port.
_BAD_PORT = re.compile(r":(?![0-9]*\Z)[^:\]]*\Z")

# What is in normal form already, as nearly all are: no URL that this takes comes out of the parser below as another.
# Escapes are those of bytes that no parser decodes. Dot segments, and a port that may be the scheme's, are for it.
_NORMAL = re.compile(
    r"(?P<scheme>https?)://(?P<host>(?=[a-z0-9_])(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{0,62}[a-z0-9_])"
    r"(?::(?!0|80/|443/)[0-9]{1,4})?"
    r"(?:/(?!\.)(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%(?:2[05F]|[89A-F][0-9A-F]))*+)++"
    r"(?:\?[A-Za-z0-9!$&'()*+,;=:@/?%._~\[\]|^`{}\\-]++)?"
)


def normalise_host(host: str) -> str:
    """
    Lower-case a host, drop one trailing dot, and turn it into its ASCII form (IDNA 2008 with UTS 46 mapping).

    Symbols, such as emoji, which only UTS 46 and browsers know, are let through as well.

    Raises:
        ValueError: the text is no host name and no address.
    """
    host = host.removesuffix(".").lower()
    if (address := address_of(host.strip("[]"))) is not None:
        return str(address)
    if host.isascii():
        if not _HOST.fullmatch(host) or len(host) > _MAX_HOST_CHARS:
            raise ValueError(f"{host!r} is not a host name")
        return host
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        return _with_symbols(host)


def _with_symbols(host: str) -> str:
    """Write a name that IDNA 2008 refuses; it has to be one that it would take with letters for symbols."""
    try:
        name = ".".join(map(_ascii_label, idna.uts46_remap(host).split(".")))
    except idna.IDNAError as error:
        raise ValueError(f"{host!r} is not a host name") from error
    if not _HOST.fullmatch(name) or len(name) > _MAX_HOST_CHARS or is_address(name):
        raise ValueError(f"{host!r} is not a host name")
    return name


def _ascii_label(label: str) -> str:
    if label.isascii():
        return label
    idna.check_label("".join("x" if unicodedata.category(each) in _SYMBOLS else each for each in label))
    return "xn--" + label.encode("punycode").decode("ascii")


def is_address(host: str) -> bool:
    """Whether *host* is an address, which has no brackets, and no name."""
    return address_of(host) is not None


def address_of(host: str) -> IPv4Address | IPv6Address | None:
    """Read *host* as an address, which has no brackets; None = it is a name, which costs no parsing."""
    if ":" not in host and not host[-1:].isdigit():
        return None
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def origin_of(url: str) -> tuple[str, int]:
    """
    Give host (normalised) and port of an http(s) URL.

    Raises:
        ValueError: it has no host.
    """
    origin = URL(url, encoded=True).origin()
    return normalise_host(origin.raw_host or ""), origin.port or 0


def normalise_url(text: str, *, param: str = "url") -> str:
    """
    Bring an http(s) URL into the form that is its key and that is fetched.

    Scheme and host lower-case and ASCII, default port, fragment and dot segments dropped; the query's bytes are kept
    (an origin may have signed them), only what no URL may hold is escaped.

    Raises:
        InvalidRequest: no URL with a host, or longer than 3,072 characters.
        SchemeNotAllowed: neither http nor https.
        UserinfoNotAllowed: it carries a user name or password.
    """
    if len(text) > MAX_URL_CHARS:
        raise InvalidRequest(f"A source URL has at most {MAX_URL_CHARS} characters.", param=param)
    if (normal := _NORMAL.fullmatch(text)) is not None and len(normal["host"]) <= _MAX_HOST_CHARS:
        return text
    return _normalised(text, param)


def _normalised(text: str, param: str) -> str:
    """Do so by all of the rules."""
    scheme = text.partition(":")[0].lower()
    if scheme not in SCHEMES:
        raise SchemeNotAllowed("A source URL begins with http:// or https://.", param=param)
    before, _, query = text.partition("#")[0].partition("?")
    authority = before.partition("://")[2].partition("/")[0]
    if _UNSAFE.search(authority) or "\\" in before:
        raise InvalidRequest("The source URL holds characters that no URL may hold.", param=param)
    if "@" in authority:  # an empty user name as well, which the parser drops in silence
        raise UserinfoNotAllowed("The source URL carries a user name or password.", param=param)
    if _BAD_PORT.search(authority):
        raise InvalidRequest("The source URL has no valid host or port.", param=param)
    try:
        return _rebuilt(URL(_UNSAFE.sub(lambda m: quote(m[0]), before)), query)
    except ValueError as error:
        raise InvalidRequest("The source URL has no valid host or port.", param=param) from error


def _rebuilt(url: URL, query: str) -> str:
    """Put the parts together again; the query apart, because yarl would rewrite ``%20`` in it to ``+``."""
    host = normalise_host(url.raw_host or "")
    port = "" if url.port in (None, 80 if url.scheme == "http" else 443) else f":{url.port}"
    tail = f"?{quote(query, safe=_QUERY_SAFE)}" if query else ""
    return f"{url.scheme}://{host_literal(host)}{port}{url.raw_path or '/'}{tail}"


class HostRules(Struct, frozen=True):
    """
    A list of hosts: exact names, ``*.suffix`` for everything below a name, ``*`` for any host, ``store:`` for keys.

    Attributes:
        exact: normalised names.
        suffixes: normalised, each with its leading dot; the suffix itself is not meant.
        anything: whether ``*`` is in the list.
        store: whether ``store:`` is in the list.
    """

    exact: frozenset[str] = frozenset()
    suffixes: tuple[str, ...] = ()
    anything: bool = False
    store: bool = False

    @classmethod
    def parse(cls, items: list[str]) -> "HostRules":
        """
        Read a settings list.

        Raises:
            ValueError: an item is none of the four shapes.
        """
        plain = [i for i in items if i not in ("*", "store:")]
        wild = [i.removeprefix("*.") for i in plain if i.startswith("*.")]
        return cls(
            exact=frozenset(normalise_host(i) for i in plain if not i.startswith("*.")),
            suffixes=tuple("." + normalise_host(i) for i in wild),
            anything="*" in items,
            store="store:" in items,
        )

    def match(self, host: str) -> str | None:
        """Give the rule that allows *host* (normalised), or None."""
        if host in self.exact:
            return host
        suffix = next((s for s in self.suffixes if host.endswith(s)), None)
        return f"*{suffix}" if suffix else "*" if self.anything else None
