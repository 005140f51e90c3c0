"""What the renderer draws, and what it refuses to."""

import asyncio

import pytest

from imgsvc.errors import ImageTooLarge
from imgsvc.transform.svg_sanitiser import sanitise
from tests.unit.transform.svg_renderers import CLEAR, NAMESPACE, RED, SQUARE, pixel, renderer


async def test_draws_at_exactly_the_asked_size():
    """The picture is stretched to the box, with straight alpha."""
    half = f'<svg {NAMESPACE} viewBox="0 0 10 10"><rect width="5" height="10" fill="red" opacity="0.5"/></svg>'
    async with renderer() as subject:
        raster = await subject.render(half.encode(), 40, 10)
    assert (raster.width, raster.height, len(raster.data)) == (40, 10, 1600)
    assert pixel(raster, 2, 2) == pytest.approx((255, 0, 0, 128), abs=2)
    assert pixel(raster, 30, 2) == CLEAR


@pytest.mark.parametrize(
    "attributes",
    ['width="5" height="5" viewBox="0 0 10 10"', 'width="90" height="9"', 'viewBox="0 0 10 10" style="width:3px"'],
)
async def test_documents_own_size_does_not_matter(attributes):
    """Whatever a document says of its size, in a style sheet too, it fills the box."""
    body = "<style>svg{width:3px;height:70px}</style><rect width='100%' height='100%' fill='red'/>"
    async with renderer() as subject:
        raster = await subject.render(f"<svg {NAMESPACE} {attributes}>{body}</svg>".encode(), 17, 13)
    assert pixel(raster, 8, 6) == RED
    assert len(raster.data) == 17 * 13 * 4


async def test_margins_are_stretched_with_the_picture():
    """A square in a wide picture stays in its middle."""
    body = '<rect width="10" height="10" fill="red"/>'
    wide = f'<svg {NAMESPACE} width="30" height="10" viewBox="0 0 10 10">{body}</svg>'
    async with renderer() as subject:
        raster = await subject.render(wide.encode(), 90, 90)
    assert [pixel(raster, x, 45) for x in (5, 45, 85)] == [CLEAR, RED, CLEAR]


async def test_nothing_outside_is_read(tmp_path):
    """Even unsanitised, a document cannot make the worker open a file."""
    (tmp_path / "red.svg").write_bytes(SQUARE)
    url = (tmp_path / "red.svg").as_uri()
    hostile = (
        f'<svg {NAMESPACE} xmlns:xi="http://www.w3.org/2001/XInclude" viewBox="0 0 9 9">'
        f'<image href="{url}" width="9" height="9"/><use href="{url}#a"/><xi:include href="{url}"/></svg>'
    )
    async with renderer() as subject:
        raster = await subject.render(hostile.encode(), 9, 9)
    assert set(raster.data) == {0}


RICH = f"""<?xml version="1.0" encoding="utf-8"?>
<!-- Generator: a drawing program -->
<svg version="1.1" id="Layer_1" {NAMESPACE} xmlns:xlink="http://www.w3.org/1999/xlink"
  xmlns:i="http://ns.adobe.com/AdobeIllustrator/10.0/" x="0px" y="0px" viewBox="0 0 100 100"
  style="enable-background:new 0 0 100 100;" xml:space="preserve">
<style type="text/css"> .st0{{fill:url(#SVGID_1_);}}
  .st1{{fill:none;stroke:#09F;stroke-width:3;}} g > .st2{{opacity:.4}}
</style>
<metadata><x xmlns="urn:x"/></metadata>
<defs>
  <linearGradient id="base"><stop offset="0" style="stop-color:#F00"/><stop offset="1" stop-color="rgb(0,0,255)"/>
  </linearGradient>
  <linearGradient id="SVGID_1_" xlink:href="#base" gradientUnits="userSpaceOnUse" x1="0" y1="0" x2="100" y2="100"/>
  <clipPath id="c"><circle cx="50" cy="50" r="45"/></clipPath>
  <mask id="m"><rect width="100" height="60" fill="#fff"/></mask>
  <filter id="f"><feGaussianBlur stdDeviation="2"/><feOffset dx="3" dy="3"/></filter>
  <pattern id="p" width="10" height="10" patternUnits="userSpaceOnUse"><path d="M0,0h5v5H0z" fill="lime"/></pattern>
  <marker id="k" markerWidth="4" markerHeight="4" orient="auto"><path d="M0,0L4,2L0,4z"/></marker>
  <symbol id="s" viewBox="0 0 10 10"><circle class="st1" cx="5" cy="5" r="3"/></symbol>
</defs>
<switch><foreignObject requiredExtensions="urn:x" width="1" height="1"/><g i:extraneous="self">
  <g clip-path="url(#c)"><rect class="st0" width="100" height="100"/></g>
  <rect class="st2" mask="url(#m)" filter="url(#f)" x="20" y="20" width="50" height="60" style="fill:url('#p')"/>
  <a xlink:href="http://example.test/"><use xlink:href="#s" x="10" y="50" width="40" height="40"/></a>
  <path class="st1" d="M5 95 L95 95" marker-end="url(#k)"/>
  <text x="5" y="30" font-size="20">a<tspan dy="4">b</tspan></text>
</g></switch>
</svg>""".encode()


async def test_sanitising_changes_no_pixel_of_an_honest_picture():
    """Gradients, clips, masks, filters, patterns, markers, symbols, text and style sheets look as they did."""
    clean = await asyncio.to_thread(sanitise, RICH)
    async with renderer() as subject:
        before, after = await subject.render(RICH, 200, 200), await subject.render(clean, 200, 200)
    assert before.data == after.data
    assert len(set(after.data)) > 100


async def test_too_many_pixels_are_refused():
    """A box above the limit, or none at all, never reaches the worker."""
    async with renderer(max_pixels=100) as subject:
        for box in ((11, 10), (0, 5), (-3, -3)):
            with pytest.raises(ImageTooLarge):
                await subject.render(SQUARE, *box)
        assert subject.statistics().spawned == 0


async def test_what_cannot_be_drawn_leaves_the_worker_alive():
    """A document the renderer refuses at an absurd size is too large there; the worker goes on."""
    async with renderer(max_pixels=2**30) as subject:
        with pytest.raises(ImageTooLarge):
            await subject.render(SQUARE, 2**28, 1)
        assert pixel(await subject.render(SQUARE, 1, 1), 0, 0) == RED
        assert (subject.statistics().spawned, subject.statistics().refused) == (1, 1)


async def test_a_size_too_much_for_memory_is_no_word_on_the_document():
    """What cannot be drawn large is refused as too large, which nobody remembers of it, and is drawn small."""
    layers = '<g opacity="0.9">' * 6
    svg = f'<svg {NAMESPACE} width="70" height="70">{layers}<rect width="70" height="70" fill="red"/>{"</g>" * 6}</svg>'
    async with renderer(max_pixels=50_000_000, timeout_seconds=30) as subject:
        with pytest.raises(ImageTooLarge):
            await subject.render(svg.encode(), 7000, 7000)
        assert (await subject.render(svg.encode(), 70, 70)).width == 70
