"""Which domain a company's name stands for."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsvc.logos.companies import Companies, guesses, host_in_name, normalise_name, parse_companies, verifies
from imgsvc.logos.domain import DomainReader
from imgsvc.model.domains import Domains
from tests.unit.logos.pages import read_page

COMPANIES = Companies()


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("Open AI", "openai.com"), ("OpenAI, Inc.", "openai.com"), ("open-ai", "openai.com"),
        ("GOOGLE LLC", "google.com"),
        ("SAP SE", "sap.com"), ("Siemens AG", "siemens.com"), ("Robert Bosch GmbH", "bosch.com"),
        ("L'Oréal S.A.", "loreal.com"),
        ("LOreal", "loreal.com"), ("Nestle", "nestle.com"), ("Nestlé S.A.", "nestle.com"), ("AT&T Inc.", "att.com"),
        ("Procter and Gamble Co.", "pg.com"), ("Procter & Gamble", "pg.com"),
        ("The Walt Disney Company", "disney.com"),
        ("H & M", "hm.com"), ("Coca Cola", "coca-cola.com"), ("E.ON SE", "eon.com"), ("騰訊", "tencent.com"),
        ("Ｓａｍｓｕｎｇ", "samsung.com"), ("삼성전자", "samsung.com"), ("ЯНДЕКС", "yandex.ru"),
        ("Yahoo!", "yahoo.com"),
        ("new york times", "nytimes.com"), ("Société Generale", "societegenerale.com"), ("3M Company", "3m.com"),
        ("Volvo AB", "volvogroup.com"), ("A.P. Møller-Mærsk A/S", "maersk.com"), ("ÖBB", "oebb.at"),
        ("McDonald’s", "mcdonalds.com"),
        ("Alphabet Inc.", "abc.xyz"), ("Delta Air Lines, Inc.", "delta.com"),
        # Names of several companies, whom only their legal forms tell apart, or nothing at all.
        ("Merck KGaA", None), ("Merck & Co., Inc.", None), ("DB", None), ("Delta", None), ("United", None),
        ("Epic", None),
        ("A company nobody knows", None), ("", None), ("Inc.", None), ("Google" * 2000, None),
        ("Open AI " + " " * 300, None),
    ],
)  # fmt: skip
def test_known_names(name, domain):
    """A name is known however it is written, with or without its legal form."""
    assert COMPANIES.domain(name) == domain


@pytest.mark.parametrize(
    ("name", "normal"),
    [
        ("S.A.", "sa"), ("Ltd", "ltd"), ("Co", "co"), ("The", "the"), ("The Co", "the"), ("Visa", "visa"),
        ("Asa Corp", "asa"),
        ("Müller GmbH & Co. KG", "muller"), ("Straße", "strasse"), ("Model Y", "modely"),
        ("C++ Inc", "cplusplus"), ("™®", "tm"),
        ("!!!", ""),
        ("한국", "한국"), ("a_b", "ab"), ("\ud800", ""),
    ],
)  # fmt: skip
def test_normal_form(name, normal):
    """Case, accents, punctuation and legal forms are dropped as long as something is left."""
    assert normalise_name(name) == normal


@settings(deadline=None)
@given(st.text(max_size=10))
def test_normal_form_is_stable(name):
    """A normal form is one word of letters and digits, and its own normal form."""
    normal = normalise_name(name)

    assert normalise_name(normal) == normal
    assert not set(normal) & set(" \t\n.,-_&'/")


def test_shipped_table():
    """Some hundred companies are shipped, each under a host that a client could have named."""
    reader = DomainReader(Domains(), lambda _: False)
    domains = set(COMPANIES._table.values())

    assert len(domains) >= 300
    assert len(COMPANIES) >= 450
    assert all(reader.read(domain).host == domain for domain in domains)


def test_own_table():
    """An operator's own names are added, and win over what is shipped."""
    own = parse_companies("# ours\nopenai.example: Open AI\n\nBücher.example:  Bücher & Co, Buchladen  # two names\n")

    companies = Companies(own)

    assert companies.domain("OpenAI") == "openai.example"
    assert companies.domain("buchladen gmbh") == "xn--bcher-kva.example"
    assert companies.domain("Google") == "google.com"


def test_faults_of_a_table():
    """All lines that are wrong are named at once, each by its number."""
    text = "a.test: A\nno colon\nb c.test: B\nc.test:\nd.test: A\ne.test: ok, !!!\nsingle: S"

    with pytest.raises(ValueError, match=r".") as caught:
        parse_companies(text)

    lines = str(caught.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == [f"line {n}" for n in (2, 3, 4, 5, 6, 7)]
    assert "a.test" in lines[3]


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("globex.com", "globex.com"), (" Booking.COM ", "booking.com"), ("shop.globex.co.uk", "shop.globex.co.uk"),
        ("Globex", None), ("Acme.Inc", None), ("Acme.co", None), ("globex.com Ltd", None), ("S.A.", None), ("", None),
        ("https://globex.com", None), ("info@globex.com", None), ("1.2.3.4", None), ("a" * 200 + ".com", None),
    ],
)  # fmt: skip
def test_hosts_as_names(name, host):
    """A name that is written like a host is that host, unless it ends like a company's legal form."""
    assert host_in_name(name) == host


@pytest.mark.parametrize(
    ("name", "hosts"),
    [
        ("Acme", ["acme.com"]), ("Acme Widgets GmbH", ["acmewidgets.com", "acmewidgetsgmbh.com"]),
        ("The Body Shop", ["bodyshop.com", "thebodyshop.com"]), ("Json & Co.", ["json.com", "jsonandco.com"]),
        ("Café Olé", ["cafeole.com"]), ("acme.io", ["acme.io"]), ("Shop.Example.co.uk", ["shop.example.co.uk"]),
        ("株式会社", []), ("!!!", []), ("", []), ("x" * 64, []), ("x" * 60 + " GmbH", ["x" * 60 + ".com"]),
        ("x" * 10_000, []), ("a.b" * 4000, []), ("S.A.", ["sa.com"]),
    ],
)  # fmt: skip
def test_guesses(name, hosts):
    """Guesses are the name as it stands when it is written like a host, else its slugs below .com, or nothing."""
    assert list(guesses(name)) == hosts


@pytest.mark.parametrize(
    "html",
    [
        "<title>Acme</title>", "<title>ACME Inc. | Rockets and more</title>", "<title>Home - Acme</title>",
        "<title>Acme: rockets for everyone</title>",
        "<title>Rockets</title><meta property='og:site_name' content='acme'>",
        '<script type="application/ld+json">{"@graph":[{"@type":"Corporation","name":"Acme, Inc."}]}</script>',
    ],
)  # fmt: skip
def test_verified(html):
    """A page is the company's when title, site name or JSON-LD carry its whole name."""
    assert verifies(read_page(html), "Acme Inc")


@pytest.mark.parametrize(
    "html",
    [
        "", "<title>Acmeology</title>", "<title>We love Acme</title>", "<title>acme.com is for sale | Acme</title>",
        "<title>Acme - Domain Parking</title>", "<title>Acme | Buy this domain</title>",
        "<meta property='og:title' content='Acme'>", "<meta name='description' content='Acme'>",
        "<title>A | cme</title>", "<h1>Acme</h1>",
        '<script type="application/ld+json">{"@type":"Organization","name":"Acme","url":"https://acme.example/"}</script>',
        '<script type="application/ld+json">{"@type":"Product","name":"Acme"}</script>',
    ],
)  # fmt: skip
def test_not_verified(html):
    """A name within other words, an offer to sell, or another site's organisation is no proof."""
    assert not verifies(read_page(html), "Acme")


@pytest.mark.parametrize("name", ["", "!!!", "Acme" * 3000])
def test_no_name_is_verified(name):
    """What is no name fits no page, not even one without a title."""
    assert not verifies(read_page("<title></title>"), name)
