"""What the asset server's faults become: an answer with a code of ours, and nothing of its own."""

import pytest

from tests.support.assets import ADMIN, PATH, asset_service, code_of, guarded, setting, told
from tests.support.origin import ScriptedOrigin
from tests.support.service import running_service


@pytest.fixture
async def service(origin, tmp_path, photo, caplog):
    """A service in front of the asset server, by which the token is not spread."""
    async with asset_service(origin, tmp_path, photo, caplog) as service:
        yield service


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, (502, "source-failed")), (403, (502, "source-failed")), (404, (404, "source-not-found")),
        (410, (404, "source-not-found")), (500, (502, "source-failed")), (503, (502, "source-failed")),
    ],
)  # fmt: skip
async def test_refusals_of_the_server(service, origin, status, expected):
    """Whatever the server answers has a code of ours, and not a byte of its own; a client is asked for no password."""
    origin.serve(PATH, b"SECRET BODY", status=status, headers={"WWW-Authenticate": "Bearer"})
    answer = await service.raw("GET", PATH)

    assert (answer.status, answer.json()["code"]) == expected
    assert answer.json()["param"] == "assetId"
    assert b"SECRET" not in answer.body
    assert "WWW-Authenticate" not in answer.headers


async def test_no_image(service, origin):
    """A login page is no picture, whatever it says it is."""
    origin.serve(PATH, b"<!doctype html><title>log in</title>", headers={"Content-Type": "image/png"})

    assert await code_of(service) == (415, "not-an-image")


async def test_a_lying_content_type(service, origin, photo):
    """A picture is one whatever it is declared as, and is answered as what it is."""
    origin.serve(PATH, photo, headers={"Content-Type": "text/html"})
    answer = await service.raw("GET", f"{PATH}?f=original")

    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/jpeg")


async def test_slow_broken_and_down(service, origin, photo):
    """Silence is 504, a broken connection 502; a picture that breaks off is never kept."""
    origin.stall_before_head(PATH)
    slow = await code_of(service)
    other = PATH.replace("4b5c", "ffff")
    origin.reset_mid_body(other, photo)
    broken = await code_of(service, other)
    await service.settled()

    assert (slow, broken) == ((504, "source-timeout"), (502, "source-failed"))
    assert [key async for key in service.opened.owners["store"].list("images/")] == []


FAULTS = {
    "silence after the head": (504, "source-timeout"),
    "fewer bytes than declared": (502, "source-failed"),
    "compressed": (502, "source-failed"),
    "no HTTP": (502, "source-failed"),
    "redirects to itself": (502, "too-many-redirects"),
    "redirects nowhere": (502, "too-many-redirects"),
    "half a picture": (422, "broken-image"),
    "nothing": (415, "not-an-image"),
}


def script(origin: ScriptedOrigin, fault: str, photo: bytes) -> None:
    """Let the asset server have one of the faults."""
    match fault:
        case "silence after the head":
            origin.stall_after_head(PATH, declared_bytes=len(photo), sent=photo[:500])
        case "fewer bytes than declared":
            origin.misdeclare(PATH, photo, declared_bytes=len(photo) + 1)
        case "compressed":
            origin.gzipped(PATH, photo)
        case "no HTTP":
            origin.garbage(PATH)
        case "redirects to itself":
            origin.redirect(PATH, PATH)
        case "redirects nowhere":
            origin.redirect(PATH, None)
        case "half a picture":
            origin.serve(PATH, photo[: len(photo) // 2])
        case _:
            origin.serve(PATH)


@pytest.mark.parametrize("fault", FAULTS)
async def test_faults(service, origin, photo, fault):
    """Every fault of the server has its code, is asked for once though asked twice, and leaves nothing in the store."""
    script(origin, fault, photo)
    first, again = await code_of(service), await code_of(service)
    await service.settled()

    assert first == again == FAULTS[fault]
    assert told(origin) == {f"assets.test{PATH}": 1}
    assert [key async for key in service.opened.owners["store"].list("images/")] == []


async def test_too_large(origin, tmp_path, photo):
    """More bytes than are allowed are refused."""
    guarded(origin, photo)
    small = {"MAX_IMAGE_SIZE_BYTES": "100", "IMAGE_STREAM_THRESHOLD_BYTES": "50"}
    async with running_service(tmp_path, origin.port, **setting(origin, **small)) as service:
        assert await code_of(service) == (413, "too-large")


async def test_nobody_there(origin, tmp_path):
    """A server that is down is 502."""
    down = {"IMGSVC_CONNECT_TO": "assets.test=127.0.0.1:9"}
    async with running_service(tmp_path, origin.port, **setting(origin, **down)) as service:
        assert await code_of(service) == (502, "source-failed")


async def test_the_last_good_picture_stays(service, origin, photo):
    """A server that fails does not take back what was good, as with any source."""
    await service.raw("GET", f"{PATH}?w=20")
    await service.settled()
    origin.serve(PATH, b"", status=401)
    refreshed = await service.raw("GET", f"{PATH}?w=20&forceRefresh=1", ADMIN)

    assert (refreshed.status, refreshed.headers["X-Refresh"], refreshed.headers["X-Cache"]) == (200, "failed", "STALE")
