"""
Icons that frameworks put into every new project, and that stay there where nobody draws another.

Unlike a globe, each is somebody's logo: it stands for nobody only where its owner does not speak, and only as the very
picture in its very colours. What is known is shipped in ``references/templates.json``, made by
``scripts/make_templates.py``.
"""

import json
from base64 import b64decode
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from operator import sub
from typing import Any

from msgspec import Struct

from imgsvc.vision.pixels import Pixels

SIDE_PX = 8
"""Of a look: what an icon of 16 px still has to say after any format."""

MAX_DIFFERENCE = 36
"""Of 255: above what sizes and formats make of one icon, below what other logos come to (42, of 7,000)."""

_DECISIVE = 12
"""How many of the values decide: two logos may be one black disc but for what is in it."""

_WHITE = [255, 255, 255]

Look = bytes
"""Red, green and blue of 8 × 8 pixels on white, row by row."""


class Template(Struct, frozen=True):
    """
    An icon of a framework's template.

    Attributes:
        name: such as ``create-vite vite.svg``.
        owners: domains, with all below them, whose own logo it is.
        looks: as it comes, and what small sizes and formats make of it, where that differs.
    """

    name: str
    owners: list[str]
    looks: list[Look]

    def is_of(self, host: str) -> bool:
        """Whether a host is one of those whose logo it is."""
        return any(host == owner or host.endswith(f".{owner}") for owner in self.owners)


def look(pixels: Pixels) -> Look:
    """Lay a picture on a white square and shrink it."""
    image = pixels.image.flatten(background=_WHITE)
    side_px = max(image.width, image.height)
    square: Any = image.gravity("centre", side_px, side_px, extend="background", background=_WHITE)
    return bytes(square.thumbnail_image(SIDE_PX, height=SIDE_PX, size="force", no_rotate=True).write_to_memory())


def difference(one: Look, other: Look) -> float:
    """Give by how much two looks differ where they differ most, 0–255."""
    apart: list[int] = sorted(map(abs, map(sub, one, other)))
    return sum(apart[-_DECISIVE:]) / _DECISIVE


def recognise(seen: Look, host: str) -> tuple[str, float] | None:
    """Give the template's icon that looks so, and by how much it differs; None for *host*'s own and for all else."""
    return min(_alike(seen, host), key=lambda found: found[1], default=None)


def _alike(seen: Look, host: str) -> Iterator[tuple[str, float]]:
    for template in templates():
        away = min(difference(seen, known) for known in template.looks)
        if away <= MAX_DIFFERENCE and not template.is_of(host):
            yield template.name, away


@cache
def templates() -> list[Template]:
    """Read what is shipped, once."""
    shipped = json.loads((files("imgsvc.vision") / "references" / "templates.json").read_text())
    return [Template(row["name"], row["owners"], [b64decode(each) for each in row["looks"]]) for row in shipped]
