"""The filesystem store when its process is killed, or its disk is full or read-only."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from imgsvc.errors import StoreError
from imgsvc.store.filesystem import FilesystemStore
from tests.contracts.store import DATA, KEY, keys_of
from tests.integration.test_filesystem_store import files_below, settings_of
from tests.support.blobs import meta_of

PROJECT = Path(__file__).resolve().parents[2]

WRITER = textwrap.dedent(
    """
    import hashlib, sys, threading
    from pathlib import Path
    from imgsvc.model.blob import BlobMeta
    from imgsvc.store.folder import Folder

    folder = Folder(Path(sys.argv[1]))
    print("ready", flush=True)
    for i in range(10**6):
        data = bytes([i % 251 + 1]) * 3_000_000
        digest = hashlib.sha256(data).hexdigest()
        meta = BlobMeta(media_type="image/png", sha256=digest, source_sha256=digest, fetched_at=i, fresh_until=i,
                        last_modified=i)
        folder.write("images/k", data, meta, False, threading.Event())
        print(i, flush=True)
    """
)


async def test_killed_writer(tmp_path: Path):
    """A writer killed at any instant leaves a whole object, of before or after."""
    for _ in range(6):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WRITER, str(tmp_path), cwd=PROJECT, stdout=asyncio.subprocess.PIPE
        )
        for _ in range(4):
            assert await process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        await process.communicate()
        store = FilesystemStore(settings_of(tmp_path))
        found = await store.get("images/k")
        assert found is not None
        assert len(found.data) == 3_000_000
        assert await keys_of(store) == ["images/k"]
        assert store.statistics().damaged == 0
        await store.aclose()


FULL = textwrap.dedent(
    """
    import asyncio, hashlib, resource, signal, sys
    from imgsvc.errors import StoreError
    from imgsvc.model.blob import BlobMeta
    from imgsvc.settings import StoreSettings
    from imgsvc.store.filesystem import FilesystemStore

    def meta_of(data):
        digest = hashlib.sha256(data).hexdigest()
        return BlobMeta(media_type="image/png", sha256=digest, source_sha256=digest, fetched_at=1, fresh_until=2,
                        last_modified=1)

    async def main():
        store = FilesystemStore(StoreSettings.from_env({"IMGSVC_STORE_DIR": sys.argv[1]}))
        await store.put("small", b"small", meta_of(b"small"))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        for key in ("small", "large"):
            try:
                await store.put(key, b"x" * 500_000, meta_of(b"x" * 500_000))
            except StoreError as error:
                print(error.detail)
        print((await store.get("small")).data, await store.get("large"), store.statistics().failures)
        await store.aclose()

    asyncio.run(main())
    """
)


async def test_no_room(tmp_path: Path):
    """A write the disk has no room for fails as StoreError, leaves no temporary, and harms nothing that was there."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FULL, str(tmp_path), cwd=PROJECT, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert out.decode().splitlines() == ["The filesystem store failed: File too large."] * 2 + ["b'small' None 2"]
    assert files_below(tmp_path) == ["small=o"]


@pytest.fixture
def small_disk(tmp_path: Path):
    """A real file system of one megabyte, where one may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = os.geteuid() == 0 and not subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], check=False, capture_output=True
    ).returncode  # fmt: skip
    if not mounted:
        pytest.skip("mounting a small tmpfs needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


async def test_full_disk(small_disk: Path):
    """On a full disk a write and a ping fail by name, reads go on, and no temporary takes room."""
    store = FilesystemStore(settings_of(small_disk / "store", 10_000_000))
    await store.put("a", b"a" * 500_000, meta_of(b"a" * 500_000))
    for _ in range(3):
        with pytest.raises(StoreError, match="No space left on device"):
            await store.put("b", b"b" * 700_000, meta_of(b"b" * 700_000))
    assert len((await store.get("a")).data) == 500_000
    assert files_below(small_disk / "store") == ["a=o"]
    assert await store.put("c", b"c" * 100_000, meta_of(b"c" * 100_000))
    await store.aclose()


async def test_read_only_disk(small_disk: Path):
    """On a read-only file system what is there is served; ping says what is wrong."""
    store = FilesystemStore(settings_of(small_disk))
    await store.put(KEY, DATA, meta_of(DATA))
    await asyncio.to_thread(subprocess.run, ["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(StoreError, match="Read-only file system"):
        await store.ping()
    for call in (store.put(KEY, b"other", meta_of(b"other")), store.delete(KEY)):
        with pytest.raises(StoreError, match="Read-only file system"):
            await call
    assert (await store.get(KEY)).data == DATA
    assert store.statistics().failures == 3
    await store.aclose()
