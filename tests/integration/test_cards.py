"""Cards of pages, with real parts: words, colours, logos and portraits from a scripted site."""

import asyncio
import io
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace
from PIL import Image

from imgsvc.errors import AddressNotPublic, OriginTimeout
from imgsvc.model.card import CARD_HEIGHT_PX, CARD_WIDTH_PX, CardKind
from imgsvc.model.source import Source
from imgsvc.model.spec import Output, TransformSpec
from imgsvc.services.answers import ImageRequest, Tier
from imgsvc.services.limits import Allowance, RateLimits
from imgsvc.services.opengraph.answers import ShareRequest
from imgsvc.services.opengraph.card_logos import CardLogos
from imgsvc.services.opengraph.deadline import Deadline
from imgsvc.services.opengraph.document import PageDocument
from imgsvc.services.opengraph.emblem import WAIT_SECONDS
from imgsvc.services.opengraph.portraits import Portraits
from imgsvc.settings import Settings
from imgsvc.transform.cards import BAR_PX, MARGIN_PX, PORTRAIT_PX
from tests.support.logos import HTML, PNG, World, logo_world, mark, page, saved
from tests.support.spine import until

PAGE_URL = "http://acme.test/p"
RED, GREEN = (200, 0, 0), (0, 110, 50)
MIDDLE_Y = (CARD_HEIGHT_PX - BAR_PX) // 2


@pytest.fixture
async def world(tmp_path) -> AsyncIterator[World]:
    async with logo_world(tmp_path) as world:
        yield world


def asked(url: str = PAGE_URL, **given) -> ShareRequest:
    source = given.pop("source", Source(url))
    return ShareRequest(source=source, spec=TransformSpec(output=Output.ORIGINAL), **given)


async def read(world: World, *head: str, title: str = "A title", url: str = PAGE_URL) -> PageDocument:
    """Let the site have such a page, and read it."""
    world.site.serve("/p", page(*head, title=title), headers=HTML)
    known, _ = await world.parts.pages.page(Source(url), None)
    return known.record


async def card(world: World, *given, **more) -> ImageRequest:
    return await world.parts.cards.request(*given, **more)


async def drawn(world: World, request: ImageRequest) -> Image.Image:
    """Have it drawn by the spine."""
    served = await world.parts.images.get(request)
    served.let_go()
    return Image.open(io.BytesIO(served.blob.data)).convert("RGB")


def edge(image: Image.Image) -> tuple[int, ...]:
    """Give the colour that closes a card."""
    return image.getpixel((CARD_WIDTH_PX // 2, CARD_HEIGHT_PX - 2))


def portrait(size: tuple[int, int] = (100, 100), colour=RED) -> bytes:
    return saved(Image.new("RGB", size, colour))


def offering(*paths: str) -> str:
    return "".join(f'<meta property="og:image" content="{path}">' for path in paths)


async def test_a_card_is_made_by_the_spine_and_not_stored(world):
    """It is a PNG of its size; asked for again it comes from memory, and the store never sees it."""
    document = await read(world, '<meta name="theme-color" content="#006e32">')
    first = await world.parts.images.get(await card(world, asked(), document))
    again = await world.parts.images.get(await card(world, asked(), document))
    await world.parts.stored()

    assert (first.tier, again.tier, first.blob.meta.media_type) == (Tier.GENERATED, Tier.MEMORY, "image/png")
    assert first.blob.data == again.blob.data
    assert Image.open(io.BytesIO(first.blob.data)).size == (CARD_WIDTH_PX, CARD_HEIGHT_PX)
    assert not [key for key in await world.parts.keys() if "card" in key]


async def test_the_pages_colour_goes_first(world):
    """A theme colour is the card's; without one the logo's is, and without either one that follows from the host."""
    world.serve_icon(mark(180, "#c80000"))
    themed = await card(world, asked(), await read(world, '<meta name="theme-color" content="#006e32">'))
    plain = replace(await read(world), data=replace((await read(world)).data, theme_colour=None))

    assert edge(await drawn(world, themed)) == GREEN
    assert edge(await drawn(world, await card(world, asked(), plain))) == RED


async def test_a_site_without_anything(world):
    """Nothing is known but the host: the card is there, the same each time, and another host's is another."""
    cards = [await card(world, asked(url), None) for url in (PAGE_URL, PAGE_URL, "http://other.test/p")]

    assert cards[0].source == cards[1].source != cards[2].source
    assert (await drawn(world, cards[0])).size == (CARD_WIDTH_PX, CARD_HEIGHT_PX)


async def test_everything_that_shows_names_the_card(world):
    """Other words, another kind and another logo are other cards."""
    document = await read(world)
    plain = await card(world, asked(), document)
    others = [
        await card(world, asked(title="Mine"), document),
        await card(world, asked(subtitle="Mine"), document),
        await card(world, asked(kind=CardKind.COMPANY), document),
    ]
    world.serve_icon()
    world.parts.logo_keeper.forget(world.subject().domain)
    await world.parts.logos.refresh(world.subject(), None, is_admin=True)
    others.append(await card(world, asked(), document))

    assert len({each.source.url for each in (plain, *others)}) == 5


async def test_the_logo_is_on_the_card(world):
    """A red mark stands on the page's card; the site is searched once, whatever is asked afterwards."""
    world.serve_icon(mark(180, "#c80000"))
    document = await read(world)
    image = await drawn(world, await card(world, asked(), document))
    hits = world.site.hits("/icon.png")
    await card(world, asked(title="Another"), document)

    tile = image.crop((MARGIN_PX, 72, MARGIN_PX + 96, 168))
    assert RED in {colour for _, colour in tile.getcolors(1 << 16)}
    assert world.site.hits("/icon.png") == hits == 1


async def test_a_logo_reads_on_its_tile(world):
    """On a company's tile of its own colour a mark of that colour is adapted."""
    world.serve_icon(mark(180, "#006e32"))
    document = await read(world, '<meta name="theme-color" content="#006e32">')
    image = await drawn(world, await card(world, asked(kind=CardKind.COMPANY), document))

    tile = image.crop((CARD_WIDTH_PX // 2 - 100, 120, CARD_WIDTH_PX // 2 + 100, 300))
    colours = {colour for count, colour in tile.getcolors(1 << 16) if count > 50}
    assert GREEN in colours
    assert max(min(colour) for colour in colours) > 200


async def test_a_slow_site_has_a_card_without_its_logo_first(world):
    """The card does not wait for the search, which goes on; the next card has the logo."""
    world.site.serve("/", page('<link rel="icon" href="/icon.png">'), headers=HTML)
    gate = world.site.gate("/icon.png", mark(180, "#c80000"))
    made = world.parts.cards
    hasty = CardLogos(world.parts.logos, world.parts.logo_keeper, lambda: True, wait_seconds=0.05)
    made._logos = hasty
    first = await card(world, asked(), None)
    assert len(hasty._behind) == 1
    gate.set()
    await hasty.idle()
    second = await card(world, asked(), None)

    assert first.source != second.source


async def test_without_time_a_card_has_no_logo(world):
    """What has taken all the time of the answer leaves none for a search, which goes on for the next card."""
    world.site.serve("/", page('<link rel="icon" href="/icon.png">'), headers=HTML)
    gate = world.site.gate("/icon.png", mark(180, "#c80000"))
    async with asyncio.timeout(WAIT_SECONDS - 0.5):
        first = await card(world, asked(), None, deadline=over())
    gate.set()
    await world.parts.card_logos.idle()
    second = await card(world, asked(), None, deadline=over())
    third = await card(world, asked(), None)

    assert first.source != second.source == third.source


async def test_a_refused_host_is_not_asked(world):
    """Where the page's address is not public nobody looks for a logo, neither there nor at others."""
    world.serve_icon()
    await card(world, asked(), None, AddressNotPublic("private", param="url"))

    assert world.site.hits("/") == world.site.hits("/icon.png") == 0
    assert world.google.hits("/s2") == 0


async def test_a_stored_picture_has_a_card_without_a_site(world):
    """There is no host to be named, and none to be asked."""
    made = await card(world, asked(source=Source.stored("images/opengraph/a.png"), title="Words"), None)

    assert (await drawn(world, made)).size == (CARD_WIDTH_PX, CARD_HEIGHT_PX)
    assert world.site.hits("/") == 0


async def test_a_client_without_fetches_left_gets_a_card(world):
    """The limit on searches keeps the logo away, not the card."""
    world.serve_icon()
    limits = RateLimits(Settings.from_env({"IMGSVC_RATE_LIMIT": "1/600"}).limits, world.parts.domains)
    allowance = Allowance(limits, "client")
    allowance.take("acme.test")
    await card(world, asked(), None, OriginTimeout("slow"), allowance)

    assert world.site.hits("/icon.png") == 0


async def test_an_address_has_no_logo(world):
    """A host that is no domain is shown as it is."""
    made = await card(world, asked("http://127.0.0.1/p"), None)

    assert (await drawn(world, made)).size == (CARD_WIDTH_PX, CARD_HEIGHT_PX)


async def test_a_portrait(world):
    """The first picture that goes into a circle is in it; one too small, too wide or broken is passed over."""
    world.site.serve("/tiny.png", portrait((63, 63)), headers=PNG)
    world.site.serve("/wide.png", portrait((201, 100)), headers=PNG)
    world.site.serve("/broken.png", b"\x89PNG\r\n\x1a\nnothing", headers=PNG)
    world.site.serve("/good.png", portrait(), headers=PNG)
    document = await read(world, offering("/tiny.png", "/wide.png", "/broken.png", "/good.png"))
    image = await drawn(world, await card(world, asked(kind=CardKind.PERSON), document))
    await card(world, asked(kind=CardKind.PERSON, title="Other"), document)

    assert image.getpixel((MARGIN_PX + PORTRAIT_PX // 2, MIDDLE_Y)) == RED
    assert [world.site.hits(f"/{name}.png") for name in ("tiny", "wide", "broken", "good")] == [1, 1, 1, 1]


async def test_a_portrait_that_nobody_may_keep(world):
    """A picture that its source forbids to share is on no card, for cards are everybody's."""
    world.site.serve("/own.png", portrait(), headers=PNG | {"Cache-Control": "private"})
    document = await read(world, offering("/own.png"))

    image = await drawn(world, await card(world, asked(kind=CardKind.PERSON), document))

    assert image.getpixel((MARGIN_PX + PORTRAIT_PX // 2, MIDDLE_Y)) != RED


async def test_no_portrait_is_remembered(world):
    """Without one there are initials, and the same pictures are not fetched again for a while."""
    world.site.serve("/wide.png", portrait((400, 100)), headers=PNG)
    document = await read(world, offering("/wide.png"))
    for _ in range(2):
        image = await drawn(world, await card(world, asked(kind=CardKind.PERSON), document))
    assert world.site.hits("/wide.png") == 1
    world.parts.clock.forward(901)
    await card(world, asked(kind=CardKind.PERSON), document)

    assert image.getpixel((MARGIN_PX + PORTRAIT_PX // 2, MIDDLE_Y)) != RED
    assert world.site.hits("/wide.png") == 2


async def test_a_slow_portrait_is_done_without(world):
    """A picture that does not come in time is given up, its place and connection with it."""
    gate = world.site.gate("/late.png", portrait())
    parts = world.parts
    parts.cards._portraits = hasty_portraits(world)
    document = await read(world, offering("/late.png"))
    made = await card(world, asked(kind=CardKind.PERSON), document)
    gate.set()
    await until(lambda: not parts.fetcher.statistics().open)

    assert (await drawn(world, made)).size == (CARD_WIDTH_PX, CARD_HEIGHT_PX)
    assert parts.free_slots == parts.settings.origin.fetch_slots


async def test_without_time_a_card_has_no_portrait(world):
    """It is not asked for either, and nothing is said of the page by that: the next card has it."""
    world.site.serve("/good.png", portrait(), headers=PNG)
    document = await read(world, offering("/good.png"))
    first = await card(world, asked(kind=CardKind.PERSON), document, deadline=over())
    assert world.site.hits("/good.png") == 0
    second = await card(world, asked(kind=CardKind.PERSON), document)

    assert first.source != second.source


async def test_many_at_once_fetch_a_portrait_once(world):
    """Equal questions wait for one fetch."""
    gate = world.site.gate("/a.png", portrait())
    document = await read(world, offering("/a.png"))
    waiting = [asyncio.create_task(card(world, asked(kind=CardKind.PERSON), document)) for _ in range(5)]
    await world.parts.waiters(5)
    gate.set()

    assert len({made.source.url for made in await asyncio.gather(*waiting)}) == 1
    assert world.site.hits("/a.png") == 1


def over() -> Deadline:
    """Give the deadline of an answer that has no time left."""
    seconds = iter((0.0,))
    return Deadline(lambda: next(seconds, 1e6))


def hasty_portraits(world: World) -> Portraits:
    """Give the same as the service has, without patience."""
    parts = world.parts.cards._portraits
    return Portraits(
        fetches=parts._fetches, inspector=parts._inspector, transforms=parts._transforms, memory=parts._memory,
        flights=parts._flights, wait_seconds=0.05, clock=world.parts.clock,
    )  # fmt: skip
