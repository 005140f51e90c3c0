"""Page data that a hard purge hit leaves the store."""

import pytest

from imgsvc.model.purge import Mark
from imgsvc.model.source import Source
from imgsvc.model.spec import Output, TransformSpec
from imgsvc.services.mark_index import MarkIndex
from imgsvc.services.opengraph.document import DOCUMENT_PREFIX
from imgsvc.services.opengraph.sweeping import PageSweep
from tests.support.blobs import meta_of
from tests.support.logos import HTML, page
from tests.unit.services.opengraph.conftest import seen

pytestmark = pytest.mark.slow


@pytest.fixture
async def kept(parts, origin) -> Source:
    """A page that is known, and lies in the store."""
    origin.serve("/dir/p", page("<title>t</title>"), headers=HTML)
    source = parts.source("/dir/p")
    await parts.pages.find(source, None)
    await parts.stored()
    return source


@pytest.mark.parametrize(
    ("kind", "value", "is_hit"),
    [
        ("url", "{url}", True), ("domain", "origin.test", True), ("domain", "*.test", True),
        ("prefix", "http://origin.test:{port}/dir/", True), ("domain", "other.test", False),
        ("prefix", "http://origin.test:{port}/other/", False), ("tag", "logo:origin.test", False),
    ],
)  # fmt: skip
async def test_what_is_hit(parts, origin, kept, kind, value, is_hit):
    """A document goes by its page's URL, prefix or domain; what no mark names stays, and so does what is newer."""
    sweep, now = PageSweep(parts.store, parts.purges._remove), parts.clock.now
    named = kept.h16 if kind == "url" else value.format(port=origin.port)
    mark = "tag" if kind == "url" else kind
    named = f"url:{named}" if kind == "url" else named

    older = await sweep(MarkIndex([Mark(mark, named, hard=True, time=now - 10)]))
    newer = await sweep(MarkIndex([Mark(mark, named, hard=True, time=now + 10)]))

    assert (older, newer) == (0, int(is_hit))
    assert bool(await parts.keys(DOCUMENT_PREFIX)) is not is_hit


async def test_soft_marks_take_nothing_out(parts, kept):
    """What is only marked stale is answered on, and stays."""
    mark = Mark("domain", kept.host, hard=False, time=parts.clock.now + 10)

    assert await PageSweep(parts.store, parts.purges._remove)(MarkIndex([mark])) == 0
    assert len(await parts.keys(DOCUMENT_PREFIX)) == 1


async def test_damage_is_passed_over(parts, kept):
    """What is no document is nobody's, and holds up no sweep."""
    await parts.store.put(f"{DOCUMENT_PREFIX}damaged.json", b"{", meta_of(b"{"))

    assert (
        await PageSweep(parts.store, parts.purges._remove)(
            MarkIndex([Mark("domain", kept.host, hard=True, time=parts.clock.now + 9)])
        )
        == 1
    )
    assert await parts.keys(DOCUMENT_PREFIX) == [f"{DOCUMENT_PREFIX}damaged.json"]


async def test_the_picture_goes_too(parts, origin, ask):
    """With a document go the picture that was chosen for it, and all made of that."""
    ask.offer("/a.jpg")
    origin.serve("/a.jpg", seen())
    await ask()
    await ask(spec=TransformSpec(output=Output.JPEG, width=50))
    await parts.stored()
    assert len(await parts.keys("")) == 3

    mark = Mark("domain", "origin.test", hard=True, time=parts.clock.now + 10)

    assert await PageSweep(parts.store, parts.purges._remove)(MarkIndex([mark])) == 3
    assert await parts.keys("") == []
