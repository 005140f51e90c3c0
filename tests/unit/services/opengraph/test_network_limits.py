"""``for=``: what each network takes, over two hundred pictures of every kind, format and size."""

import asyncio
import random

import pytest
import pyvips

from imgsvc.opengraph.profiles import PROFILES, Network
from tests.support import pictures
from tests.unit.services.opengraph.conftest import Asking

pytestmark = pytest.mark.slow

PICTURES = 200
LIMITS = {
    "linkedin": (5_000_000, {"image/jpeg", "image/png"}), "whatsapp": (300_000, {"image/jpeg"}),
    "twitter": (5_000_000, {"image/jpeg", "image/png", "image/webp"}),
    "facebook": (8_000_000, {"image/jpeg", "image/png"}), "slack": (8_000_000, {"image/jpeg", "image/png"}),
    "discord": (8_000_000, {"image/jpeg", "image/png"}),
}  # fmt: skip
"""As the contract has them, apart from the code's own table."""

LEAST_PX = {"twitter": (300, 157), "facebook": (200, 200), "linkedin": (200, 200)}
"""Facebook's from its documents, where the contract has none; LinkedIn is taken to be like it."""


def varied(seed: int) -> bytes:
    """Make a picture of some size, kind and format; every twentieth is noise, which no codec makes small."""
    rng = random.Random(seed)
    width, height = rng.randint(1, 500), rng.randint(1, 400)
    if seed % 20 == 0:
        return pictures.png(pyvips.Image.gaussnoise(1300, 800, sigma=80, seed=seed).cast("uchar").bandjoin([128, 9]))
    base = (pyvips.Image.xyz(width, height) * [rng.random(), rng.random()]).cast("uchar")
    noise = pyvips.Image.gaussnoise(width, height, mean=128, sigma=rng.randint(1, 60), seed=seed).cast("uchar")
    image = base.bandjoin(noise).copy(interpretation="srgb")
    kinds = (
        lambda: pictures.jpeg(image),
        lambda: pictures.png(image),
        lambda: pictures.png(image.bandjoin(noise)),
        lambda: pictures.webp(image),
        lambda: pictures.gif(image),
        lambda: pictures.tiff(image),
        lambda: pictures.jpeg(noise.copy(interpretation="b-w")),
        lambda: pictures.png((image.cast("ushort") * 256).copy(interpretation="rgb16")),
        lambda: pictures.animation(width=width % 300 + 2, height=height % 300 + 2),
        lambda: pictures.SVG.replace(b'width="40" height="20"', f'width="{width}" height="{height}"'.encode()),
        pictures.cmyk_jpeg,
    )
    return rng.choice(kinds)()


async def broken_limits(ask: Asking, path: str, network: str) -> list[str]:
    """Ask for a picture for a network; give what is wrong with the answer."""
    most_bytes, kinds = LIMITS[network]
    shared = await ask(path, network=Network(network))
    blob = shared.served.blob
    size_px, picture = (blob.meta.width, blob.meta.height), pictures.decoded(blob.data)
    found = {
        f"a card, for {shared.fallback!r}": shared.fallback is not None,
        "bytes": len(blob.data) > most_bytes,
        "type": blob.meta.media_type not in kinds,
        "size": size_px != (picture.width, picture.height),
        "small": any(side < least for side, least in zip(size_px, LEAST_PX.get(network, (1, 1)), strict=True)),
    }
    return [f"{path} for {network}: {name} {size_px} {len(blob.data)}" for name, wrong in found.items() if wrong]


def test_the_table_is_the_contract():
    """All networks of the contract are there, and no other."""
    assert {network.value for network in Network} == set(LIMITS)
    assert {network.value: profile.max_bytes for network, profile in PROFILES.items()} == {
        network: most_bytes for network, (most_bytes, _) in LIMITS.items()
    }


@pytest.mark.parametrize("size_px", [(490, 1), (1, 490)])
async def test_a_line(ask, origin, size_px):
    """What could not be scaled until it covers the least that a network takes is laid on as much, whole."""
    origin.serve("/line.png", pictures.png(pictures.filled((10, 20, 30), *size_px)))

    wrong = [await broken_limits(ask, "/line.png", network) for network in LIMITS]

    assert not any(wrong), wrong


@pytest.mark.early
@pytest.mark.timeout(900)  # twelve hundred answers take their time where others want the machine too
async def test_every_limit_holds(ask, origin):
    """Each picture, for each network: of a type that it takes, and within its bytes."""
    for seed in range(PICTURES):
        origin.serve(f"/{seed}.jpg", await asyncio.to_thread(varied, seed))
    wrong = []
    for seed in range(PICTURES):
        asked = (broken_limits(ask, f"/{seed}.jpg", network) for network in LIMITS)
        wrong += [line for lines in await asyncio.gather(*asked) for line in lines]

    assert not wrong, wrong[:20]
