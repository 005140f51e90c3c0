"""What killed writers leave in the filesystem store, and that living ones are left alone."""

import asyncio
import errno
import fcntl
import os
import signal
import sys
import textwrap
from pathlib import Path

import pytest

from imgsvc.store.filesystem import FilesystemStore
from tests.contracts.store import KEY
from tests.integration.test_filesystem_store import files_below, settings_of
from tests.support.blobs import meta_of

PROJECT = Path(__file__).resolve().parents[2]

WRITER = textwrap.dedent(
    """
    import asyncio, hashlib, sys
    from imgsvc.model.blob import BlobMeta
    from imgsvc.settings import StoreSettings
    from imgsvc.store.filesystem import FilesystemStore
    from imgsvc.stream.base import FileRange

    async def main():
        store = FilesystemStore(StoreSettings.from_env({"IMGSVC_STORE_DIR": sys.argv[1]}))
        writer = await store.open_writer("k")
        with open(sys.argv[2], "rb") as file:
            await writer.write(FileRange(file.fileno(), 0, 100_000))
        print("written", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        digest = hashlib.sha256(open(sys.argv[2], "rb").read()).hexdigest()
        await writer.commit(BlobMeta(media_type="image/png", sha256=digest, source_sha256=digest, fetched_at=1,
                                     fresh_until=2, last_modified=1))
        await store.aclose()

    asyncio.run(main())
    """
)
DATA = os.urandom(100_000)


async def start_writer(tmp_path: Path) -> asyncio.subprocess.Process:
    """Start a process that has written a part and waits for a line before it commits."""
    (tmp_path / "data").write_bytes(DATA)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, str(tmp_path / "store"), str(tmp_path / "data"), cwd=PROJECT,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert await process.stdout.readline() == b"written\n"
    return process


async def test_killed_writer_leaves_nothing_for_long(tmp_path: Path):
    """What a killed writer left is removed by the next start, however young it is."""
    process = await start_writer(tmp_path)
    assert len(files_below(tmp_path / "store" / ".tmp")) == 1
    process.send_signal(signal.SIGKILL)
    await process.communicate()
    assert len(files_below(tmp_path / "store" / ".tmp")) == 1
    await FilesystemStore(settings_of(tmp_path / "store"), clock=lambda: 0).aclose()
    assert files_below(tmp_path / "store") == []


async def test_living_writer_is_left_alone(tmp_path: Path):
    """A temporary of another process that lives is not removed, however old it is."""
    process = await start_writer(tmp_path)
    (temporary,) = (tmp_path / "store" / ".tmp").iterdir()
    os.utime(temporary, (0, 0))
    await FilesystemStore(settings_of(tmp_path / "store")).aclose()
    assert temporary.exists()
    await process.communicate(b"commit\n")
    store = FilesystemStore(settings_of(tmp_path / "store"))
    assert (await store.get("k")).data == DATA
    await store.aclose()
    assert files_below(tmp_path / "store") == ["k=o"]


async def test_own_writer_is_left_alone(tmp_path: Path):
    """A second store in the same process does not take the temporaries of the first."""
    store = FilesystemStore(settings_of(tmp_path))
    writer = await store.open_writer(KEY)
    await FilesystemStore(settings_of(tmp_path)).aclose()
    assert len(files_below(tmp_path / ".tmp")) == 1
    await writer.abort()
    await store.aclose()


async def test_without_locks_age_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Where the file system has no locks leftovers go once they are an hour old, and writing works."""

    def refuse(*_arguments) -> None:
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    leftovers = tmp_path / ".tmp"
    leftovers.mkdir()
    for name, age_seconds in (("old", 3700), ("young", 3500)):
        (leftovers / name).write_bytes(b"x")
        os.utime(leftovers / name, (1_000_000 - age_seconds,) * 2)
    store = FilesystemStore(settings_of(tmp_path), clock=lambda: 1_000_000)
    assert await store.put(KEY, DATA, meta_of(DATA))
    await store.aclose()
    assert files_below(leftovers) == ["young"]


async def test_things_that_are_no_files(tmp_path: Path):
    """Folders, links and pipes among the temporaries stop nobody, and are not followed."""
    leftovers = tmp_path / "store" / ".tmp"
    leftovers.mkdir(parents=True)
    (leftovers / "folder").mkdir()
    (tmp_path / "precious").write_bytes(b"x")
    (leftovers / "link").symlink_to(tmp_path / "precious")
    os.mkfifo(leftovers / "pipe")
    (leftovers / "z").write_bytes(b"x")
    store = FilesystemStore(settings_of(tmp_path / "store"))
    await store.aclose()
    assert (tmp_path / "precious").exists()
    assert not (leftovers / "z").exists()
