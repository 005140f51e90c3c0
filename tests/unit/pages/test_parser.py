"""Reading pages as they arrive: real shapes, any cut, any bytes, bounded."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from imgsvc.pages.collector import MAX_JSON_LD, MAX_JSON_LD_CHARS, MAX_LINKS, MAX_METAS, Extent
from imgsvc.pages.json_ld import Organisation, organisations
from imgsvc.pages.parser import MAX_HEAD_BYTES, MAX_PAGE_BYTES, SLICE_BYTES, PageReader
from imgsvc.pages.sizes import ANY

URL = "https://a.test/"
PADDING = b"<p>padding</p>" * 1000


def read(data, chunk_bytes=None, content_type="", **options):
    reader = PageReader(URL, content_type, **options)
    chunk_bytes = chunk_bytes or len(data) or 1
    for at in range(0, len(data), chunk_bytes):
        if not reader.feed(data[at : at + chunk_bytes]):
            break
    return reader.finish()


def test_wordpress(read_fixture):
    """A usual content system: traps in scripts and comments, a counting pixel in the head, a picture loaded late."""
    page = read_fixture("wordpress.html", "https://mueller.example/")
    logo = "https://mueller.example/wp-content/uploads/logo.png"

    assert page.title == "Home - Müller & Sons"
    assert [(sorted(link.rels), link.sizes) for link in page.links] == [
        (["icon"], ((32, 32),)), (["icon"], ((192, 192),)), (["apple-touch-icon"], ())
    ]  # fmt: skip
    assert page.content("og:site_name") == "Müller & Sons"
    assert page.content("msapplication-tileimage").endswith("icon-270x270.png")
    assert organisations(page.json_ld, page.base_url) == (
        Organisation("Müller & Sons", (logo,), "https://mueller.example/"),
    )
    assert [(image.src, image.alt) for image in page.header_images] == [
        ("https://mueller.example/wp-content/uploads/ms-wide.png", "Müller & Sons")
    ]


def test_shop(read_fixture):
    """A page with a base, schemes of colours, a manifest, no end of its head, and a header that is one by its name."""
    page = read_fixture("shop.html", "https://shop.example/")
    links = {link.href.rpartition("/")[2]: link for link in page.links}

    assert page.base_url == "https://cdn.shop.example/assets/"
    assert page.title == "Laden – Start"
    assert list(links) == [
        "", "favicon.ico", "icon.svg", "icon-dark.svg", "pinned.svg", "touch.png?v=2&w=180", "site.webmanifest"
    ]  # fmt: skip
    assert links["icon-dark.svg"].rels == {"alternate", "icon"}
    assert links["icon-dark.svg"].media == "(prefers-color-scheme: dark)"
    assert links["icon-dark.svg"].sizes == (ANY,)
    assert links["pinned.svg"].colour == "#5BBAD5"
    assert [(image.src.rpartition("/")[2], image.says_logo) for image in page.header_images] == [
        ("de.png", False), ("laden.png", True)
    ]  # fmt: skip


def test_old(read_fixture):
    """A page of the nineties: no encoding, no doctype, tables, backslashes, and no end."""
    page = read_fixture("old.html", "http://www.old.example/")

    assert page.charset == "utf-8"
    assert page.title == "Gesch\ufffdft \ufffd Willkommen"
    assert page.links[0].href == "http://www.old.example/bilder/favicon.ico"
    assert page.header_images[0].says_logo


def test_frames(read_fixture):
    """Text before the doctype, frames, a link behind all, and a way on that is not the one without scripts."""
    page = read_fixture("frames.html", "http://frames.example/")

    assert page.title == "Frames"
    assert page.refresh_url == "http://frames.example/start/index.html"
    assert page.links[0].href == "http://frames.example/late.png"


@pytest.mark.parametrize(
    ("body", "options", "is_read"),
    [
        (b"<header><img class=logo src=l.png></header>", {}, False), (b"<header></header><main>", {}, False),
        (b"<footer>", {}, False), (b"<div>", {}, True), (b"<div>", {"extent": Extent.HEAD}, False),
        (b"", {"extent": Extent.HEAD}, False),
        (b"<div>" * 600, {}, False), (b"<div>", {"max_bytes": SLICE_BYTES}, False),
    ],
)  # fmt: skip
def test_end_of_interest(body, options, is_read):
    """Reading ends behind head and logo, where no header is to come, with the head if asked, too deep, or too far."""
    late = b"<link rel=icon href=late.png>"
    start = b"<head><title>t</title></head>" + body + (PADDING if b"noscript" not in body else b" " * 14_000)
    page = read(start + late, 1000, **options)

    assert bool(page.links) is is_read
    assert page.title == "t"


@pytest.mark.parametrize(
    ("start", "is_read"),
    [
        (b"<head><title>t</title><div>too early</div>", True),  # the parser ends the head here, the author does not
        (b"<title>t</title><body>", True),
        (b"<head><title>t</title><script>'</head>'</script>", True),
        (b"<head><title>t</title></HEAD >", False),
        (b"<head><title>t</title></head>", False),
        (b"<head><title>t</title>" + b" " * (SLICE_BYTES - 26) + b"</head>", False),  # cut in two
        (b"<title>t</title><p>" + b"x" * MAX_PAGE_BYTES, False),
        (b"<head><title>t</title><style>" + b"x" * MAX_PAGE_BYTES + b"</style>", True),
    ],
)  # fmt: skip
def test_the_head_as_it_is_written(start, is_read):
    """What is shared stands before the end of the head, wherever the parser sees that; never far behind it."""
    page = read(
        start + b"\n" * 3 * SLICE_BYTES + b"<meta property=og:title content=late>",
        1000,
        extent=Extent.HEAD,
        max_bytes=MAX_HEAD_BYTES,
    )

    assert page.content("og:title") == ("late" if is_read else "")
    assert page.title == "t"


def test_wants_more():
    """A reader says so once it has enough, and then takes no more."""
    reader = PageReader(URL)

    assert reader.feed(b"<title>a</title>")
    assert not reader.feed(b"<header><img class=logo src=a></header>" + PADDING)
    assert not reader.feed(b"<link rel=icon href=x>")
    assert not PageReader(URL, max_bytes=5).feed(b"12345")
    assert PageReader(URL, max_bytes=5).feed(b"1234")
    assert PageReader(URL).feed(b"")


def test_nothing():
    """A page without a byte is a page that says nothing."""
    page = PageReader(URL).finish()

    assert (page.url, page.base_url, page.charset, page.title, page.links) == (URL, URL, "utf-8", "", ())


def test_parser_that_gives_up():
    """Should the parser refuse to go on, what it told before is the page."""

    class Refusing:
        def feed(self, _):
            raise etree.ParserError("enough")

        def close(self):
            raise etree.XMLSyntaxError("enough", 0, 0, 0)

    reader = PageReader(URL)
    reader.feed(b"<title>a</title>".ljust(SLICE_BYTES))
    reader._parser = Refusing()

    assert not reader.feed(b"<link rel=icon href=x>".ljust(SLICE_BYTES))
    assert reader.finish().title == "a"


def test_charset():
    """The header's encoding goes before that of the markup, and UTF-16 is read by its mark."""
    markup = "<meta charset=koi8-r><title>Grüße</title>"

    assert read(markup.encode(), content_type="text/html; charset=UTF-8").title == "Grüße"
    assert read(markup.encode("utf-16")).title == "Grüße"
    assert read("<meta charset=cp1251><title>Привет</title>".encode("cp1251")).title == "Привет"


def test_counts_are_bounded():
    """Thousands of tags give the first few hundred."""
    script = b'<script type="application/LD+json; a=b">{}</script>'
    page = read((b"<link rel=icon href=x><meta name=a content=b>" + script) * 1000)

    assert (len(page.links), len(page.metas), len(page.json_ld)) == (MAX_LINKS, MAX_METAS, MAX_JSON_LD)


def test_long_scripts_are_left_out():
    """JSON-LD over the limit is left out, not cut; scripts of other types are no JSON-LD."""

    def script(text, kind="application/ld+json"):
        return f"<script type='{kind}'>{text}</script>"

    page = read(
        (script("x" * MAX_JSON_LD_CHARS) + script("y" * (MAX_JSON_LD_CHARS + 1)) + script("z", "module")).encode()
    )

    assert page.json_ld == ("x" * MAX_JSON_LD_CHARS,)


@pytest.mark.parametrize("value_chars", [100_000, 1_000_000])
def test_long_attributes(value_chars):
    """An attribute of any length is harmless, and what follows it within the limit is read."""
    page = read(b"<link rel=icon href=" + b"x" * value_chars + b"><meta name=a content=b>")

    assert page.links == ()
    assert bool(page.metas) is (value_chars < MAX_PAGE_BYTES)


ICON = "<meta charset={}><title>Grüße</title><link rel=icon href=/i.png>"


@pytest.mark.parametrize(
    ("data", "content_type", "charset", "title"),
    [
        (ICON.format("utf-8").encode("cp1252"), "", "utf-8", "Gr\ufffd\ufffde"),
        (ICON.format("utf-16").encode(), "", "utf-8", "Grüße"),
        (ICON.format("utf-8").encode("utf-16"), "text/html; charset=latin1", "utf-16le", "Grüße"),
        (ICON.format("utf-8").encode("utf-16-be"), "text/html; charset=utf-16be", "utf-16be", "Grüße"),
        (ICON.format("no-such-thing").encode(), "text/html; charset=utf-7", "utf-8", "Grüße"),
    ],
)
def test_lies_about_the_encoding(data, content_type, charset, title):
    """A wrong encoding spoils letters beyond ASCII at the most; the icon is found."""
    page = read(data, content_type=content_type)

    assert (page.charset, page.title) == (charset, title)
    assert [link.href for link in page.links] == ["https://a.test/i.png"]


def test_unmarked_utf_16_says_nothing():
    """UTF-16 that neither a mark nor the header declares is read as no browser could read it either: as nothing."""
    page = read(ICON.format("utf-16").encode("utf-16-le") * 500)

    assert (page.links, page.title) == ((), "")


def test_local_files_are_not_read(tmp_path):
    """Entities of a DTD are not known, so no file gets into a page."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    page = read(f'<!DOCTYPE html [<!ENTITY x SYSTEM "{secret.as_uri()}">]><title>&x;</title>'.encode())

    assert "secret" not in page.title


def test_threads():
    """Readers made in one thread and fed in others give the same page."""
    data = b"<title>a</title><link rel=icon href=x>" + PADDING
    readers = [PageReader(URL) for _ in range(20)]

    def work(reader):
        reader.feed(data)
        return reader.finish()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(work, readers)) == {read(data)}


PIECES = st.sampled_from(
    [b"<", b">", b"</", b"/>", b"=", b'"', b"'", b"<!--", b"-->", b"<![CDATA[", b"&amp;", b"&#0;", b"\0", b"\xe9",
     "é€".encode(), b" ",
     b"<html>", b"<head>", b"</head>", b"<body class=header>", b"<header>", b"</header>", b"<main>", b"<footer>",
     b"<frameset>",
     b"<title>", b"</title>", b"<base href='//b.test/'>", b"<link rel=icon href=i.png>", b"<link rel=",
     b"<meta charset=koi8-r>",
     b"<meta name=a content='b", b"<script type=application/ld+json>", b"</script>", b'{"@type": "Brand"}',
     b"<img class=logo src=l.png>",
     b"<noscript>", b"</noscript>", b"<svg>", b"<template>", b"<table>", b"</p>", b"\xff\xfe", b"<!doctype html>",
     b" " * 2000, b"x" * 5000]
)  # fmt: skip
DOCUMENTS = st.lists(PIECES, max_size=40).map(b"".join) | st.binary(max_size=9000)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    DOCUMENTS,
    st.integers(1, 6000),
    st.sampled_from(["", "text/html; charset=utf-8", "text/html; charset=gbk"]),
    st.sampled_from(Extent),
)
def test_any_bytes_in_any_chunks(data, chunk_bytes, content_type, extent):
    """Any bytes, in any chunks, give the page they give in one piece, and nothing raises."""
    whole = read(data, None, content_type, extent=extent)

    assert read(data, chunk_bytes, content_type, extent=extent) == whole
    assert repr(whole).encode()
