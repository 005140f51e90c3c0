"""When leftovers are looked for, and what happens where they must not be."""

from imgsvc.store.integrity import Counters
from imgsvc.store.s3_bucket import Bucket
from imgsvc.store.s3_client import SharedClient
from imgsvc.store.s3_leftovers import PAUSE_SECONDS, Leftovers
from tests.unit.store.test_s3 import response, server, settings_of


def test_once_an_hour():
    """A sweep is due at first, and then an hour after the last."""
    now = 100.0
    leftovers = Leftovers(Bucket("b", SharedClient(settings_of()), Counters()), lambda: now)
    assert [leftovers.is_due(), leftovers.is_due()] == [True, False]
    now += PAUSE_SECONDS
    assert [leftovers.is_due(), leftovers.is_due()] == [True, False]


async def test_no_right_to_list(caplog):
    """Without the right to list uploads one line is logged and nothing else happens."""
    caplog.set_level("INFO", "imgsvc.store")
    body = b"<Error><Code>AccessDenied</Code></Error>"
    async with server(lambda _, w: w.write(response("403 Forbidden", body))) as url:
        client = SharedClient(settings_of(S3_ENDPOINT_URL=url))
        await Leftovers(Bucket("b", client, Counters())).sweep()
        await client.aclose()
    assert [r.getMessage() for r in caplog.records if r.name == "imgsvc.store"] == [
        "leftovers in the bucket were not removed: The object store answered AccessDenied."
    ]
