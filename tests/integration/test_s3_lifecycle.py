"""``imgsvc store init`` before a real server."""

import asyncio
import os
import sys
from pathlib import Path

from imgsvc.store.integrity import Counters
from imgsvc.store.s3 import S3Store
from imgsvc.store.s3_bucket import Bucket
from imgsvc.store.s3_client import SharedClient
from imgsvc.store.s3_lifecycle import _make_missing, merged, prepare_bucket, rules_of
from tests.contracts.store import DATA, KEY
from tests.integration.test_s3_store import bucket, raw  # noqa: F401 - fixtures
from tests.support.blobs import meta_of
from tests.support.seaweed import Seaweed, seaweed  # noqa: F401 - a fixture
from tests.unit.store.test_s3_lifecycle import THEIRS, by_id

YEAR_SECONDS = 31_536_000


async def prepare(seaweed: Seaweed, name: str, expire_days: int = 30) -> list[str]:  # noqa: F811 - not the fixture
    said: list[str] = []
    await prepare_bucket(seaweed.settings(name), expire_days, YEAR_SECONDS, said.append)
    return said


async def rules_there(raw, name: str) -> list:  # noqa: F811 - not the fixture
    return (await raw.get_bucket_lifecycle_configuration(Bucket=name))["Rules"]


async def test_missing_bucket(seaweed: Seaweed, raw):  # noqa: F811 - the fixtures
    """A bucket that is missing is made, with our rules, and can be used."""
    said = await prepare(seaweed, "made-by-init")
    assert said[0] == "bucket made-by-init: made"
    assert [line.split(": ")[1] for line in said[1:]] == ["added"] * 4
    assert merged(await rules_there(raw, "made-by-init"), rules_of(30, YEAR_SECONDS)).is_none
    store = S3Store(seaweed.settings("made-by-init"))
    assert await store.put(KEY, DATA, meta_of(DATA))
    assert (await store.get(KEY)).data == DATA
    await store.aclose()


async def test_twice(seaweed: Seaweed, bucket: str, raw):  # noqa: F811 - the fixtures
    """Done again nothing changes, and that is what is said."""
    assert (await prepare(seaweed, bucket))[0] == f"bucket {bucket}: there already"
    before = await rules_there(raw, bucket)
    assert [line.split(": ")[1] for line in (await prepare(seaweed, bucket))[1:]] == ["as it was"] * 4
    assert await rules_there(raw, bucket) == before


async def test_rules_of_others(seaweed: Seaweed, bucket: str, raw):  # noqa: F811 - the fixtures
    """Rules of others stay when ours are added, changed and left out."""
    await raw.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": THEIRS})
    theirs = await rules_there(raw, bucket)
    for expire_days, ours in ((30, 4), (7, 4), (0, 2)):
        said = await prepare(seaweed, bucket, expire_days)
        there = await rules_there(raw, bucket)
        assert said[-1] == "rules of others: 2, as they were"
        assert there[:2] == theirs
        assert by_id(there[2:]) == by_id(rules_of(expire_days, YEAR_SECONDS))
        assert len(there[2:]) == ours


async def test_region(seaweed: Seaweed, raw):  # noqa: F811 - the fixtures
    """At AWS a bucket outside the default region is made with its region named."""
    settings = seaweed.settings("far-away", S3_REGION="eu-central-1")
    client = SharedClient(settings)
    far_away = Bucket("far-away", client, Counters())
    assert [await _make_missing(far_away, client, is_aws=True) for _ in range(2)] == [True, False]
    await client.aclose()
    await raw.head_bucket(Bucket="far-away")


async def test_from_the_command_line(seaweed: Seaweed, raw, tmp_path: Path):  # noqa: F811 - the fixtures
    """The command says what it did and ends with 0; with a wrong secret it is one line, without the secret, and 1."""
    program = [str(Path(sys.executable).with_name("imgsvc")), "store", "init", "--expire-days", "9"]
    for secret, code in ((None, 0), ("wrong-secret", 1)):
        environment = {"PATH": os.environ["PATH"], **seaweed.values("by-command")}
        if secret is not None:
            environment["S3_SECRET_ACCESS_KEY"] = secret
        process = await asyncio.create_subprocess_exec(
            *program, env=environment, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, err = await process.communicate()
        assert process.returncode == code
        assert len(out.decode().splitlines()) == (5 if code == 0 else 0)
        assert (err.count(b"\n"), b"wrong-secret" in err) == (code, False)
    assert by_id(await rules_there(raw, "by-command"))["imgsvc-images"]["Expiration"] == {"Days": 9}
