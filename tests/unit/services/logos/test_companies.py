"""From a company's name to its domain."""

import pytest

from imgsvc.logos.companies import Companies
from imgsvc.logos.domain import DomainReader
from imgsvc.services.fetches import FoundFetches
from imgsvc.services.logos.companies import CompanyFinder
from imgsvc.services.logos.searcher import Searcher
from tests.support.logos import HTML, page

pytestmark = pytest.mark.slow


@pytest.fixture
def finder(world) -> CompanyFinder:
    parts = world.parts
    fetches = FoundFetches(parts.fetcher, parts.slots, parts.spools, parts.admission)
    reader = DomainReader(parts.domains, parts.settings.origin.is_named)
    searcher = Searcher(fetches, None, (), 4, parts.transfers)
    return CompanyFinder(Companies({"acmewidgets": "acme.test"}), reader, searcher, parts.metadata, parts.flights)


async def test_the_table(world, finder):
    """What the table has costs no fetch."""
    assert (await finder.find("Acme Widgets, Inc.", None)).host == "acme.test"
    assert finder.known("Open AI").host == "openai.com"
    assert not world.site.requests


async def test_a_domain_for_a_name(world, finder):
    """A name that is a domain is it without a fetch, whatever its site calls itself; the table goes first."""
    names = ("Globex.com", "www.globex.co.uk", "Acme.Widgets", "Acme.unknownsuffix")

    found = [await finder.find(name, None) for name in names]

    assert [domain and domain.host for domain in found] == ["globex.com", "globex.co.uk", "acme.test", None]
    assert finder.known("Zorblax.Inc") is None
    assert not world.site.requests


async def test_a_guess_confirmed(world, finder):
    """A site that calls itself by that name is it; the next who asks causes no fetch."""
    world.site.serve("/", page(title="Zorblax | Home"), headers=HTML)

    found = [await finder.find("Zorblax", None) for _ in range(2)]

    assert [domain.host for domain in found] == ["zorblax.com"] * 2
    assert world.site.hits("/") == 1


@pytest.mark.parametrize("title", ["Something else", "zorblax.com is for sale", "Zorblaxian fan page"])
async def test_a_guess_refuted(world, finder, title):
    """A site that does not say so is not it, and that is remembered too."""
    world.site.serve("/", page(title=title), headers=HTML)

    assert [await finder.find("Zorblax", None) for _ in range(2)] == [None, None]
    assert world.site.hits("/") == 1


async def test_the_whole_name(world, finder):
    """Where the name without its legal form is another's, the site that has kept it is found."""

    async def behave(exchange) -> None:
        is_theirs = exchange.request.headers["Host"].startswith("zorblaxco.")
        await exchange.answer(page(title="Zorblax Co" if is_theirs else "Zorblax & sons"), headers=HTML)

    world.site.script("/", behave)

    found = [await finder.find("Zorblax Co", None) for _ in range(2)]

    assert [domain.host for domain in found] == ["zorblaxco.com"] * 2
    assert world.site.hits("/") == 2


async def test_a_site_that_hangs_is_no_answer(world, finder):
    """A look that did not end is made again."""
    world.site.stall_before_head("/")
    assert await finder.find("Zorblax", None) is None
    world.site.serve("/", page(title="Zorblax"), headers=HTML)

    assert (await finder.find("Zorblax", None)).host == "zorblax.com"


async def test_names_that_are_none(world, finder):
    """What cannot be a name is not looked for."""
    for name in ("", "???", "x" * 10_000, "日本"):
        assert await finder.find(name, None) is None
    assert not world.site.requests
