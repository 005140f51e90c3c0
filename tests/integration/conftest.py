"""The scripted origin, the service before it, and a picture."""

from collections.abc import AsyncIterator

import pytest
import pyvips

from tests.integration.logo_service import Running, running
from tests.support.origin import ScriptedOrigin
from tests.support.service import RunningService, running_service


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing runs out because the machine has other work, and a source in this process is no slow one for that."""
    for module in ("server", "metadata"):
        monkeypatch.setattr(f"imgsvc.cache.{module}.TIMEOUT_SECONDS", 60)
    monkeypatch.setattr("imgsvc.services.large.FAST_BYTES_PER_SECOND", 1000)
    monkeypatch.setattr("imgsvc.services.opengraph.choosing.CHOOSING_SECONDS", 60)
    monkeypatch.setattr("imgsvc.services.opengraph.deadline.ANSWER_SECONDS", 60)


@pytest.fixture
async def origin() -> AsyncIterator[ScriptedOrigin]:
    async with ScriptedOrigin() as origin:
        yield origin


@pytest.fixture
async def service(origin, tmp_path) -> AsyncIterator[RunningService]:
    async with running_service(tmp_path, origin.port) as service:
        yield service


@pytest.fixture
async def strict(tmp_path, origin) -> AsyncIterator[RunningService]:
    """A service that allows one host's pictures, and in front of which nobody waits for long."""
    async with running_service(
        tmp_path, origin.port, IMGSVC_ALLOWED_HOSTS="listed.test", IMGSVC_READ_TIMEOUT="2", IMGSVC_RATE_LIMIT="20/600"
    ) as service:
        yield service


@pytest.fixture(scope="session")
def photo() -> bytes:
    """A JPEG of 400 × 300 px with enough in it to weigh something."""
    noise = pyvips.Image.gaussnoise(400, 300, sigma=20, mean=128, seed=1)
    ramp = pyvips.Image.xyz(400, 300)
    picture = (ramp[0] / 2).bandjoin([ramp[1] / 2, noise]).cast("uchar").copy(interpretation="srgb")
    return picture.jpegsave_buffer(Q=90)


def size_of(data: bytes) -> tuple[int, int]:
    """Width and height of an encoded picture."""
    image = pyvips.Image.new_from_buffer(data, "")
    return image.width, image.height


@pytest.fixture
async def world(tmp_path) -> AsyncIterator[Running]:
    async with running(tmp_path) as world:
        yield world
