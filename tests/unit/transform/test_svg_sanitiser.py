"""The sanitiser: hostile documents come out harmless, honest ones whole."""

import base64
import time
from pathlib import Path

import pytest

from imgsvc.errors import CorruptImage, SourceTooLarge
from imgsvc.transform.svg_names import MAX_SVG_BYTES, SVG_NAMESPACE, XLINK_NAMESPACE
from imgsvc.transform.svg_sanitiser import sanitise

HEAD = (
    f'<svg xmlns="{SVG_NAMESPACE}" xmlns:xlink="{XLINK_NAMESPACE}" xmlns:ev="http://www.w3.org/2001/xml-events" '
    'xmlns:h="http://www.w3.org/1999/xhtml" xmlns:xi="http://www.w3.org/2001/XInclude">'
)
PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
CORPUS = Path(__file__).parents[4] / "shared" / "corpus"


def clean(body):
    return sanitise(f"{HEAD}{body}</svg>".encode()).decode()


def inner(body):
    """What is left inside the root."""
    text = clean(body)
    return "" if text.endswith("/>") and text.count("<") == 1 else text.partition(">")[2].removesuffix("</svg>")


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        '<script href="http://evil.test/x.js"/>',
        "<h:script>alert(1)</h:script>",
        '<h:img src="http://evil.test/"/>',
        '<foreignObject><h:iframe src="http://evil.test/"/></foreignObject>',
        '<animate attributeName="href" values="javascript:alert(1)"/>',
        '<set attributeName="onmouseover" to="alert(1)"/>',
        '<animateTransform attributeName="transform" type="rotate"/>',
        "<animateMotion><mpath/></animateMotion>",
        '<xi:include href="file:///etc/passwd" parse="text"/>',
        "<style>@import url(http://evil.test/x.css);</style>",
        '<style>@import "http://evil.test/x.css";</style>',
        '<style>\\40 import "http://evil.test/x.css";</style>',
        "<style>@font-face{font-family:x;src:url(http://evil.test/f.woff)}</style>",
        "<style>a{fill:url(http://evil.test/#a)}</style>",
        "<style>a{fill:u\\72 l(http://evil.test/)}</style>",
        "<style>a{fill:ur/**/l(http://evil.test/)}</style>",
        "<style>a{fill:image-set('http://evil.test/' 1x)}</style>",
        "<style>a{width:expression(alert(1))}</style>",
        "<style>a{behavior:url(#x)}</style>",
        "<style>a{-moz-binding:url(http://evil.test/)}</style>",
        "<style>a{font-family:'url(http://evil.test/)'}</style>",
        "<style>a[b='{}']{fill:red}</style>",
        '<style type="text/javascript">alert(1)</style>',
        "<handler ev:event='load'>alert(1)</handler>",
        "<metadata><x xmlns='urn:x'/></metadata>",
        "<!-- comment --><?pi x?>",
        "<cursor href='http://evil.test/'/>",
        "<font-face><font-face-src><font-face-uri href='http://evil.test/'/></font-face-src></font-face>",
    ],
)
def test_hostile_element_leaves_nothing(body):
    """What runs, moves or fetches is dropped whole, with all it holds."""
    assert inner(body) == ""


@pytest.mark.parametrize(
    "attribute",
    [
        'onload="alert(1)"',
        'ONLOAD="alert(1)"',
        'ev:event="load"',
        'href="javascript:alert(1)"',
        'href=" java&#10;script:alert(1)"',
        'xlink:href="&#x6a;avascript:alert(1)"',
        'href="http://evil.test/#a"',
        'href="//evil.test/#a"',
        'href="x.svg#a"',
        'href="data:text/html;base64,AAAA"',
        f'href="data:image/png;base64,{PIXEL}"',
        'xml:base="http://evil.test/"',
        'src="http://evil.test/"',
        'fill="url(http://evil.test/#a)"',
        "fill=\"URL( '//evil.test' )\"",
        'fill="u\\72l(http://evil.test/)"',
        'filter="url(#a) url(http://evil.test/)"',
        'mask="image(http://evil.test/)"',
        'style="fill:url(http://evil.test/)"',
        'style="cursor:url(http://evil.test/),auto"',
        'style="background:url(http://evil.test/)"',
        "style=\"@import 'http://evil.test/'\"",
        'style="fill:red}*{fill:blue"',
        'style="--x:url(http://evil.test/)"',
    ],
)
def test_hostile_attribute_is_dropped(attribute):
    """On an element that may stay, an attribute that runs or fetches goes."""
    assert inner(f"<use {attribute}/>") == "<use/>"


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ('<use href="#a" xlink:href="#b"/>', '<use href="#a" xlink:href="#b"/>'),
        (
            f'<image href=" data:image/PNG;base64,{PIXEL[:4]}&#10;{PIXEL[4:]}"/>',
            f'<image href="data:image/png;base64,{PIXEL}"/>',
        ),
        ('<image href="data:image/svg+xml;base64,AAAA"/>', "<image/>"),
        ('<image href="#a"/>', "<image/>"),
        ('<a href="http://x.test/"><path d="M0 0"/></a>', '<g><path d="M0 0"/></g>'),
        ("<text>a <a href='#x'>b</a> c</text>", "<text>a <tspan>b</tspan> c</text>"),
        ("<text>a<h:b>x</h:b>b<tspan>c</tspan>d</text>", "<text>ab<tspan>c</tspan>d</text>"),
        ("<switch><foreignObject/><g/></switch>", "<switch><g/></switch>"),
        ("<g style=\"fill : url( '#g' ) ; stroke:RED!important\"/>", '<g style="fill:url(#g);stroke:RED!important"/>'),
        ('<rect fill="url(&quot;#g&quot;) none"/>', '<rect fill="url(#g) none"/>'),
        ("<text style=\"font-family:'A B',serif\"/>", "<text style=\"font-family:'A B',serif\"/>"),
        ('<text font-family="A\\20 B"/>', '<text font-family="A B"/>'),
        ('<g style="transform:translate(1px,2px)"/>', '<g style="transform:translate(1px,2px)"/>'),
        ("<style>.a,.b>c:not(.d){fill:#f00;x:y(}</style>", "<style>.a,.b&gt;c:not(.d){fill:#f00}</style>"),
        ("<style><![CDATA[.a{fill:red}]]></style>", "<style>.a{fill:red}</style>"),
        ("<style>/* x */.a{/* y */fill:red}/*</style>", "<style>.a{fill:red}</style>"),
        (
            "<style>@media (prefers-color-scheme: dark) { .a { fill: #fff } }</style>",
            "<style>@media (prefers-color-scheme: dark){.a{fill:#fff}}</style>",
        ),
        ('<text xml:space="preserve"> x </text>', '<text xml:space="preserve"> x </text>'),
    ],
)  # fmt: skip
def test_honest_content_survives(body, left):
    """What only draws stays, in one normal form."""
    assert inner(body) == left


@pytest.mark.parametrize(
    "document",
    [
        f"<!DOCTYPE svg>{HEAD}</svg>",
        f'<?xml version="1.0"?><!-- x --> <!DOCTYPE svg [<!ENTITY a "b">]>{HEAD}&a;</svg>',
        '<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><svg>&b;</svg>',
        '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg><text>&x;</text></svg>',
        '<!DOCTYPE svg SYSTEM "http://evil.test/x.dtd"><svg/>',
        "\ufeff\ufeff\ufeff<!DOCTYPE svg><svg/>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_doctype_is_refused_by_name(document, encoding):
    """A DOCTYPE is an error that says so, in every encoding, before any parser sees it."""
    with pytest.raises(CorruptImage, match="DOCTYPE"):
        sanitise(document.replace("UTF-8", encoding).encode(encoding))


@pytest.mark.parametrize(
    "document",
    [
        b"", b"<svg", b"<svg><g></svg>", b"<html/>", b"<svg xmlns='urn:other'/>", b"<svg>&undefined;</svg>",
        b"<svg/><!DOCTYPE svg>", b"<svg xlink:href='#a'/>", b"<svg a='1' a='2'/>", b"<svg>\x00</svg>",
        b"<svg>\xff</svg>",
        b"<?xml version='1.0' encoding='utf-7'?><svg/>", b"<?xml version='1.0' encoding='ebcdic-cp-us'?><svg/>",
    ],
)  # fmt: skip
def test_what_is_no_svg_is_corrupt(document):
    """Not well-formed, another root, or an encoding that is not read: a broken picture."""
    with pytest.raises(CorruptImage):
        sanitise(document)


@pytest.mark.parametrize(
    "data",
    [
        "<svg><title>é✓</title></svg>".encode(),
        "\ufeff<svg><title>é✓</title></svg>".encode(),
        '<?xml version="1.0" encoding="utf-16"?><svg><title>é✓</title></svg>'.encode("utf-16"),
        "<svg><title>é✓</title></svg>".encode("utf-16-be"),
        '<?xml version="1.0" encoding="ISO-8859-1"?><svg><title>é&#x2713;</title></svg>'.encode("latin-1"),
    ],
)
def test_encodings_become_utf8(data):
    """Every encoding that is read comes out as the same UTF-8, with the namespace filled in."""
    assert sanitise(data).decode() == f'<svg xmlns="{SVG_NAMESPACE}"><title>é✓</title></svg>'


def test_prefixed_documents_are_understood():
    """A document that calls SVG's namespace by a prefix comes out without it."""
    data = f'<s:svg xmlns:s="{SVG_NAMESPACE}"><s:g><s:script/></s:g></s:svg>'.encode()
    assert sanitise(data).decode() == f'<svg xmlns="{SVG_NAMESPACE}"><g/></svg>'


def test_too_many_bytes_are_refused():
    """Above 1 MiB nothing is parsed, and nothing may grow above it."""
    for data in (b"<svg>" + b" " * MAX_SVG_BYTES + b"</svg>", b"<svg><text>" + b">" * 400_000 + b"</text></svg>"):
        with pytest.raises(SourceTooLarge):
            sanitise(data)


def reuse(levels, factor):
    body = '<g id="a0"><rect/></g>'
    body += "".join(f'<g id="a{i + 1}">' + f'<use href="#a{i}"/>' * factor + "</g>" for i in range(levels))
    return body + f'<use href="#a{levels}"/>'


@pytest.mark.parametrize(
    "body",
    [
        "<g>" * 101 + "</g>" * 101,
        "<g>" * 400 + "</g>" * 400,
        "<g/>" * 50_001,
        "<g " + " ".join(f"a{n}='1'" for n in range(501)) + "/>",
        reuse(8, 10),
        reuse(300, 1),
    ],
)
def test_too_much_work_is_refused(body):
    """Depth, number and reuse of elements are bounded."""
    with pytest.raises(CorruptImage):
        clean(body)


def test_text_keeps_its_order_around_what_goes():
    """Characters stay before and behind what stays, those of what goes are lost."""
    body = "<text>a<bad/>b<tspan>c</tspan>d<bad>x</bad>e<style>a{fill:red}</style>f</text> g <rect/>"
    assert "<text>ab<tspan>c</tspan>de<style>a{fill:red}</style>f</text><rect/>" in clean(body)


def test_text_in_many_pieces_is_written_once():
    """Forty thousand pieces in one element are a moment's work; written one by one they took a minute."""
    begun = time.process_time()
    assert "x" * 800_000 in clean("<text>" + ("x" * 20 + "<b/>") * 40_000 + "</text>")
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("body", ["<g>" * 90 + "</g>" * 90, reuse(3, 20), '<g id="a"><use href="#a"/></g>'])
def test_ordinary_work_is_allowed(body):
    """Deep groups, symbols used by the thousand and circles (which draw nothing) pass."""
    assert clean(body)


INKSCAPE = f"""<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!-- Created with Inkscape (http://www.inkscape.org/) -->
<svg width="210mm" height="297mm" viewBox="0 0 210 297" version="1.1" id="svg5" inkscape:version="1.2"
   xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape"
   xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd"
   xmlns="{SVG_NAMESPACE}" xmlns:svg="{SVG_NAMESPACE}">
  <sodipodi:namedview id="namedview7" pagecolor="#ffffff"/>
  <defs id="defs2"><linearGradient id="lg">
    <stop style="stop-color:#f00;stop-opacity:1" offset="0" id="s"/></linearGradient>
  </defs>
  <g inkscape:label="Layer 1" inkscape:groupmode="layer" id="layer1">
    <rect style="fill:url(#lg);stroke-width:0.26;-inkscape-stroke:none" id="r" width="50" height="30" x="1" y="2"/>
  </g>
</svg>"""
EXPECTED_INKSCAPE = (
    f'<svg xmlns="{SVG_NAMESPACE}" width="210mm" height="297mm" viewBox="0 0 210 297" version="1.1" id="svg5">'
    '<defs id="defs2"><linearGradient id="lg"><stop style="stop-color:#f00;stop-opacity:1" offset="0" id="s"/>'
    '</linearGradient></defs><g id="layer1">'
    '<rect style="fill:url(#lg);stroke-width:0.26" id="r" width="50" height="30" x="1" y="2"/></g></svg>'
)


def test_document_of_a_drawing_program_keeps_what_draws():
    """An editor's own elements and attributes go, everything that is drawn stays."""
    assert sanitise(INKSCAPE.encode()).decode() == EXPECTED_INKSCAPE


@pytest.mark.corpus
def test_real_logo_survives():
    """The corpus' logo keeps both its shapes."""
    if not CORPUS.is_dir():
        pytest.skip("the shared corpus is not here")
    assert sanitise((CORPUS / "logo.svg").read_bytes()).count(b"<path ") == 2
