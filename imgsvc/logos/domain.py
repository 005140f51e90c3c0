"""Whose logo is wanted: a client's ``website`` as a domain, and the hosts that may show it."""

import re
from collections.abc import Callable

import idna
from msgspec import Struct

from imgsvc.errors import BadDomain
from imgsvc.logos.keys import domain_of_key
from imgsvc.model.domains import Domains
from imgsvc.model.hosts import MAX_URL_CHARS, is_address, normalise_host

_SCHEME = re.compile(r"(?:https?:)?//|mailto:", re.IGNORECASE)
_OTHER_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_MAILBOX = re.compile(r"[^\s@\\:]+")
_PORT = re.compile(r":([0-9]{0,5})\Z")
_MAX_PORT = 65535
_PUNYCODE = "xn--"
_STORED = re.compile(r"\A(?:s3://|store:)", re.IGNORECASE)


class Domain(Struct, frozen=True):
    """
    A domain whose logo is wanted.

    Attributes:
        host: normalised, ASCII, without a leading ``www.``.
        registrable: the domain it lies in, such as ``example.co.uk``; *host* itself when nothing is above it.
    """

    host: str
    registrable: str

    @property
    def variants(self) -> tuple[str, ...]:
        """Hosts to ask for the site's page, in this order, each once."""
        www = () if is_address(self.registrable) or "." not in self.registrable else (f"www.{self.registrable}",)
        return tuple(dict.fromkeys((self.host, self.registrable, *www)))

    @property
    def label(self) -> str:
        """What somebody chose of the registrable domain, in its own script: ``bücher`` of ``xn--bcher-kva.de``."""
        first = self.registrable.partition(".")[0]
        try:
            return idna.decode(first)
        except idna.IDNAError:  # Punycode of what IDNA 2008 no longer allows, such as emoji, or of nothing
            return first


class DomainReader:
    """
    Reads what clients call a website. Callable from any thread.

    Args:
        domains: says what is registrable.
        is_named: whether the operator named a (normalised) host; such hosts may be addresses, single labels or lie
            below a suffix nobody knows.
    """

    def __init__(self, domains: Domains, is_named: Callable[[str], bool]) -> None:
        self._domains = domains
        self._is_named = is_named

    def read(self, text: str, *, param: str = "website") -> Domain:
        """
        Read a host, an http(s) URL, an e-mail address or a stored logo's key.

        Names that only look like others (Cyrillic ``а`` in ``apple``) are domains of their own, in their ASCII form.

        Raises:
            BadDomain: none of these, an address, a single label or an unknown suffix.
        """
        try:
            host = normalise_host(_host_in(text.strip()))
        except ValueError as error:
            raise BadDomain("The website is no host name, URL or e-mail address.", param=param) from error
        bare = host.removeprefix("www.")
        # "www.com" and "www.ck" are names somebody has registered.
        domain = bare if "." in bare else host
        if not all(_is_label(label) for label in domain.split(".")):
            raise BadDomain("The website's name is not one that IDNA allows.", param=param)
        if not self._is_named(host) and not self._is_named(domain):
            self._check(domain, param)
        return Domain(domain, self._domains.registrable(domain))

    def _check(self, host: str, param: str) -> None:
        if is_address(host):
            raise BadDomain("An address has no logo; name a domain.", param=param)
        if "." not in host:
            raise BadDomain("A single label is no domain.", param=param)
        if not self._domains.is_known(host):
            raise BadDomain("The domain's suffix is not in the public suffix list.", param=param)


def _host_in(text: str) -> str:
    """
    Cut the host out of *text*.

    Raises:
        ValueError: too long, of another scheme, a URL with a user name, or with something that is no port.
    """
    if len(text) > MAX_URL_CHARS:
        raise ValueError("too long")
    if (stored := domain_of_key(_STORED.sub("", text, count=1))) is not None:
        return stored
    scheme = _SCHEME.match(text)
    if scheme is None and _OTHER_SCHEME.match(text):
        raise ValueError("another scheme")
    authority = re.split(r"[/?#]", text[scheme.end() :] if scheme else text, maxsplit=1)[0]
    user, at, host = authority.rpartition("@")
    # https://bank.example@evil.example/ is written to be misread; info@bank.example is an e-mail address.
    if at and (not _MAILBOX.fullmatch(user) or (scheme and scheme[0].endswith("/"))):
        raise ValueError("a user name")
    return _without_port(host)


def _without_port(host: str) -> str:
    port = _PORT.search(host)
    if port is None or (host.count(":") > 1 and not host.startswith("[")):
        return host
    if int(port[1] or 0) > _MAX_PORT:
        raise ValueError("no port")
    return host[: port.start()]


def _is_label(label: str) -> bool:
    """
    Whether a label of a host is one: no hyphen at its ends, and Punycode (RFC 3492) that means something.

    What IDNA 2008 no longer allows, such as emoji, is registered all the same.
    """
    if label.startswith("-") or label.endswith("-"):
        return False
    if not label.startswith(_PUNYCODE):
        return True
    try:
        text = label.removeprefix(_PUNYCODE).encode().decode("punycode")
    except UnicodeError:
        return False
    return text != "" and text.isprintable()
