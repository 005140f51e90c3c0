"""Each field of what a page shares: where it comes from, and what counts as not there."""

import json

import pytest

from imgsvc.opengraph.data import Described, ShareData, TwitterCard
from tests.unit.opengraph.pages import read


def meta(key: str, content: str, attribute: str = "property") -> str:
    return f'<meta {attribute}="{key}" content="{content}">'


def metas(*pairs: tuple[str, str]) -> str:
    return "".join(meta(key, content) for key, content in pairs)


def json_ld(*values: object) -> str:
    return "".join(f'<script type="application/ld+json">{json.dumps(value)}</script>' for value in values)


def test_a_page_that_says_nothing():
    """What is absent is None, whatever there is of a page."""
    for markup in (b"", b"<p>Text", b"\xff\xfe", b"<meta property=og:title>", b"<meta content=x>"):
        assert read(markup) == ShareData()


@pytest.mark.parametrize(
    ("head", "title", "description"),
    [
        (metas(("description", "d3"), ("twitter:title", "t2"), ("twitter:description", "d2"), ("og:title", "t1"),
               ("og:description", "d1")) + "<title>t3</title>", "t1", "d1"),
        (metas(("description", "d3"), ("twitter:title", "t2"), ("twitter:description", "d2")), "t2", "d2"),
        (metas(("description", "d3")) + "<title>t3</title>", "t3", "d3"),
        (metas(("og:title", " "), ("og:title", ""), ("og:title", "t"), ("og:title", "u")), "t", None),
        (meta("og:title", "named", "name") + meta("TWITTER:Description", "d", "name"), "named", "d"),
        ("<title> a\n b </title><title>c</title>", "a b", None),
        ("<svg><title>drawing</title></svg><title>page</title>", "page", None),
    ],
)  # fmt: skip
def test_texts(head, title, description):
    """Open Graph goes before Twitter, and that before the page's own; an empty text is none."""
    data = read(head)

    assert (data.title, data.description) == (title, description)


@pytest.mark.parametrize(
    ("written", "read_as"),
    [("A &amp; B", "A & B"), ("A &amp;amp; B", "A &amp; B"), ("&lt;b&gt;", "<b>"), ("&#x1F680;&#233;", "🚀é"),
     ("&", "&"), ("a&#7;b&#x202E;c", "abc"), ("a&#10;b", "a b"), ("&nosuch;", "&nosuch;")],
)  # fmt: skip
def test_entities_are_decoded_once(written, read_as):
    """What a page's author wrote as text stays text; what nobody can see is gone."""
    assert read(meta("og:title", written)).title == read_as
    assert read(f"<title>{written}</title>").title == read_as


def test_texts_are_bounded():
    """A text of 100 kB is cut, wherever it stands, and nothing else is lost."""
    long = "word " * 20_000
    data = read(
        f"<title>{long}</title>"
        + metas(("og:description", long), ("author", long), ("og:site_name", "A"), ("og:type", long))
        + json_ld({"@type": "Article" * 9000, "name": "n"})
    )

    assert 400 < len(data.title) <= 500
    assert len(data.description) <= 4096
    assert len(data.author) <= 200
    assert len(data.described.type) <= 200
    assert (data.site_name, data.type) == ("A", None)


@pytest.mark.parametrize(
    ("key", "contents", "field", "value"),
    [
        ("og:type", ["Video.Other"], "type", "video.other"), ("og:type", ["a b", "article"], "type", "article"),
        ("og:type", ["<b>"], "type", None), ("og:type", ["x" * 51], "type", None),
        ("og:locale", ["en_GB"], "locale", "en_GB"), ("og:locale", ["zh-Hant-TW"], "locale", "zh-Hant-TW"),
        ("og:locale", ["English", "fr"], "locale", "fr"), ("og:locale", ["e"], "locale", None),
        ("og:site_name", ["", "S"], "site_name", "S"), ("application-name", ["App"], "site_name", "App"),
        ("og:video", ["javascript:x", "v.mp4"], "video", "https://a.test/dir/v.mp4"),
        ("og:video", ["data:video/mp4,x"], "video", None), ("og:video", ["https://"], "video", None),
        ("author", ["https://a.test/me", "Ada"], "author", "Ada"), ("author", ["www.a.test"], "author", None),
        ("author", ["ada@a.test"], "author", None), ("author", ["Ada @ A. B."], "author", "Ada @ A. B."),
        ("article:author", ["//a.test/me"], "author", None), ("dc.creator", ["Ada"], "author", "Ada"),
        ("article:published_time", ["2026-01-02T03:04:05Z"], "published_time", "2026-01-02T03:04:05Z"),
        ("article:published_time", ["2026-01-02 03:04:05"], "published_time", "2026-01-02 03:04:05"),
        ("article:published_time", ["yesterday", "2026-01-02"], "published_time", "2026-01-02"),
        ("article:published_time", ["2026-02-31"], "published_time", None),
        ("article:published_time", ["2026-01-02T03:04:05+0100"], "published_time", "2026-01-02T03:04:05+0100"),
        ("article:published_time", ["2026-01-02_03:04"], "published_time", None),
        ("article:published_time", ["20260102"], "published_time", None),
        ("article:published_time", ["1770112800"], "published_time", None),
        ("theme-color", ["#0A7"], "theme_colour", "#0A7"), ("theme-color", ["teal"], "theme_colour", "teal"),
        ("theme-color", ["rgb(1 2 3 / 50%)"], "theme_colour", "rgb(1 2 3 / 50%)"),
        ("theme-color", ["fff", "#12345", "undefined", "url(x)", "red;}", "#fff"], "theme_colour", "#fff"),
    ],
)  # fmt: skip
def test_values(key, contents, field, value):
    """The first value that makes sense counts; one that makes none is not there, and takes no other with it."""
    data = read(metas(*((key, content) for content in contents), ("og:title", "t")))

    assert getattr(data, field) == value
    assert data.title == "t"


def test_the_safe_video():
    """A video by https goes before the same by http, in whatever order they stand."""
    head = metas(("og:video", "http://v.test/1"), ("og:video:url", "u"), ("og:video:secure_url", "https://v.test/1"))

    assert read(head).video == "https://v.test/1"


@pytest.mark.parametrize(
    ("head", "favicon"),
    [
        ("<link rel=icon href=a.png><link rel=icon href=b.png>", "a.png"),
        ("<link rel='SHORTCUT ICON' href=a.ico>", "a.ico"), ("<link rel=apple-touch-icon href=a.png>", None),
        ("<link rel='alternate icon' href=a.png><link rel=icon href=b.svg>", "b.svg"),
        ("<link rel='alternate icon' href=a.png>", "a.png"),
        ("<link rel=icon media='(prefers-color-scheme: DARK)' href=a><link rel=icon href=b>", "b"),
        ("<link rel=icon href='data:image/png,x'><link rel=icon href='javascript:x'><link rel=icon href=c>", "c"),
    ],
)  # fmt: skip
def test_favicon(head, favicon):
    """The first icon with an address, rather none for old browsers or dark pages."""
    assert read(head).favicon == (favicon and f"https://a.test/dir/{favicon}")


def test_theme_of_a_light_page():
    """Of a colour for each scheme the light page's counts; where there is only the dark one, that."""
    dark = '<meta name="theme-color" content="#000" media="(prefers-color-scheme: Dark)">'

    assert read(f'{dark}<meta name="theme-color" content="#fff">').theme_colour == "#fff"
    assert read(dark).theme_colour == "#000"


def test_twitter():
    """Card and accounts are read each by itself, by either attribute; what is no account is none."""
    head = metas(("twitter:card", "Summary"), ("twitter:site", "https://t.test/a"), ("twitter:site", "@a"))

    assert read(head).twitter == TwitterCard("summary", "@a", None)
    assert read(meta("twitter:creator", "b_1", "name")).twitter == TwitterCard(None, None, "b_1")
    assert read(meta("twitter:site", "@") + meta("twitter:card", "a card")).twitter == TwitterCard()


@pytest.mark.parametrize(
    ("author", "name"),
    [
        ("Ada", "Ada"), ({"name": "Ada"}, "Ada"), ([{"name": "Ada"}, {"name": "Bob"}], "Ada"), ({"@id": "#p"}, "Eve"),
        ([{"name": "\u202e"}, {"name": "https://a.test/"}, {"name": ["", "Bob"]}], "Bob"), ({"url": "x"}, None),
        ({"@id": "#nobody"}, None), (7, None), (None, None), ({"name": {"@value": "Ada"}}, "Ada"),
    ],
)  # fmt: skip
def test_authors_in_json_ld(author, name):
    """An author is a text, somebody with a name, a list of them, or a reference; the first with a name counts."""
    head = json_ld({"@type": "Article", "author": author}, {"@type": "Person", "@id": "#p", "name": "Eve"})

    assert read(head).author == name


def test_tags_before_json_ld():
    """What a page says in its tags goes before the same in JSON-LD; that fills what they leave."""
    article = {"@type": "VideoObject", "author": "B", "uploadDate": "2020-01-01", "datePublished": "no date"}

    data = read(json_ld(article) + meta("author", "A"))
    assert (data.author, data.published_time) == ("A", "2020-01-01")
    data = read(json_ld(article) + meta("date", "2021-01-01"))
    assert (data.author, data.published_time) == ("B", "2021-01-01")


ARTICLE = {"@type": "Article", "headline": "H"}
SHOP = {"@type": "Organization", "name": "S", "logo": "l.png"}


@pytest.mark.parametrize(
    ("values", "described"),
    [
        ([ARTICLE], ("Article", "H", None)), ([SHOP, ARTICLE], ("Article", "H", "l.png")),
        ([{"@type": "WebSite", "name": "W"}, SHOP], ("Organization", "S", "l.png")),
        ([{"@type": "WebSite", "name": "W"}], ("WebSite", "W", None)),
        ([{"@type": "BreadcrumbList"}, {"@type": "SearchAction"}], None), ([{"name": "untyped"}, "x", 7, None], None),
        ([{"@graph": [{"@type": ["", "schema:Recipe"], "name": ["", "R"]}]}], ("Recipe", "R", None)),
        ([{"@type": "https://schema.org/Product", "name": {"@value": "P"}}], ("Product", "P", None)),
        ([{"@type": "FAQPage", "name": "F", "mainEntity": [{"@type": "Question"}]}], ("FAQPage", "F", None)),
        ([{"@type": "QAPage", "mainEntity": {"@type": "Question", "name": "Q"}}], ("Question", "Q", None)),
        ([{"@type": "ProfilePage", "mainEntity": {"@type": "Person", "name": "P"}}], ("Person", "P", None)),
        ([{"@type": "WebPage", "name": "W", "mainEntity": ARTICLE}], ("Article", "H", None)),
        ([ARTICLE | {"publisher": SHOP}], ("Article", "H", "l.png")),
        ([ARTICLE | {"mentions": {"@type": "Product", "name": "P"}}], ("Article", "H", None)),
        ([SHOP | {"logo": "data:image/png,x"}], ("Organization", "S", None)),
        ([{"@type": "\u202e"}, ARTICLE | {"name": "\ud800"}], ("Article", "H", None)),
    ],
)  # fmt: skip
def test_described(values, described):
    """What a page is about goes before the page, that before who speaks and the site; paths through it are nothing."""
    expected = None
    if described:
        kind, name, logo = described
        expected = Described(kind, name, logo and f"https://a.test/dir/{logo}")

    assert read(json_ld(*values)).described == expected


def test_broken_json_ld_is_nothing():
    """A script that is no JSON takes nothing else with it."""
    scripts = "".join(f'<script type="application/ld+json">{text}</script>' for text in ("{", "", "[" * 9000, "nul"))

    assert read(scripts + json_ld(ARTICLE) + meta("og:title", "t")).described == Described("Article", "H")
