"""Header fields in every spelling: what browsers send, what RFC 9110 allows, and what it does not."""

from random import Random

from tests.support.duel.targets import Target

BROWSERS_ACCEPT = (
    "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
    "image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
    "image/png,image/*;q=0.8,*/*;q=0.5",
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "*/*",
)

ORDINARY: tuple[tuple[float, tuple[str, ...]], ...] = (
    (0.7, tuple(f"Accept: {accept}" for accept in BROWSERS_ACCEPT)),
    (0.4, ("Accept-Encoding: gzip, deflate, br, zstd", "Accept-Encoding: gzip", "accept-encoding: identity")),
    (
        0.4,
        ("User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", "user-agent: curl/8.5.0", "User-agent: x"),
    ),
    (0.2, ("Accept-Language: de-CH,de;q=0.9,en;q=0.5", "accept-language: en")),
    (0.2, ("Connection: keep-alive", "connection: Keep-Alive")),
    (0.01, ("Connection: Close",)),
    (0.2, ("X-Request-Id: abc-123", "x-request-id: 7f.9_a-Z", "X-Request-ID: " + "r" * 128)),
    (0.2, ("Cookie: a=b; c=d", "Cookie: session=" + "c" * 300)),
    (0.2, ("Sec-Fetch-Dest: image", "Sec-Fetch-Mode: no-cors", "Sec-CH-UA-Mobile: ?0")),
    (0.1, ("Cache-Control: no-cache", "Cache-Control: max-age=0", "Pragma: no-cache")),
    (0.1, ("X-Forwarded-For: 203.0.113.7, 10.0.0.1", "X-Forwarded-Proto: https", "Forwarded: for=203.0.113.7")),
    (0.1, ("Referer: https://shop.test/a?b=c#d", "Origin: https://shop.test", "DNT: 1", "Priority: u=1, i")),
)
"""How often each of some fields is sent, and its texts."""

_HOSTS = ("Host: img.test", "host: img.test:8080", "HOST: 127.0.0.1", "Host: [::1]:80")
_ODD_HOSTS = (
    "Host:img.test",
    "Host:  img.test ",
    "Host: img.test\t",
    "Host: a, b",
    "Host: \u00e4",
    "Host: a/b",
    "Host: a:b:c",
)

_ODD_VALUES: dict[str, tuple[str, ...]] = {
    "Accept": (
        *BROWSERS_ACCEPT,
        "",
        " ",
        ",",
        "image/webp;q=0",
        "image/avif;q=0.0001",
        "image/webp;q=1.0",
        "image/webp;q=1.1",
        "IMAGE/WEBP",
        "image/avif ; q=0.5 , image/webp;Q=0.9",
        'image/webp;x="a,b;q=0"',
        'image/webp;x="',
        "image/",
        "image/*;q=0, image/webp",
        "webp",
        "image/webp" + ",x/y" * 400,
        "image/avif;q=.5, image/webp;q=0.",
    ),
    "If-None-Match": ("*", " * ", "", '""', '"', "W/", 'W/""', '"a", "b"', '"a""b"', "abc", '"a b"', 'w/"a"', ",,,"),
    "If-Modified-Since": (
        "Thu, 01 Jan 2026 00:00:00 GMT",
        "Thursday, 01-Jan-26 00:00:00 GMT",
        "Thu Jan  1 00:00:00 2026",
        "0",
        "",
        "Thu, 01 Jan 2026 00:00:00",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "yesterday",
        "Thu, 99 Jan 2026 00:00:00 GMT",
        "thu, 01 jan 2026 00:00:00 gmt",
    ),
    "If-Unmodified-Since": ("Thu, 01 Jan 1970 00:00:00 GMT", "x"),
    "If-Match": ("*", '"a"'),
    "Range": (
        "bytes=0-0",
        "bytes=0-",
        "bytes=-1",
        "bytes=-0",
        "bytes=5-2",
        "bytes=9-99999999",
        "bytes=99999999-",
        "bytes=0-1,3-4",
        "bytes=",
        "bytes=-",
        "bytes",
        "",
        "BYTES=0-3",
        "bytes = 0-3",
        "bytes=0-3,",
        "items=0-3",
        "bytes=0x1-2",
        "bytes=1-2-3",
        "bytes=" + "9" * 40 + "-",
        "bytes=\u0661-",
        "bytes=000-001",
    ),
    "If-Range": ('"a"', 'W/"a"', "Thu, 01 Jan 2026 00:00:00 GMT", "", "*"),
    "Save-Data": ("on", "ON", "off", "?1", "1", "", "on, on", "on;x"),
    "Sec-CH-DPR": ("2", "2.0", "1.5", "0", "-1", "", "x", "2, 3", "99"),
    "Sec-CH-Width": ("64", "640", "0", "", "x", "64.5", "64;a=b"),
    "DPR": ("2",),
    "Width": ("64",),
    "Connection": (
        "close",
        "CLOSE",
        "keep-alive",
        "Keep-Alive",
        "close, keep-alive",
        "keep-alive, close",
        "upgrade",
        "",
        "x",
        "close,",
        "keep-alive, upgrade",
        "TE",
        " close ",
    ),
    "Proxy-Connection": ("keep-alive", "close"),
    "Keep-Alive": ("timeout=5",),
    "Via": (
        "1.1 other",
        "1.1 imgsvc-twin",
        "1.0 x, 1.1 imgsvc-twin",
        "1.1 imgsvc-twin (c)",
        "1.1  imgsvc-twin",
        "",
        "imgsvc-twin",
    ),
    "X-Request-Id": ("a", "a b", "", "a" * 129, "ä", "a\t", "a,b", "<a>", "-._", "a;b"),
    "Accept-Encoding": ("", "*", "gzip;q=0", "identity;q=0", "br"),
    "Authorization": ("Bearer wrong", "bearer  wrong", "Basic YTpi", "", "Bearer"),
    "Cookie": ("", "a=b", "=;=;"),
    "Content-Type": ("text/plain", "application/x-www-form-urlencoded"),
    "Content-Length": ("0", "00", "", "-0", "+0", "0, 0"),
    "Transfer-Encoding": ("identity", "", "chunked"),
    "Content-Encoding": ("gzip", "identity"),
    "Expect": ("100-continue", "100-Continue", "", "x"),
    "Upgrade": ("websocket", "h2c", ""),
    "HTTP2-Settings": ("AAMAAABkAAQAAP__",),
    "Sec-WebSocket-Key": ("dGhlIHNhbXBsZSBub25jZQ==",),
    "Trailer": ("X",),
    "TE": ("trailers",),
    "Host": ("", "a b", "a,b", "a"),
    "X-HTTP-Method-Override": ("DELETE",),
    "traceparent": ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",),
    "X-\u00c4": ("1",),
    "Bad Name": ("1",),
    "": ("1",),
    "X-Long": ("l" * 8000, "l" * 9000),
}

_SEPARATORS = (": ", ":", ":  ", ":\t", ": \t ", " : ", " :")
_ENDS = ("", " ", "\t", " \t ")


def host(random: Random) -> str:
    """Give a ``Host`` field, seldom an odd one."""
    return random.choice(_HOSTS if random.random() < 0.98 else _ODD_HOSTS)


def ordinary(random: Random) -> list[str]:
    """Give the fields of a browser, a cache or a script, in any order."""
    lines = [texts[int(random.random() ** 2 * len(texts))] for share, texts in ORDINARY if random.random() < share]
    random.shuffle(lines)
    return lines


def odd(random: Random) -> str:
    """Give a field that decides something, or is not one at all."""
    name = random.choice(_ODD_NAMES)
    return spelled(random, name, random.choice(_ODD_VALUES[name]))


_ODD_NAMES = tuple(_ODD_VALUES)


def spelled(random: Random, name: str, value: str) -> str:
    """Spell a field in one of the ways that mean the same, or nearly."""
    if random.random() < 0.5:
        return f"{name}: {value}"
    name = random.choice((name, name.lower(), name.upper(), name.swapcase()))
    separator = random.choice(_SEPARATORS if random.random() < 0.2 else _SEPARATORS[:5])
    return f"{name}{separator}{value}{random.choice(_ENDS)}"


def condition(random: Random, target: Target) -> str:
    """Give a field that is about what the client has of *target* already."""
    etag, size = target.etag or '"none"', target.size_bytes
    opaque, middle = etag.removeprefix("W/"), max(1, size // 2)
    name, values = random.choice(
        (
            (
                "If-None-Match",
                (etag, f"W/{opaque}", f'"x", {etag}', f'{etag},"x"', f"{etag} {etag}", opaque[:-2], f"x{etag}"),
            ),
            ("If-None-Match", (etag,)),
            ("If-Modified-Since", (target.modified,)),
            ("If-Range", (etag, f"W/{opaque}", target.modified)),
            (
                "Range",
                (f"bytes=0-{size - 1}", f"bytes={size}-", f"bytes={size - 1}-", f"bytes=-{size}", f"bytes=1-{middle}"),
            ),
        )
    )
    return spelled(random, name, random.choice(values))


def conditions(random: Random, target: Target) -> list[str]:
    """Give one such field, or those that go together."""
    etag, modified = target.etag or '"none"', target.modified
    if random.random() < 0.6:
        return [condition(random, target)]
    return random.choice(
        (
            [f"If-None-Match: {etag}", f"If-Modified-Since: {modified}"],
            ['If-None-Match: "other"', f"If-Modified-Since: {modified}"],
            ['If-None-Match: "other"', f"If-None-Match: {etag}"],
            ["Range: bytes=0-9", f"If-Range: {etag}"],
            ["Range: bytes=0-9", f"If-None-Match: {etag}"],
            ["If-Range: x"],
        )
    )
