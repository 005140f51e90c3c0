"""Headers: read in a thread the first time, remembered by the digest of their source."""

import hashlib
import time

import pytest

from imgsvc.errors import CorruptImage
from imgsvc.model.formats import ImageFormat
from imgsvc.settings import TransformSettings
from imgsvc.transform import headers as headers_module
from imgsvc.transform import runtime
from imgsvc.transform.admission import OpenAdmission
from imgsvc.transform.headers import Headers
from imgsvc.transform.looking import Looker
from imgsvc.transform.pipeline import Pipeline
from imgsvc.transform.workshop import Workshop
from tests.support import pictures

JPEG = ImageFormat.JPEG
DATA = pictures.oriented_jpeg(6)
DIGEST = hashlib.sha256(DATA).hexdigest()


class Bench:
    """Headers, and how often a thread was asked to read one."""

    def __init__(self) -> None:
        runtime.prepare()
        self.looker = Looker(Pipeline(TransformSettings(), time.monotonic))
        self.work = Workshop(TransformSettings(), None, time.monotonic, OpenAdmission())
        self.headers = Headers(self.work, self.looker)

    @property
    def reads(self) -> int:
        return self.work.statistics()[0].completed


@pytest.fixture
async def bench():
    bench = Bench()
    yield bench
    await bench.work.aclose()


async def test_a_header_is_read_once(bench) -> None:
    """Asked for again it is there, even if the bytes are not."""
    first = await bench.headers.of(DATA, JPEG, DIGEST)
    assert (first, bench.reads) == (bench.looker.header(DATA, JPEG), 1)
    assert (await bench.headers.of(b"", JPEG, DIGEST), bench.reads) == (first, 1)


async def test_what_was_inspected_is_known(bench) -> None:
    """Whoever has looked at a source has read its header already."""
    found = bench.looker.inspect(DATA, None)
    bench.headers.keep(found)
    assert (await bench.headers.of(DATA, JPEG, found.sha256), bench.reads) == (found.info, 0)


async def test_without_a_digest_nothing_is_remembered(bench) -> None:
    """Two sources of which it is not known that they are the same are not taken for that."""
    turned, plain = await bench.headers.of(DATA, JPEG, ""), await bench.headers.of(pictures.jpeg(), JPEG, "")
    assert (turned.orientation, plain.orientation, bench.reads) == (6, 1, 2)


async def test_drawings_and_broken_pictures_are_not_remembered(bench) -> None:
    """The one has no such header, the other is found broken each time."""
    bench.headers.keep(drawing := bench.looker.inspect(pictures.SVG, None))
    for digest in (drawing.sha256, "d", "d"):
        with pytest.raises(CorruptImage):
            await bench.headers.of(DATA[:100], JPEG, digest)
    assert bench.reads == 3


async def test_what_was_not_asked_for_lately_is_forgotten(bench, monkeypatch) -> None:
    """As many as the bound says are kept."""
    monkeypatch.setattr(headers_module, "REMEMBERED", 2)
    headers = Headers(bench.work, bench.looker)
    for digest in ("a", "b", "c", "a"):
        await headers.of(DATA, JPEG, digest)
    assert bench.reads == 4
