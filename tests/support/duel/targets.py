"""What is asked for: pictures of every size and kind, and targets that name them."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from imgsvc.origin.signature import Signer
from imgsvc.web.handlers.images import IMAGES_PATH, NEXT_PATH
from tests.support import pictures
from tests.support.logos import HTML, mark_svg
from tests.support.origin import ScriptedOrigin

HOST = "pics.test"
KEY = "signing-key"
LONG = {"Cache-Control": "max-age=1000000", "Last-Modified": "Mon, 02 Feb 2015 10:00:00 GMT"}
SIGNED_SECONDS = 5000


@dataclass(frozen=True, slots=True)
class Target:
    """
    What a request line names, and what was answered.

    Attributes:
        text: path and query.
        etag: of the answer; empty when it had none.
        modified: its ``Last-Modified``.
        size_bytes: of its body.
    """

    text: str
    etag: str = ""
    modified: str = ""
    size_bytes: int = 0


def serve_pictures(origin: ScriptedOrigin, *, seed: int = 1) -> None:
    """Script the site; another *seed* draws other pictures."""
    noise = pictures.noise(90, 60, seed=seed)
    origin.serve("/tiny.gif", pictures.gif(pictures.filled((seed, 9, 9), 1, 1)), headers=LONG)
    origin.serve("/photo.jpg", pictures.jpeg(noise), headers={"Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"})
    origin.serve("/long.webp", pictures.webp(noise), headers=LONG)
    origin.serve("/short.png", pictures.png(noise))
    for size_bytes in (65535, 65536, 65537, 150_000):
        origin.serve(f"/{size_bytes}.png", pictures.png(noise).ljust(size_bytes, b"\0"), headers=LONG)
    origin.serve("/mark.svg", mark_svg("#123"), headers=LONG | {"Content-Type": "image/svg+xml"})
    origin.serve("/secret.png", pictures.png(), headers={"Cache-Control": "no-store"})
    origin.serve("/words.png", pictures.png(noise), headers=LONG)
    origin.serve("/page", _page("/photo.jpg"), headers=HTML)
    origin.serve("/empty", b"<title>Nothing</title>", headers=HTML)


def fail(origin: ScriptedOrigin, *paths: str) -> None:
    """Have the site answer these paths with an error of its own."""
    for path in paths:
        origin.serve(path, b"", status=500)


def targets(now: float) -> list[str]:
    """Name everything that is served, in the ways there are; signatures end SIGNED_SECONDS after unix second *now*."""
    return [*_pictures(), *_signed(int(now)), *_others()]


def _pictures() -> Iterator[str]:
    yield from (_image(f"/{name}", f="original") for name in ("tiny.gif", "photo.jpg", "short.png", "65536.png"))
    yield from (_image("/photo.jpg", w=str(w)) for w in (16, 17, 60))
    yield from (_image("/long.webp", f=f, w="40") for f in ("png", "jpeg", "webp", "auto"))
    yield _image("/mark.svg", f="png", w="32")
    yield _image("/photo.jpg", placeholder="thumbhash")
    yield _image("/photo.jpg", v="1", w="20")
    yield _image("/short.png", w="20", tag="shoes", unknown="1")
    yield f"{NEXT_PATH}?url={quote('/photo.jpg', safe='')}&w=64&q=75"
    yield f"{IMAGES_PATH}?w=30&url=http://{HOST}/long.webp"


def _signed(now: int) -> Iterator[str]:
    yield _sign(url=_url("/long.webp"), w="50", exp=str(now + SIGNED_SECONDS))
    yield _sign(url=_url("/photo.jpg"), w="50")
    yield _sign(url=_url("/words.png"), w="25", tag="red,shoes")


def _others() -> Iterator[str]:
    yield f"/api/og-image?{urlencode({'url': _url('/page')})}"
    yield f"/api/og-image?{urlencode({'url': _url('/photo.jpg'), 'w': '40'})}"
    yield f"/api/og-data?{urlencode({'url': _url('/page')})}"


def rare_targets() -> list[str]:
    """Name what takes long, or is never kept."""
    return [
        *(_image(f"/{name}", f="original") for name in ("65535.png", "65537.png", "150000.png")),
        _image("/secret.png", w="10", f="png"), _image("/nothing.png"), _image("/photo.jpg", w="x"), "/api/health/live",
        f"/api/og-image?{urlencode({'url': _url('/empty')})}", "/nowhere", _image("/photo.jpg", refresh="1"),
    ]  # fmt: skip


def _page(picture: str) -> bytes:
    return f'<meta property="og:image" content="{_url(picture)}"><title>A page</title>'.encode()


def _url(path: str) -> str:
    return f"http://{HOST}{path}"


def _image(path: str, **parameters: str) -> str:
    return f"{IMAGES_PATH}?{urlencode({'url': _url(path), **parameters})}"


def _sign(**parameters: str) -> str:
    pairs = list(parameters.items())
    return f"{IMAGES_PATH}?{urlencode([*pairs, ('sig', Signer([KEY]).sign(IMAGES_PATH, pairs))])}"
