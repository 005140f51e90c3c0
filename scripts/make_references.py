"""
Make ``imgsvc/vision/references/generic.json``: what is known of icons that stand for any site.

Takes the pictures from the packages that publish them, at the versions and digests below, and draws those that only
services have. Ships no picture: of each icon its digests at the usual sizes, and at some sizes the perceptual hash and
the normal form. The tests' pictures, these icons and real logos, are written too.
Needs the npm registry; nothing else in the project does.
"""

import hashlib
import io
import itertools
import json
import math
import re
import tarfile
import urllib.request
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyvips

from imgsvc.vision import fingerprint
from imgsvc.vision.pixels import Pixels

TARGET = Path(__file__).parent.parent / "imgsvc" / "vision" / "references" / "generic.json"
TESTS = Path(__file__).parent.parent / "tests" / "unit" / "vision" / "logos"
REGISTRY = "https://registry.npmjs.org"
DIGEST_SIZES_PX = (16, 32, 64)
LARGE_PX, SMALL_PX = 128, 16
SAME = 0.99
"""Forms of one icon more alike than this need not both be shipped."""

NOTHING_NEW = 0.96
"""Nor do those of a drawing that another reference is so much like."""

TOO_PLAIN = 0.85
PLAIN = (
    '<circle cx="32" cy="32" r="28"/>',
    '<path d="M8 8H56V56H8Z"/>',
    '<rect x="8" y="8" width="48" height="48" rx="12"/>',
    '<circle cx="32" cy="32" r="26" fill="none" stroke="#000" stroke-width="6"/>',
)
"""What no reference may be taken for."""


@dataclass(frozen=True)
class Package:
    """
    An npm package and the icons taken from it.

    Attributes:
        title: begins the references' names.
        path: below the registry.
        sha512: the registry's own ``dist.integrity``, in base64.
        icons: paths in the package, without ``.svg``.
    """

    title: str
    path: str
    sha512: str
    icons: tuple[str, ...]


def styled(styles: str, names: str) -> tuple[str, ...]:
    return tuple(f"{style}/{name}" for style in styles.split() for name in names.split())


PACKAGES = (
    Package(
        "material",  # Apache-2.0
        "@material-design-icons/svg/-/svg-0.14.15.tgz",
        "6nbjwGwyJnphwQUscJAYqw1Tk6+W8KvsgOAeyVgzIFXVsHfgX5XyplTUcZ29wbcTUysMMyCUi1LYpmFKA/e61g==",
        (*styled("filled outlined round sharp", "language public"), "outlined/insert_drive_file"),
    ),
    Package(
        "feather",  # MIT
        "feather-icons/-/feather-icons-4.29.2.tgz",
        "0TaCFTnBTVCz6U+baY2UJNKne5ifGh7sMG4ZC2LoBWCZdIyPa+y6UiR4lEYGws1JOFWdee8KAsAIvu0VcXqiqA==",
        styled("dist/icons", "globe file"),
    ),
    Package(
        "lucide",  # ISC
        "lucide-static/-/lucide-static-1.62.0.tgz",
        "WBZA/m2PvkFpMGHDtsBck5P2A9G4ehLlYu4GwwICcmEm1BvYVgj00lCDxKRWLlbMlOibLaiwdQ88G5pHkSWgwA==",
        styled("icons", "globe earth file"),
    ),
    Package(
        "font-awesome",  # CC-BY-4.0
        "@fortawesome/fontawesome-free/-/fontawesome-free-7.3.1.tgz",
        "wmglKKPDIkgV3aWlZzWECCPoGIkYCulzBwxG9+w7rc5BGapZ6cPMpoPOT8k36J0Ni7PPX6c/rsoMWfS4d1MUMg==",
        styled("svgs/solid", "globe earth-americas earth-africa earth-asia earth-europe earth-oceania"),
    ),
    Package(
        "bootstrap",  # MIT
        "bootstrap-icons/-/bootstrap-icons-1.13.2.tgz",
        "fAU1Ly3dH7hwRg+CB8EZ0Vl0fF80zgXHeUVJyfUOKzoURr+TbwISbCW5tKUoQLERaWYG2emTCybcPbD96hdD1A==",
        styled(
            "icons",
            "globe globe2 globe-americas globe-americas-fill globe-asia-australia globe-asia-australia-fill "
            "globe-central-south-asia globe-central-south-asia-fill globe-europe-africa globe-europe-africa-fill "
            "file-earmark",
        ),
    ),
    Package(
        "heroicons",  # MIT
        "heroicons/-/heroicons-2.2.0.tgz",
        "yOwvztmNiBWqR946t+JdgZmyzEmnRMC2nxvHFC90bF1SUttwB6yJKYeme1JeEcBfobdOs827nCyiWBS2z/brog==",
        ("24/outline/globe-alt", "24/solid/globe-alt", "24/outline/document"),
    ),
    Package(
        "mdi",  # Apache-2.0
        "@mdi/svg/-/svg-7.4.47.tgz",
        "WQ2gDll12T9WD34fdRFgQVgO8bag3gavrAgJ0frN4phlwdJARpE6gO1YvLEMJR0KKgoc+/Ea/A0Pp11I00xBvw==",
        styled("svg", "web earth file-outline"),
    ),
    Package(
        "tabler",  # MIT
        "@tabler/icons/-/icons-3.52.0.tgz",
        "dldKlJNfO/gZnGLcIY0X2EFFKIMGwL/rEvTqglvBgAPFiwj9pZOCN5V3Sf0Gyjq6foX4VQmLdOmsS4w5FdWKAw==",
        ("icons/outline/world", "icons/outline/globe", "icons/filled/world", "icons/outline/file"),
    ),
)

LOGOS = Package(
    "simple-icons",  # CC0-1.0
    "simple-icons/-/simple-icons-16.37.0.tgz",
    "8mCJIhpMYOL9g13GW59EiL3sVXJnTEKGCTZFaekl9UQ3Qo0SwVjnLaJ82QiaH8BKBdouEDzrHMXIWh8cBIy48A==",
    (),
)
LOGO_COUNT = 200
LONGEST_LOGO_BYTES = 1200

_RADIUS = 28
_AXIS, _EQUATOR = '<path d="M32 4V60"/>', '<path d="M4 32H60"/>'
_MERIDIANS = f'<ellipse cx="32" cy="32" rx="12" ry="28"/>{_AXIS}{_EQUATOR}'
_PARALLELS = '<path d="M8 18H56M8 46H56"/>'
_RINGS = f'<circle cx="32" cy="32" r="16"/>{_AXIS}{_EQUATOR}'
_LINES = '<g fill="none" stroke="{colour}" stroke-width="{width}"><circle cx="32" cy="32" r="28"/>{lines}</g>'

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="64" height="64">{}</svg>'


def drawn() -> Iterator[tuple[str, str]]:
    """Draw what favicon services answer for a site without an icon, in their manner; names and SVG texts."""
    for width in (2, 4):
        named = {"rings": _MERIDIANS, "parallels": _MERIDIANS + _PARALLELS, "concentric rings": _RINGS}
        for name, lines in named.items():
            icon = SVG.format(_LINES.format(colour="currentColor", width=width, lines=lines))
            yield f"service globe of {name}, {width} px", icon


def globes() -> Iterator[tuple[str, str]]:
    """Draw what others may draw as a globe, more or less finely; names and SVG texts."""
    for name, lines in (*_from_the_side(), *_from_above()):
        yield f"globe {name}", SVG.format(_LINES.format(colour="currentColor", width=3, lines=lines))


def _from_the_side() -> Iterator[tuple[str, str]]:
    for meridians, axis, parallels in itertools.product((1, 2, 3), (False, True), (0, 1, 2)):
        lines = _ellipses(meridians) + _AXIS * axis + _EQUATOR + "".join(map(_chord, _shares(parallels)))
        yield f"from the side, meridians {2 * meridians + axis}, parallels {2 * parallels + 1}", lines


def _from_above() -> Iterator[tuple[str, str]]:
    for rings in (1, 2, 3):
        within = "".join(f'<circle cx="32" cy="32" r="{radius:.1f}"/>' for radius in _shares(rings))
        for spokes in (2, 3, 4):
            yield (
                f"from above, rings {rings}, lines {spokes}",
                within + "".join(_spoke(at / spokes) for at in range(spokes)),
            )
        for meridians, axis in itertools.product((1, 2), (False, True)):
            lines = within + _ellipses(meridians) + _AXIS * axis + _EQUATOR
            yield f"of rings {rings}, meridians {2 * meridians + axis}", lines


def _shares(count: int) -> list[float]:
    """Part the radius evenly."""
    return [_RADIUS * at / (count + 1) for at in range(1, count + 1)]


def _ellipses(count: int) -> str:
    return "".join(f'<ellipse cx="32" cy="32" rx="{share:.1f}" ry="{_RADIUS}"/>' for share in _shares(count))


def _chord(away: float) -> str:
    half = math.sqrt(_RADIUS**2 - away**2)
    return "".join(f'<path d="M{32 - half:.1f} {y:.1f}H{32 + half:.1f}"/>' for y in (32 - away, 32 + away))


def _spoke(half_turns: float) -> str:
    x, y = _RADIUS * math.sin(math.pi * half_turns), _RADIUS * math.cos(math.pi * half_turns)
    return f'<path d="M{32 - x:.1f} {32 - y:.1f}L{32 + x:.1f} {32 + y:.1f}"/>'


def downloaded(package: Package) -> bytes:
    """
    Fetch a package.

    Raises:
        ValueError: the registry's answer is not the file it was.
    """
    with urllib.request.urlopen(f"{REGISTRY}/{package.path}") as answer:  # noqa: S310 - https, see above
        data = answer.read()
    if hashlib.sha512(data).digest() != b64decode(package.sha512):
        raise ValueError(f"{package.path} is not what it was.")
    return data


def published(package: Package) -> Iterator[tuple[str, str]]:
    """Give the names and the SVG texts of a package's icons."""
    with tarfile.open(fileobj=io.BytesIO(downloaded(package))) as archive:
        for icon in package.icons:
            member = archive.extractfile(f"package/{icon}.svg")
            yield f"{package.title} {icon.removeprefix('dist/')}", member.read().decode()


def rendered(svg: str, side_px: int, colour: str) -> pyvips.Image:
    """Render at *side_px*, in *colour* where the icon does not say."""
    root = re.search(r"<svg[^>]*>", svg)[0]
    text = (
        svg if re.search(r"\sfill=", root) else svg.replace(root, root.replace("<svg", '<svg fill="currentColor"'), 1)
    )
    data = text.replace("currentColor", colour).encode()
    image = pyvips.Image.svgload_buffer(data)
    return pyvips.Image.svgload_buffer(data, scale=side_px / max(image.width, image.height))


def reference(name: str, svg: str, known: list[fingerprint.Normal]) -> dict[str, object]:
    """
    Give what is shipped of an icon, if anything is new, and add its forms to those that are *known*.

    A form that is too much like a plain shape would recognise anything, and is left out.
    """
    plain = [next(fingerprint.normal_forms(Pixels.of(rendered(SVG.format(text), LARGE_PX, "#000")))) for text in PLAIN]
    forms: list[fingerprint.Normal] = []
    for image in sizes(svg):
        normal = next(fingerprint.normal_forms(Pixels.of(image)))
        is_new = not (is_among(normal, forms, SAME) or is_among(normal, plain, TOO_PLAIN))
        forms += [normal] if is_new and not is_among(normal, known, NOTHING_NEW) else []
    known += forms
    return {
        "name": name,
        "digests": [fingerprint.digest(Pixels.of(rendered(svg, side_px, "#000"))) for side_px in DIGEST_SIZES_PX],
        "forms": [
            {"hash": f"{fingerprint.perceptual_hash(normal):016x}", "normal": b64encode(normal).decode()}
            for normal in forms
        ],
    }


def is_among(normal: fingerprint.Normal, others: list[fingerprint.Normal], least: float) -> bool:
    own = fingerprint.shape(normal)
    return any(fingerprint.likeness(own, fingerprint.shape(other)) >= least for other in others)


def sizes(svg: str) -> tuple[pyvips.Image, ...]:
    """Render as sites do: large, small, shrunk from the large, and a small one enlarged."""
    large, small = (rendered(svg, side_px, "#000") for side_px in (LARGE_PX, SMALL_PX))
    return large, small, large.resize(SMALL_PX / LARGE_PX), small.resize(2)


def logos() -> dict[str, str]:
    """Choose 200 real logos, evenly over the alphabet, of those with short paths; ``path`` elements' ``d``."""
    with tarfile.open(fileobj=io.BytesIO(downloaded(LOGOS))) as archive:
        texts = {
            Path(member.name).stem: archive.extractfile(member).read().decode()
            for member in archive
            if member.name.endswith(".svg") and member.size <= LONGEST_LOGO_BYTES
        }
    names = sorted(texts)
    chosen = names[:: len(names) // LOGO_COUNT][:LOGO_COUNT]
    return {name: re.search(r' d="([^"]+)"', texts[name])[1] for name in chosen}


def main() -> None:
    icons = [(name, svg) for package in PACKAGES for name, svg in published(package)] + list(drawn())
    references = [reference(*icon, []) for icon in icons]
    known = [b64decode(form["normal"]) for each in references for form in each["forms"]]
    for icon in globes():
        if (more := reference(*icon, known))["forms"]:
            references.append(more)
            icons.append(icon)
    write(TARGET, references)
    write(TESTS / "generic.json", [[name, svg] for name, svg in icons])
    write(TESTS / "logos.json", list(logos().items()))


def write(path: Path, rows: list[object]) -> None:
    """Write rows as JSON, one a line."""
    path.parent.mkdir(exist_ok=True)
    path.write_text("[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n")


if __name__ == "__main__":
    main()
