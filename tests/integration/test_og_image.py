"""``/api/og-image`` over HTTP: pages and pictures, always a picture."""

import asyncio

import pytest

from imgsvc.model.formats import ImageFormat
from tests.integration.conftest import size_of
from tests.support import pictures
from tests.support.logos import HTML, PNG, SVG, mark_svg
from tests.support.sharing import CARD_PX, JPEG, ask, offering, seen


async def test_a_pages_picture(service, origin):
    """A page's picture is answered as it is, with its size; the second time is a hit that knows its conditions."""
    origin.serve("/p", offering("/a.jpg"), headers=HTML)
    origin.serve("/a.jpg", seen(), headers=JPEG)

    first, again = await ask(service, origin.url("/p")), await ask(service, origin.url("/p"))
    known = await ask(service, origin.url("/p"), headers={"If-None-Match": again.headers["ETag"]})
    head = await ask(service, origin.url("/p"), "HEAD")

    assert (first.status, first.headers["Content-Type"], first.body) == (200, "image/jpeg", seen())
    assert (first.headers["X-Image-Width"], first.headers["X-Image-Height"]) == ("800", "420")
    assert (first.headers["X-Cache"], again.headers["X-Cache"]) == ("MISS", "HIT")
    assert (first.headers["X-Source"], again.headers["X-Source"]) == ("origin", "memory")
    assert first.headers.get("X-Fallback") is None
    assert 86000 < first.max_age <= 86400
    assert (known.status, head.status, head.body, head.headers["X-Image-Width"]) == (304, 200, b"", "800")
    assert (origin.hits("/p"), origin.hits("/a.jpg")) == (1, 1)


async def test_when_a_picture_was_made(service, origin):
    """A picture that a page names was last modified when its source says; a client that has it since gets no more."""
    date = "Mon, 02 Feb 2015 10:00:00 GMT"
    origin.serve("/p", offering("/a.jpg"), headers=HTML)
    origin.serve("/a.jpg", seen(), headers=JPEG | {"Last-Modified": date})

    first, small = await ask(service, origin.url("/p")), await ask(service, origin.url("/p"), w="100")
    known = await ask(service, origin.url("/p"), headers={"If-Modified-Since": date})

    assert (first.headers["Last-Modified"], small.headers["Last-Modified"]) == (date, date)
    assert known.status == 304


@pytest.mark.parametrize("is_page", [False, True])
@pytest.mark.parametrize(
    "make",
    [
        lambda: pictures.corpus("exif-6.jpg"),
        lambda: pictures.jpeg(pictures.quarters(300, 300).icc_transform("cmyk"), profile="cmyk", keep="icc"),
    ],
)
async def test_what_cannot_be_passed_on_as_it_is(service, origin, make, is_page):
    """A picture that is turned, tells where it was taken, or has colours of its own, is made anew for crawlers."""
    source = make()
    origin.serve("/p", offering("/a.jpg"), headers=HTML)
    origin.serve("/a.jpg", source, headers=JPEG)
    upright = pictures.decoded(source).autorot()

    answer = await ask(service, origin.url("/p" if is_page else "/a.jpg"))

    made = pictures.decoded(answer.body)
    assert (answer.status, answer.headers.get("X-Fallback")) == (200, None)
    assert (answer.headers["X-Image-Width"], made.width) == (str(upright.width), upright.width)
    assert (made.interpretation, made.get_typeof("exif-data"), made.get_typeof("orientation")) == ("srgb", 0, 0)


async def test_two_hundred_at_once(service, origin):
    """Equal questions are one page and one picture."""
    origin.serve("/p", offering("/a.jpg"), headers=HTML)
    origin.serve("/a.jpg", seen(), headers=JPEG)

    answers = await asyncio.gather(*(ask(service, origin.url("/p")) for _ in range(200)))

    assert {(answer.status, answer.body) for answer in answers} == {(200, seen())}
    assert (origin.hits("/p"), origin.hits("/a.jpg")) == (1, 1)


async def test_candidates_in_their_order(service, origin):
    """The first that is a picture, large enough, not blank and no strip is taken."""
    bad = {
        "/gone.jpg": None, "/text.jpg": b"no picture", "/small.png": pictures.png(pictures.quarters(199, 300)),
        "/blank.png": pictures.png(pictures.filled((250, 250, 250), 600, 400)),
        "/strip.png": pictures.png(pictures.quarters(1210, 240)), "/cut.jpg": seen()[:900],
    }  # fmt: skip
    for path, body in bad.items():
        if body is not None:
            origin.serve(path, body, headers=PNG)
    origin.serve("/p", offering("data:image/png;base64,AAAA", *bad, "/good.png", "/never.png"), headers=HTML)
    origin.serve("/good.png", pictures.png(pictures.quarters(200, 200)), headers=PNG)

    answer = await ask(service, origin.url("/p"))

    assert (answer.headers["X-Image-Width"], answer.headers["Content-Type"]) == ("200", "image/png")
    assert answer.headers.get("X-Fallback") is None
    assert (origin.hits("/cut.jpg"), origin.hits("/never.png")) == (1, 0)


async def test_a_drawing_has_any_size(service, origin):
    """SVG counts however small; crawlers get it drawn as large as a card, as PNG, or as they ask."""
    origin.serve("/p", offering("/a.svg"), headers=HTML)
    origin.serve("/a.svg", mark_svg(side_px=64), headers=SVG)

    answer, small = await ask(service, origin.url("/p")), await ask(service, origin.url("/p"), w="100")
    original = await ask(service, origin.url("/p"), f="original")

    assert (answer.headers["Content-Type"], answer.headers.get("X-Fallback")) == ("image/png", None)
    assert (size_of(answer.body), size_of(small.body)) == ((630, 630), (100, 100))
    assert original.headers["Content-Type"] == "image/svg+xml"


async def test_a_title_alone_is_a_card(service):
    """A card needs no page; it stands in for nothing then."""
    answer = await service.request("GET", "/api/og-image", None, title="Ada Lovelace", kind="person")

    assert (answer.status, size_of(answer.body), answer.headers.get("X-Fallback")) == (200, CARD_PX, None)
    assert answer.headers["X-Source"] == "generated"


async def test_a_picture_named_directly(strict, origin):
    """A picture of an allowed host is answered, whatever it is called and declared; resized when asked."""
    for path, kind in (("/a.jpg", "image/jpeg"), ("/photo", "image/jpeg"), ("/lie", "text/html"), ("/b.html", "")):
        origin.serve(path, seen(), headers={"Content-Type": kind})
        url = f"http://listed.test{path}"

        whole, small = await ask(strict, url), await ask(strict, url, w="100")

        assert (whole.body, whole.headers.get("X-Fallback")) == (seen(), None), path
        assert (size_of(small.body), small.headers["X-Image-Width"]) == ((100, 53), "100")


async def test_a_page_that_is_declared_a_picture(service, origin):
    """What is a page is read as one, whatever it is called; its data are not given out."""
    origin.serve("/p", offering("/a.jpg"), headers=JPEG)
    origin.serve("/p.png", offering("/a.jpg"), headers=PNG)
    origin.serve("/a.jpg", seen(), headers=JPEG)

    answers = [await ask(service, origin.url(path)) for path in ("/p", "/p.png")]
    data = await service.request("GET", "/api/og-data", None, url=origin.url("/p"))

    assert [answer.body for answer in answers] == [seen()] * 2
    assert (data.status, data.json()["code"]) == (415, "not-a-page")


async def test_a_page_of_any_host(strict, origin):
    """A page, and the picture that it names, may be anybody's."""
    origin.serve("/p", offering("http://cdn.test/a.jpg"), headers=HTML)
    origin.serve("/a.jpg", seen(), headers=JPEG)

    assert (await ask(strict, "http://other.test/p")).body == seen()


async def test_what_moves_goes_on_moving(service, origin):
    """Animations pass as they are, for crawlers too, unless a still is asked for."""
    moving = pictures.animation(ImageFormat.WEBP, 240, 240)
    origin.serve("/p", offering("/a.webp"), headers=HTML)
    origin.serve("/a.webp", moving, headers={"Content-Type": "image/webp"})

    asked = ({}, {"f": "jpg"}, {"for": "facebook"})
    plain, still, network = [await ask(service, origin.url("/p"), **more) for more in asked]

    assert (plain.headers["Content-Type"], plain.body) == ("image/webp", moving)
    assert [len(pictures.pages(answer.body)) for answer in (still, network)] == [1, 1]


@pytest.mark.parametrize(("accept", "kind"), [("*/*", "image/jpeg"), ("image/webp,*/*", "image/webp")])
async def test_crawlers_get_what_all_take(service, origin, accept, kind):
    """Who does not name a modern format is not given one, however the source is made."""
    origin.serve("/p", offering("/a.webp"), headers=HTML)
    origin.serve("/a.webp", pictures.webp(pictures.quarters(400, 300)), headers={"Content-Type": "image/webp"})

    answer = await ask(service, origin.url("/p"), headers={"Accept": accept})

    assert (answer.headers["Content-Type"], answer.headers["Vary"]) == (kind, "Accept")


CLEAR = pictures.filled((255, 255, 255, 0), 400, 300).insert(pictures.filled((250, 250, 250, 255), 200, 100), 100, 100)


@pytest.mark.parametrize("body", [pictures.webp(CLEAR), pictures.png(CLEAR)], ids=["webp", "png"])
async def test_white_is_not_laid_on_white(service, origin, body):
    """Where it has to be JPEG a logo in white is laid on night; one in black is laid on white, as ever."""
    dark = pictures.png(pictures.filled((0, 0, 0, 0), 400, 300).insert(pictures.filled((9, 9, 9, 255), 200, 100), 9, 9))
    for path, data in (("/a", body), ("/b", dark)):
        origin.serve(f"/p{path}", offering(path), headers=HTML)
        origin.serve(path, data, headers=PNG)

    for more in ({"for": "whatsapp"}, {"f": "jpg"}):
        white, black = [await ask(service, origin.url(f"/p{path}"), **more) for path in ("/a", "/b")]

        assert white.headers["Content-Type"] == "image/jpeg"
        grounds = [pictures.decoded(answer.body)(399, 299)[0] for answer in (white, black)]
        assert [round(part / 255) for part in (*grounds, pictures.decoded(white.body).max())] == [0, 1, 1]


@pytest.mark.parametrize(
    "body",
    [
        pictures.webp(CLEAR), pictures.webp(CLEAR, lossless=False), pictures.avif(CLEAR),
        pictures.simple_webp(CLEAR),
    ],
    ids=["webp", "lossy webp", "avif", "simple webp"],
)  # fmt: skip
async def test_what_is_clear_stays_clear(service, origin, body):
    """A logo in white is not laid on white: what has alpha is PNG for who names no format."""
    origin.serve("/p", offering("/a"), headers=HTML)
    origin.serve("/a", body, headers={"Content-Type": "image/webp"})

    answers = [await ask(service, origin.url("/p"), **more) for more in ({}, {"w": "200"})]

    assert [answer.headers["Content-Type"] for answer in answers] == ["image/png"] * 2
    assert [pictures.decoded(answer.body)(0, 0)[-1] for answer in answers] == [0, 0]
