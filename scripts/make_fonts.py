"""
Make imgsvc/transform/fonts/: the Latin family that cards are set in, and a font that draws nothing at all.

    pip install fonttools brotli    # here only; the service does not need them
    python scripts/make_fonts.py

The family is Inter (SIL OFL 1.1, its licence goes beside the files), cut to Latin, Greek and Cyrillic at two weights,
for large sizes. It comes from the npm package below, which is held against its integrity.
"""

import base64
import hashlib
import io
import subprocess
import tarfile
import tempfile
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._c_m_a_p import CmapSubtable
from fontTools.varLib.instancer import instantiateVariableFont

PACKAGE = "inter-ui@4.1.1"
INTEGRITY = "451h0J29HyOmA+JXgSi/6M12tL7ZCZ8arYKZUXiOXTJpJbAKqJvFh3k5SiV3x7tKe0C0KyrKUUiQIvvZ2PQDcA=="
PLACE = Path(__file__).parent.parent / "imgsvc" / "transform" / "fonts"

FAMILY = "imgsvc Sans"
"""A name of its own: an Inter that the system has too must not take part, its lines may break elsewhere."""

CUTS = {"Regular": {"wght": 440, "opsz": 24}, "Bold": {"wght": 670, "opsz": 32}}
LATIN_GREEK_CYRILLIC = (
    (0x20, 0x7F), (0xA0, 0x250), (0x2B0, 0x370), (0x370, 0x400), (0x400, 0x530), (0x1E00, 0x2000), (0x2000, 0x2070),
    (0x2070, 0x20D0), (0x2100, 0x2150), (0x2190, 0x21A0), (0x2200, 0x2270), (0x25A0, 0x2600),
)  # fmt: skip
FEATURES = ["calt", "case", "ccmp", "kern", "liga", "locl", "mark", "mkmk"]

BLANK = "imgsvc Blank"
BLANK_RANGES = ((0xA0, 0xD800), (0xF900, 0xFFFE), (0x10000, 0x40000))
"""All that may be text: controls, surrogates and private use never reach a font."""


def archive() -> tarfile.TarFile:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        data = next(Path(folder).glob("*.tgz")).read_bytes()
    assert base64.b64encode(hashlib.sha512(data).digest()).decode() == INTEGRITY
    return tarfile.open(fileobj=io.BytesIO(data))


def read(package: tarfile.TarFile, name: str) -> bytes:
    member = package.extractfile(f"package/{name}")
    assert member is not None
    return member.read()


def cut(data: bytes, style: str) -> TTFont:
    """Take one style of the variable font, and of that what cards can need."""
    font = instantiateVariableFont(TTFont(io.BytesIO(data), recalcTimestamp=False), CUTS[style])
    font.flavor = None
    options = Options(
        layout_features=FEATURES, hinting=False, name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14], notdef_outline=True
    )
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[code for first, end in LATIN_GREEK_CYRILLIC for code in range(first, end)])
    subsetter.subset(font)
    rename(font, FAMILY, style)
    font["OS/2"].usWeightClass = 700 if style == "Bold" else 400
    font["OS/2"].fsSelection = font["OS/2"].fsSelection & ~0x61 | (0x20 if style == "Bold" else 0x40)
    font["head"].macStyle = int(style == "Bold")
    return font


def rename(font: TTFont, family: str, style: str) -> None:
    compact = f"{family}-{style}".replace(" ", "")
    for number, words in ((1, family), (2, style), (3, compact), (4, f"{family} {style}"), (6, compact)):
        font["name"].setName(words, number, 3, 1, 0x409)
    font["name"].names = [record for record in font["name"].names if record.platformID == 3]


def blank() -> TTFont:
    """
    Make the font that has every character and draws none of them.

    fonts.conf puts it behind all others. What no other font has then takes no room, where a box would be drawn.
    """
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "blank"])
    builder.setupCharacterMap({0xA0: "blank"})
    builder.setupGlyf({name: TTGlyphPen(None).glyph() for name in (".notdef", "blank")})
    builder.setupHorizontalMetrics({".notdef": (0, 0), "blank": (0, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": BLANK, "styleName": "Regular", "psName": BLANK.replace(" ", "")})
    builder.setupOS2(sTypoAscender=800, sTypoDescender=-200, usWinAscent=800, usWinDescent=200)
    builder.setupPost()
    table = CmapSubtable.newSubtable(13)  # one entry a range, however long; format 12 would need one a character
    table.platformID, table.platEncID, table.language = 3, 10, 0
    table.cmap = {code: "blank" for first, end in BLANK_RANGES for code in range(first, end)}
    builder.font["cmap"].tables = [table]
    builder.font["head"].created = builder.font["head"].modified = 0
    return builder.font


def main() -> None:
    package = archive()
    PLACE.mkdir(exist_ok=True)
    data = read(package, "variable/InterVariable.woff2")
    for style in CUTS:
        cut(data, style).save(PLACE / f"sans-{style.lower()}.ttf")
    font = blank()
    font.recalcTimestamp = False
    font.save(PLACE / "blank.ttf")
    (PLACE / "inter-licence.txt").write_bytes(read(package, "LICENSE.txt"))


if __name__ == "__main__":
    main()
