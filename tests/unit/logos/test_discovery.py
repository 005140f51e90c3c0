"""Which pictures a site names as its logo."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsvc.logos.candidate import LogoSource, TrustClass
from imgsvc.logos.discovery import MAX_CANDIDATES, WELL_KNOWN_PATHS, page_candidates, well_known_candidates
from imgsvc.model.look import Theme
from imgsvc.pages.manifest import read_manifest
from tests.unit.logos.pages import read_page


def only(html, manifest=None):
    (candidate,) = page_candidates(read_page(html), manifest)
    return candidate


@pytest.mark.parametrize(
    ("html", "source"),
    [
        ('<link rel="icon" href="/x">', LogoSource.LINK_ICON),
        ('<link rel="SHORTCUT ICON" href="/x">', LogoSource.LINK_ICON),
        ('<link rel="alternate icon" href="/x">', LogoSource.LINK_ICON),
        ('<link rel="icon apple-touch-icon" href="/x">', LogoSource.APPLE_TOUCH_ICON),
        ('<link rel="apple-touch-icon-precomposed" href="/x">', LogoSource.APPLE_TOUCH_ICON),
        ('<link rel="mask-icon" href="/x" color="red">', LogoSource.MASK_ICON),
        ('<link rel="fluid-icon" href="/x">', LogoSource.FLUID_ICON),
        ('<meta property="og:logo" content="x">', LogoSource.OG_LOGO),
        ('<meta name="msapplication-TileImage" content="x">', LogoSource.MS_TILE),
        ('<script type="application/ld+json">{"@type":"Organization","logo":"/x"}</script>', LogoSource.JSON_LD),
        ('</head><body><header><img class="logo" src="/x"></header>', LogoSource.HEADER_IMAGE),
    ],
)
def test_sources(html, source):
    """Each way to name a logo is known, and its address is made absolute."""
    candidate = only(html)

    assert candidate.source is source
    assert candidate.url == "https://a.example/x"
    assert candidate.trust is TrustClass.PAGE
    assert candidate.scheme is None


@pytest.mark.parametrize(
    "html",
    [
        '<meta property="og:image" content="/x">', '<meta name="twitter:image" content="/x">',
        '<link rel="image_src" href="/x">', '<link rel="preload" as="image" href="/x">', '<link rel="icon" href="">',
        '<link rel="icon" href="data:image/png;base64,AAAA">', '<link rel="icon" href="ftp://a.example/x">',
        '<link rel="icon" href="/x" media="print">', '<link rel="icon" href="/x" media="not all">',
        '<template><link rel="icon" href="/x"></template>',
        '<link rel="iconic" href="/x">',
        '</head><body><header><img src="/photo.jpg" alt="A day out"></header>',
        '<script type="application/ld+json">{"@type":"Article","image":"/x"}</script>',
        '<script type="application/ld+json">{"@type":"Brand","url":"https://b.example/","logo":"/x"}</script>',
        '<script type="application/ld+json">{"@type":"Organization","logo":</script>',
    ],
)  # fmt: skip
def test_no_logos(html):
    """Share images, hints, other people's logos, what is inlined, for paper or out of reach are no candidates."""
    assert page_candidates(read_page(html)) == ()


@pytest.mark.parametrize(
    ("attributes", "size_px", "media_type", "scheme"),
    [
        ('sizes="16x16 48X32"', 48, None, None), ('sizes="any" type="image/svg+xml"', None, "image/svg+xml", None),
        ('sizes="large"', None, None, None), ('type="IMAGE/PNG; q=1"', None, "image/png", None),
        ('media="(prefers-color-scheme: dark)"', None, None, Theme.DARK),
        ('media="screen and (Prefers-Color-Scheme:light)"', None, None, Theme.LIGHT),
        ('media="not all and (prefers-color-scheme: dark)"', None, None, Theme.LIGHT),
        ('media="(prefers-color-scheme: dark) and (max-width: 600px)"', None, None, Theme.DARK),
        ('media="(min-width: 10px)"', None, None, None), ('media="32x32 (any)"', None, None, None),
    ],
)  # fmt: skip
def test_what_is_declared(attributes, size_px, media_type, scheme):
    """Size, type and colour scheme are taken over as declared."""
    candidate = only(f'<link rel="icon" href="/x" {attributes}>')

    assert (candidate.declared_px, candidate.declared_type, candidate.scheme) == (size_px, media_type, scheme)


def test_manifest():
    """Icons of the manifest come with sizes, purposes, and the scheme that a file's name gives away."""
    manifest = read_manifest(
        b'{"icons":[{"src":"i/logo-dark.svg?v=1","sizes":"any","type":"image/svg+xml","purpose":"any maskable"}]}',
        "https://a.example/app/site.webmanifest",
    )

    candidate = only("", manifest)

    assert candidate.url == "https://a.example/app/i/logo-dark.svg?v=1"
    assert candidate.source is LogoSource.MANIFEST
    assert candidate.purposes == {"any", "maskable"}
    assert candidate.scheme is Theme.DARK


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("logo-dark.png", Theme.DARK), ("logo_dark-mode@2x.png", Theme.DARK),
        ("logo-light-512x512.png", Theme.LIGHT),
        ("logo.dark.svg", Theme.DARK), ("darkroom.png", None), ("logo-darker.png", None), ("dark/logo.png", None),
        ("highlight.png", None),
    ],
)  # fmt: skip
def test_names_that_tell_a_scheme(name, scheme):
    """In JSON-LD the end of a file's name says what page a logo is for; words that only hold it do not."""
    html = f'<script type="application/ld+json">{{"@type":"Organization","logo":"/{name}"}}</script>'

    assert only(html).scheme is scheme


def test_said_twice():
    """A picture that is named twice is one candidate: the first source, the largest size, no scheme if for both."""
    candidate = only(
        '<link rel="icon" href="/x" sizes="16x16" media="(prefers-color-scheme: dark)">'
        '<link rel="icon" href="https://A.example/x#y" sizes="64x64" type="image/png">'
        '<meta property="og:logo" content="/x">'
    )

    assert candidate.source is LogoSource.LINK_ICON
    assert candidate.declared_px == 64
    assert candidate.declared_type == "image/png"
    assert candidate.scheme is None


@pytest.mark.parametrize("rels", [("mask-icon", "icon"), ("icon", "mask-icon")])
def test_a_silhouette_that_is_the_icon_too(rels):
    """One drawing for the pinned tab and for the tab is the icon, whichever is said first."""
    html = "".join(f'<link rel="{rel}" href="/favicon.svg">' for rel in rels)

    assert only(html).source is LogoSource.LINK_ICON


@pytest.mark.parametrize("purpose", ["maskable", "any maskable", "monochrome"])
def test_an_icon_that_a_manifest_restricts(purpose):
    """What a link names without a purpose is for any, even if the manifest has the same picture for masks."""
    text = f'{{"icons":[{{"src":"/i.png","purpose":"{purpose}"}}]}}'

    manifest = read_manifest(text.encode(), "https://a.example/m")
    assert only("<link rel=icon href=/i.png>", manifest).purposes == frozenset()


def test_order():
    """What promises most is first: drawings, then large ones; a silhouette is last."""
    html = """
        <link rel="mask-icon" href="/mask.svg"><link rel="icon" href="/32.png" sizes="32x32">
        <link rel="icon" href="/plain.ico"><link rel="apple-touch-icon" href="/touch.png">
        <link rel="icon" href="/512.png" sizes="512x512"><link rel="icon" href="/icon.svg">
    """

    order = [candidate.url.rpartition("/")[2] for candidate in page_candidates(read_page(html))]

    assert order == ["icon.svg", "512.png", "touch.png", "32.png", "plain.ico", "mask.svg"]


def test_well_known():
    """The custom paths are those of the page's own scheme, host and port."""
    found = well_known_candidates("http://a.example:8080/deep/page?x")

    assert [c.url for c in found] == [f"http://a.example:8080{path}" for path in WELL_KNOWN_PATHS]
    assert {c.trust for c in found} == {TrustClass.WELL_KNOWN}


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["icon", "apple-touch-icon", "mask-icon", "fluid-icon", "manifest"]),
            st.text("ab/.:#?%\\ é", max_size=8),
            st.sampled_from(["", "any", "16x16", "512x512", "0x0", "x"]),
        ),
        max_size=80,
    )
)
def test_any_links(links):
    """Whatever links a page has, the candidates are few, different, and http(s)."""
    html = "".join(f'<link rel="{rel}" href="/{href}" sizes="{sizes}">' for rel, href, sizes in links)

    found = page_candidates(read_page(html))

    assert len({candidate.url for candidate in found}) == len(found) <= MAX_CANDIDATES
    assert all(candidate.url.startswith(("https://", "http://")) for candidate in found)
    assert all(candidate.declared_px is None or candidate.declared_px > 0 for candidate in found)
