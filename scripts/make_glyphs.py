"""
Make imgsvc/logos/glyphs.json: outlines of capitals and digits, so that a monogram needs no font where it is drawn.

    pip install fonttools    # here only; the service does not need it
    python scripts/make_glyphs.py

The outlines are DejaVu Sans Bold's (Bitstream Vera's free licence; see glyphs-licence.txt beside the data), from the
npm package below, which is held against its integrity.
"""

import base64
import hashlib
import io
import json
import tarfile
import unicodedata
import urllib.request
from pathlib import Path

from fontTools.misc.transform import Transform
from fontTools.pens.boundsPen import BoundsPen
from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont

PACKAGE = "https://registry.npmjs.org/dejavu-fonts-ttf/-/dejavu-fonts-ttf-2.37.3.tgz"
INTEGRITY = "f1hd7jJbeQa1VWcw+K2KrTXS50zTMaHpVC4XIKJpNcDeYR5ajMtj/iLlQDYNvLOKamUB3ARVVCf79lNwNVztSQ=="
PLACE = Path(__file__).parent.parent / "imgsvc" / "logos"
RANGES = ((0x30, 0x3A), (0x41, 0x5B), (0xC0, 0x180), (0x391, 0x3AA), (0x400, 0x430))
HEIGHT_UNITS = 34
CAPITAL_EM_UNITS = 1493
"""Height of the font's H; its OS/2 table does not say."""


def archive() -> tarfile.TarFile:
    data = urllib.request.urlopen(PACKAGE, timeout=60).read()
    assert base64.b64encode(hashlib.sha512(data).digest()).decode() == INTEGRITY
    return tarfile.open(fileobj=io.BytesIO(data))


def wanted() -> list[str]:
    characters = [chr(code) for first, end in RANGES for code in range(first, end)]
    return [c for c in characters if unicodedata.category(c) in ("Lu", "Nd")]


def outline(font: TTFont, character: str) -> str:
    """Lay a glyph's outline round 0,0, capitals HEIGHT_UNITS high, y downwards."""
    glyphs = font.getGlyphSet()
    glyph = glyphs[font.getBestCmap()[ord(character)]]
    bounds = BoundsPen(glyphs)
    glyph.draw(bounds)
    left, bottom, right, top = bounds.bounds
    scale = HEIGHT_UNITS / CAPITAL_EM_UNITS
    scale *= min(1, HEIGHT_UNITS * 1.15 / ((top - bottom) * scale), HEIGHT_UNITS * 1.25 / ((right - left) * scale))
    pen = SVGPathPen(glyphs, ntos=lambda v: f"{v:.1f}".removesuffix(".0"))
    middle = Transform(scale, 0, 0, -scale, -scale * (left + right) / 2, scale * (top + bottom) / 2)
    glyph.draw(TransformPen(pen, middle))
    return pen.getCommands()


def main() -> None:
    package = archive()
    font = TTFont(io.BytesIO(package.extractfile("package/ttf/DejaVuSans-Bold.ttf").read()))
    known = font.getBestCmap()
    glyphs = {c: outline(font, c) for c in wanted() if ord(c) in known}
    text = json.dumps(glyphs, ensure_ascii=False, indent=0, sort_keys=True)
    (PLACE / "glyphs.json").write_text(text + "\n", "utf-8")
    (PLACE / "glyphs-licence.txt").write_bytes(package.extractfile("package/LICENSE").read())
    print(f"{len(glyphs)} glyphs, {len(text)} characters")


if __name__ == "__main__":
    main()
