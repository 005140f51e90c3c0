"""Hosts as URLs have them; apart from :mod:`imgsvc.model.hosts` for programs that load no more than this."""


def host_literal(host: str) -> str:
    """Write *host*, a name or an address, as a URL has it: IPv6 in brackets (RFC 3986 §3.2.2)."""
    return f"[{host}]" if ":" in host else host
