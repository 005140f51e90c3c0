"""The pictures of a page: which, in which order, and what is known of each."""

import json

import pytest

from imgsvc.opengraph.data import ShareImage
from imgsvc.opengraph.images import MAX_ALT_CHARS, MAX_DESCRIBED, MAX_IMAGES
from imgsvc.pages.collector import MAX_LINKS
from tests.unit.opengraph.pages import read, read_page

HERE = "https://a.test/dir/"


def images(head: str) -> tuple[ShareImage, ...]:
    return read(f"<head>{head}</head>").images


def names(head: str) -> list[str]:
    """Give the pictures' addresses, without where the page is."""
    return [image.url.removeprefix(HERE) for image in images(head)]


def og(*parts: tuple[str, str], prefix: str = "og:image") -> str:
    """Write tags, each a part of a key and its content."""
    return "".join(
        f'<meta property="{":".join(filter(None, (prefix, part)))}" content="{content}">' for part, content in parts
    )


def json_ld(*values: object) -> str:
    return "".join(f'<script type="application/ld+json">{json.dumps(value)}</script>' for value in values)


def test_priority():
    """Whatever stands first in the page, tags go before each other as networks read them, and each says which it is."""
    head = (
        '<meta itemprop="image" content="7.jpg"><link rel="image_src" href="6.jpg">'
        + json_ld({"@type": "Article", "thumbnailUrl": "5b.jpg", "image": "5.jpg"})
        + og(("src", "4.jpg"), prefix="twitter:image")
        + og(("url", "3.jpg"), ("", "2.jpg"), ("secure_url", "1.jpg"))
    )

    assert [(image.url.removeprefix(HERE), image.tag) for image in images(head)] == [
        ("1.jpg", "og:image:secure_url"), ("2.jpg", "og:image"), ("3.jpg", "og:image:url"), ("4.jpg", "twitter:image"),
        ("5.jpg", "jsonld"), ("5b.jpg", "jsonld"), ("6.jpg", "image_src"), ("7.jpg", "itemprop"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("head", "widths"),
    [
        (og(("", "a"), ("width", "1"), ("", "b"), ("width", "2")), {"a": 1, "b": 2}),
        (og(("", "a"), ("", "b"), ("width", "2")), {"a": None, "b": 2}),
        (og(("width", "9"), ("", "a")), {"a": None}),
        (og(("", "a"), ("secure_url", "s"), ("width", "1")), {"s": 1, "a": 1}),
        (og(("secure_url", "s"), ("", "a"), ("width", "1")), {"s": 1, "a": 1}),
        (og(("", "a"), ("secure_url", "s"), ("secure_url", "t"), ("width", "1")), {"s": None, "t": 1, "a": None}),
        (og(("url", "a"), ("width", "1"), ("url", "b"), ("width", "2")), {"a": 1, "b": 2}),
        (og(("", "a"), ("url", "a"), ("width", "1")), {"a": 1}),
        (og(("", "a"), ("width", "1"), ("", "javascript:x"), ("width", "2"), ("", ""), ("width", "3")), {"a": 1}),
        (og(("", "javascript:x"), ("secure_url", "s"), ("width", "1")), {"s": 1}),
        (og(("", "a")) + "<meta property=og:title content=t>" + og(("width", "1")), {"a": 1}),
        (og(("", "a")) + og(("", "b"), prefix="twitter:image") + og(("width", "1")), {"a": 1, "b": None}),
        (og(("", "a"), ("width", "1"), ("", "a"), ("width", "2")), {"a": 1}),
        (og(("", "a")) + og(("", "a"), ("width", "1"), prefix="twitter:image"), {"a": 1}),
    ],
)  # fmt: skip
def test_structured_properties(head, widths):
    """A property belongs to the picture before it, under each of its addresses, and never to another."""
    assert {image.url.removeprefix(HERE): image.width for image in images(head)} == widths


@pytest.mark.parametrize(
    ("part", "contents", "value"),
    [
        ("width", ["1200"], 1200), ("width", ["1200px"], 1200), ("width", [" 1200.0 "], 1200), ("width", ["0"], None),
        ("width", ["-5"], None), ("width", ["100001"], None), ("width", ["100000"], 100_000), ("width", ["1e3"], None),
        ("width", ["x", "", "7", "8"], 7), ("height", ["630"], 630), ("height", ["auto"], None),
        ("type", ["image/PNG"], "image/png"), ("type", ["png", "image/webp"], "image/webp"), ("type", ["a/b"], None),
        ("alt", ["A &amp;amp; B"], "A &amp; B"), ("alt", ["", "Second"], "Second"),
        ("alt", ["x" * 999], "x" * MAX_ALT_CHARS),
    ],
)  # fmt: skip
def test_values(part, contents, value):
    """The first value that makes sense counts, and one that makes none takes nothing else with it."""
    (image,) = images(og(("", "a.jpg"), *((part, content) for content in contents)))

    assert getattr(image, part) == value
    assert image.url == f"{HERE}a.jpg"


@pytest.mark.parametrize(
    "bad",
    ["", " ", "javascript:alert(1)", "data:image/png;base64,AA", "ftp://a.test/x.jpg", "http://[::1", "https://",
     "http://u:p@a.test/x", "x" * 4000, "mailto:a@b.test", "favicon.ico", "/img/favicon-32x32.png?v=1", "apple.ICO"],
)  # fmt: skip
@pytest.mark.parametrize("prefix", ["og:image", "twitter:image"])
def test_one_bad_address_never_empties_the_rest(bad, prefix):
    """What leads nowhere, holds what it refers to or is an icon is left out; its neighbours stay."""
    assert names(og(("", "a"), ("", bad), ("", "b"), prefix=prefix)) == ["a", "b"]


@pytest.mark.parametrize(
    "name", ["favicons-of-the-world.jpg", "iconic.jpg", "ico/a.jpg", "a.ico.jpg", "my-favicon.txt"]
)
def test_what_only_sounds_like_an_icon(name):
    """A picture about icons is a picture."""
    assert names(og(("", name))) == [name]


@pytest.mark.parametrize(
    "rel", ["icon", "shortcut icon", "apple-touch-icon", "mask-icon", "APPLE-TOUCH-ICON-PRECOMPOSED"]
)
def test_icons_are_no_share_images(rel):
    """What the page itself calls its icon is none, by whatever tag it offers it."""
    same = f'<link rel="{rel}" href="x.png"><link rel="image_src" href="x.png"><meta itemprop="image" content="x.png">'

    assert names(same + og(("", "x.png"), ("", "y.png"))) == ["y.png"]


@pytest.mark.parametrize(
    ("base", "reference", "address"),
    [
        ("", "x.jpg", "https://a.test/dir/x.jpg"), ("", "//b.test/x.jpg", "https://b.test/x.jpg"),
        ("<base href='/r/'>", "x.jpg", "https://a.test/r/x.jpg"), ("<base href=//c.test>", "x", "https://c.test/x"),
        ("<base href='javascript:x'>", "x.jpg", "https://a.test/dir/x.jpg"), ("<base href=''>", "/x", "https://a.test/x"),
        ("", "a b.jpg#crop", "https://a.test/dir/a%20b.jpg"), ("", "http://BÜCHER.test/", "http://xn--bcher-kva.test/"),
        ("", "http://10.0.0.1/x.jpg", "http://10.0.0.1/x.jpg"), ("", "?i=1&amp;j=2", "https://a.test/dir/page?i=1&j=2"),
    ],
)  # fmt: skip
def test_addresses(base, reference, address):
    """References are relative to the base, else to the page; whether they may be fetched is asked when they are."""
    assert [image.url for image in images(base + og(("", reference)))] == [address]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([{"@type": "Article", "image": "a"}], ["a"]),
        ([{"@type": "Article", "image": ["a", {"url": "b"}, {"contentUrl": "c"}, 7, None]}], ["a", "b", "c"]),
        ([{"@type": "Article", "image": {"@id": "#i"}}, {"@id": "#i", "@type": "ImageObject", "url": "a"}], ["a"]),
        ([{"@type": "Article", "image": {"@id": "#i"}}], []),
        ([{"@type": "Article", "author": {"@type": "Person", "image": "face"}, "image": "a"}], ["a"]),
        ([{"@type": "Article", "image": "a"}, {"@type": "Person", "image": "face"}], ["a"]),
        ([{"@type": "Article"}, {"@type": "Organization", "image": "building"}], []),
        ([{"@type": "Article"}, {"@type": "WebPage", "image": "a"}], ["a"]),
        ([{"@type": "WebSite", "image": "site"}, {"@type": "Person", "image": "face"}], ["face"]),
        ([{"@type": "WebSite", "image": "site"}], ["site"]),
        ([{"@type": "Hotel", "image": ["a", "logo"], "logo": "logo"}], ["a"]),
        ([{"@type": "Product", "image": "l"}, {"@type": "Organization", "name": "x", "logo": {"url": "l"}}], []),
        ([{"@type": "ItemList", "itemListElement": [{"@type": "Product", "image": "other"}]}], []),
        ([{"image": "untyped"}], []), (["{"], []), ([{"@type": "Article", "image": "data:image/png,x"}], []),
    ],
)  # fmt: skip
def test_json_ld(values, expected):
    """The pictures of what the page is about count: no face of an author, no logo, nothing of what it only lists."""
    assert names(json_ld(*values)) == expected


def test_sizes_in_json_ld():
    """A picture that is an object says how large it is, in numbers, texts or quantities."""
    pictures = [{"url": "a", "width": 640, "height": "480px"}, {"url": "b", "width": {"value": 10}, "height": [1]}]
    found = images(json_ld({"@type": "Article", "image": pictures}))

    assert [(image.width, image.height) for image in found] == [(640, 480), (10, None)]


def test_words_of_microdata():
    """An ``itemprop`` may hold several words; a link's counts as a meta's."""
    head = (
        '<meta itemprop="image primaryImageOfPage" content=a><meta itemprop=images content=c>'
        '<link itemprop="thumbnailUrl" href=b>'
    )

    assert names(head) == ["a", "b"]


def test_there_are_never_too_many():
    """Of more pictures than anybody looks at the first are given."""
    assert names(og(*(("", str(number)) for number in range(MAX_IMAGES + 50)))) == [str(n) for n in range(MAX_IMAGES)]


@pytest.mark.parametrize(("bad", "found"), [(MAX_DESCRIBED - 8, ["x"]), (MAX_DESCRIBED, [])])
def test_few_descriptions_are_followed(bad, found):
    """Of thousands of addresses in JSON-LD a bounded number is looked at, good or not."""
    graph = [{"@type": "Article", "image": ["ftp://x"] * 8} for _ in range(bad // 8)]

    assert names(json_ld({"@graph": [*graph, {"@type": "Article", "image": "x"}]})) == found


def test_images_of_microdata():
    """An ``img`` says it as ``meta`` and ``link`` do, after them, by the address it is loaded from in the end."""
    body = (
        '<img src="/plain.jpg"><img itemprop="logo" src="/logo.png"><img itemprop="image">'
        '<noscript><img itemprop="image" src="/pixel.gif"></noscript>'
        '<img itemprop="image contentUrl" src="data:image/gif;base64,R0lGOD" data-src="/late.jpg">'
        '<meta itemprop="image" content="/meta.jpg"><div><img itemprop=image src=" /cake.jpg "></div>'
    )
    found = read(f"<title>Cake</title><h1>Cake</h1>{body}").images
    assert [(image.url, image.tag) for image in found] == [
        (f"https://a.test/{name}.jpg", "itemprop") for name in ("meta", "late", "cake")
    ]


def test_images_of_microdata_are_bounded():
    """However many there are, no more are kept than links are."""
    page = read_page("<h1>All</h1>" + "".join(f'<img itemprop="image" src="/{n}.jpg">' for n in range(MAX_LINKS + 5)))
    assert len(page.links) == MAX_LINKS


def test_images_beyond_the_end_of_the_head():
    """Where a page writes the end of its head, images far behind it are not read."""
    body = f'{"<p>word</p>" * 1000}<img itemprop="image" src="/cake.jpg">'
    heads = ("<title>Cake</title>", "<head><title>Cake</title></head>")
    assert [len(read(f"{head}<body>{body}").images) for head in heads] == [1, 0]
