"""Whose credentials sign a read."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from imgsvc.errors import StoreError
from tests.unit.store.scripted_bucket import FOUND, opened, script
from tests.unit.store.test_s3 import DATA, KEY, response

pytestmark = pytest.mark.slow


@pytest.fixture
def chain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request: pytest.FixtureRequest) -> pytest.MonkeyPatch:
    """Give botocore credentials by no file and no machine; the test says by the environment who does."""
    for function in request.getfixturevalue("_no_blocking_call").functions.values():
        function.can_block_in("imgsvc/store/s3_plain.py", {"_opened"})  # in a thread, by a loop of its own
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return monkeypatch


NO_KEYS = {"S3_ACCESS_KEY_ID": "", "S3_SECRET_ACCESS_KEY": ""}


async def test_credentials_that_end(chain: pytest.MonkeyPatch):
    """Credentials that botocore finds are asked for again when they end, and the new ones sign."""

    def credentials(name: str) -> bytes:
        end = datetime.now(UTC) + timedelta(seconds=60)  # botocore renews what has less than ten minutes left
        members = {"AccessKeyId": name, "SecretAccessKey": "s", "Token": "t", "Expiration": end.isoformat()}
        return response("200 OK", json.dumps(members).encode(), Content_Type="application/json")

    async with script(*(credentials(f"key{n}") for n in range(20))) as container, script(FOUND, FOUND) as server:
        chain.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{container.url}/credentials")
        async with opened(server, **NO_KEYS) as store:
            assert [(await store.get(KEY)).data for _ in range(2)] == [DATA, DATA]
    signers = [head.partition("credential=")[2].partition("/")[0] for head in server.heads]
    assert len(set(signers)) == 2
    assert all(signer.startswith("key") for signer in signers)


async def test_credentials_of_a_file(chain: pytest.MonkeyPatch, tmp_path: Path):
    """Credentials in botocore's own file sign."""
    (tmp_path / "keys").write_text("[default]\naws_access_key_id = from-file\naws_secret_access_key = s\n")
    chain.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "keys"))
    async with script(FOUND) as server, opened(server, **NO_KEYS) as store:
        assert (await store.get(KEY)).data == DATA
        assert "credential=from-file/" in server.heads[0]


@pytest.mark.usefixtures("chain")
async def test_no_credentials():
    """Where nobody has credentials a read fails and says so."""
    async with script() as server, opened(server, **NO_KEYS) as store:
        with pytest.raises(StoreError, match="NoCredentialsError"):
            await store.get(KEY)
        assert server.heads == []
