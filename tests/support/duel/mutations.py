"""What may happen to a request on its way from a client that means well to one that does not."""

import re
from collections.abc import Callable
from random import Random

NASTY = b'\x00\x01\t\n\x0b\r "#%&+,-./:;<=>?@[\\]^_`{|}~\x7f\x80\xc3\xa9\xffAaZz09'
"""Bytes that mean something to somebody."""

HIDDEN = b"GET /api/health/live HTTP/1.1\r\nHost: hidden\r\n\r\n"
"""A request where a body belongs."""

Mutation = Callable[[Random, bytes], bytes]


def mutated(random: Random, request: bytes) -> bytes:
    """Change *request* once, or a few times."""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        request = random.choice(MUTATIONS)(random, request)
    return request


def flipped(random: Random, request: bytes) -> bytes:
    """Change one bit."""
    at = random.randrange(len(request))
    return request[:at] + bytes([request[at] ^ 1 << random.randrange(8)]) + request[at + 1 :]


def replaced(random: Random, request: bytes) -> bytes:
    """Put a nasty byte in the place of another."""
    at = random.randrange(len(request))
    return request[:at] + _nasty(random) + request[at + 1 :]


def inserted(random: Random, request: bytes) -> bytes:
    """Insert nasty bytes."""
    at = random.randrange(len(request) + 1)
    return request[:at] + _nasty(random) * random.choice((1, 1, 2, 5)) + request[at:]


def deleted(random: Random, request: bytes) -> bytes:
    """Leave something away."""
    at = random.randrange(len(request))
    return request[:at] + request[at + random.choice((1, 1, 2, 10)) :]


def doubled(random: Random, request: bytes) -> bytes:
    """Send something twice."""
    at, size = random.randrange(len(request)), random.choice((1, 2, 20, 200))
    return request[: at + size] + request[at:]


def cut(random: Random, request: bytes) -> bytes:
    """Break off, and complete the head all the same."""
    return request[: random.randrange(len(request))] + random.choice((b"\r\n\r\n", b"\r\n", b"\n\n"))


def bare_line_feed(random: Random, request: bytes) -> bytes:
    """End one line, or all, in another way."""
    return request.replace(b"\r\n", random.choice((b"\n", b"\r", b"\r\r\n", b"\n\r")), random.choice((1, 2, -1)))


def folded(random: Random, request: bytes) -> bytes:
    """Continue a line on the next one (RFC 9112 §5.2)."""
    return _in_place_of_space(random, request, random.choice((b"\r\n ", b"\r\n\t", b"\n ")))


def _in_place_of_space(random: Random, request: bytes, filling: bytes) -> bytes:
    spaces = [found.start() for found in re.finditer(b" ", request)]
    at = random.choice(spaces) if spaces else 0
    return request[:at] + filling + request[at + 1 :]


def spaced(random: Random, request: bytes) -> bytes:
    """Write another white space."""
    return _in_place_of_space(random, request, random.choice((b"  ", b"\t", b"", b" \t", b"\x0b", b"\xa0")))


def other_method(random: Random, request: bytes) -> bytes:
    """Ask with another method."""
    methods = (
        b"get",
        b"GeT",
        b"HEAD",
        b"head",
        b"POST",
        b"PUT",
        b"DELETE",
        b"OPTIONS",
        b"TRACE",
        b"PATCH",
        b"GETS",
        b"",
        b"G T",
    )
    return random.choice(methods) + request[request.find(b" ") :]


def other_version(random: Random, request: bytes) -> bytes:
    """Claim another version of HTTP."""
    versions = (
        b"HTTP/1.0",
        b"HTTP/1.2",
        b"HTTP/2.0",
        b"HTTP/0.9",
        b"http/1.1",
        b"HTTP/1.10",
        b"HTTP/1.",
        b"HTTP/11",
        b"HTTPS/1.1",
    )
    return request.replace(b"HTTP/1.1", random.choice(versions), 1)


def without_version(random: Random, request: bytes) -> bytes:
    """Leave the version away."""
    return request.replace(b" HTTP/1.1", random.choice((b"", b" ", b" HTTP/1.1 ", b" HTTP/1.1 x")), 1)


def other_form(random: Random, request: bytes) -> bytes:
    """Write the target in another form (RFC 9112 §3.2)."""
    prefixes = (
        b"http://img.test",
        b"https://img.test",
        b"HTTP://IMG.TEST:80",
        b"//img.test",
        b"/",
        b"/.",
        b"/x/..",
        b"http://u:p@a",
    )
    return request.replace(b" /", b" " + random.choice(prefixes) + b"/", 1)


def with_tail(random: Random, request: bytes) -> bytes:
    """Add to the target what means nothing, or something else."""
    tails = (
        b"#fragment",
        b"#",
        b"&",
        b"?",
        b"&&",
        b"&w=16",
        b"&W=16",
        b"/",
        b";x",
        b"%",
        b"%0",
        b"%00",
        b"%zz",
        b"\xc3\xa9",
        b"&=",
    )
    return request.replace(b" HTTP/", random.choice(tails) + b" HTTP/", 1)


def escaped(random: Random, request: bytes) -> bytes:
    """Escape a character of the target that needs none, or change the case of an escape."""
    head, space, rest = request.partition(b" HTTP/")
    escapes = [found.start() for found in re.finditer(b"%[0-9A-Fa-f]{2}", head)]
    if escapes and random.random() < 0.5:
        at = random.choice(escapes)
        return head[:at] + head[at : at + 3].swapcase() + head[at + 3 :] + space + rest
    letters = [found.start() for found in re.finditer(b"(?<!%)(?<!%.)[a-z/=&]", head)]
    at = random.choice(letters) if letters else 0
    return head[:at] + b"%%%02X" % request[at] + head[at + 1 :] + space + rest


def unescaped(random: Random, request: bytes) -> bytes:
    """Write an escaped character of the target as it is."""
    escapes = [found.start() for found in re.finditer(b"%[0-9A-F]{2}", request)]
    if not escapes:
        return request
    at = random.choice(escapes)
    return request[:at] + bytes([int(request[at + 1 : at + 3], 16)]) + request[at + 3 :]


def with_empty_lines(random: Random, request: bytes) -> bytes:
    """Begin with empty lines (RFC 9112 §2.2)."""
    return random.choice((b"\r\n", b"\n", b"\r\n\r\n", b" ", b"\r")) + request


def with_field(random: Random, request: bytes) -> bytes:
    """Add a field that changes how what follows is read, with what follows."""
    field, tail = random.choice(_FRAMING)
    return request.replace(b"\r\n", b"\r\n" + field + b"\r\n" if field else b"\r\n", 1) + tail


_FRAMING = (
    (b"Content-Length: 0", b""),
    (b"Content-Length: 5", b"hello"),
    (b"Content-Length: 5", b""),
    (b"Content-Length: %d" % len(HIDDEN), HIDDEN),
    (b"Content-Length: 0\r\nContent-Length: 0", b""),
    (b"Content-Length: 1\r\nContent-Length: 2", b"ab"),
    (b"Content-Length: x", b""),
    (b"Content-Length: -1", b""),
    (b"Transfer-Encoding: chunked", b"0\r\n\r\n"),
    (b"Transfer-Encoding: chunked", b"3\r\nabc\r\n0\r\n\r\n"),
    (b"Transfer-Encoding: chunked", b"x\r\n"),
    (b"Transfer-Encoding: gzip, chunked", b"0\r\n\r\n"),
    (b"Transfer-Encoding: chunked\r\nContent-Length: 3", b"0\r\n\r\n"),
    (b"Transfer-Encoding: x", b""),
    (b"Expect: 100-continue", b""),
    (b"Expect: 100-continue\r\nContent-Length: 2", b"ab"),
    (b"Expect: magic", b""),
    (b"Upgrade: websocket\r\nConnection: upgrade", b""),
    (b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings", b""),
    (b"Upgrade: websocket\r\nConnection: upgrade", HIDDEN),
    (b"Connection: close", HIDDEN),
    (b"X-Huge: " + b"h" * 20_000, b""),
    (b"\r\n".join(b"X-%d: y" % n for n in range(200)), b""),
    (b"X-Nul: a\x00b", b""),
    (b"X-Text: caf\xe9", b""),
    (b"", HIDDEN),
)


def _nasty(random: Random) -> bytes:
    at = random.randrange(len(NASTY))
    return NASTY[at : at + 1]


MUTATIONS: tuple[Mutation, ...] = (
    flipped,
    flipped,
    replaced,
    replaced,
    inserted,
    inserted,
    deleted,
    deleted,
    doubled,
    cut,
    bare_line_feed,
    folded,
    spaced,
    other_method,
    other_version,
    without_version,
    other_form,
    with_tail,
    escaped,
    unescaped,
    with_empty_lines,
    with_field,
    with_field,
)
"""One is chosen; what often finds something is there twice."""
