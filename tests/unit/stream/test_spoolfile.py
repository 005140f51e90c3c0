"""Files that spools go on in."""

import asyncio
import hashlib
import os
import resource
import signal
import sys
import textwrap
from pathlib import Path

import pytest

from imgsvc.errors import NoSpoolRoom
from imgsvc.stream.spoolfile import NoRoom, SpoolSpace
from tests.support.spools import bench as opened_bench
from tests.support.spools import body, descriptors

PROJECT = Path(__file__).resolve().parents[3]
DATA = body(300_000)


async def test_what_is_written(bench):
    """Pieces lie one behind the other; the digest is theirs; any part can be read, or named while more comes."""
    file = await bench.space.open()
    await file.append([DATA[:1000], DATA[1000:200_000]])
    part = file.range(900, 200)
    await file.append([DATA[200_000:]])

    assert file.size_bytes == len(DATA)
    assert file.sha256 == hashlib.sha256(DATA).hexdigest()
    assert await file.read(150_000, 100_000) == DATA[150_000:250_000]
    assert part.read() == DATA[900:1100]
    assert await asyncio.to_thread(Path(part.path).read_bytes) == DATA
    file.close()


async def test_folder_is_made(tmp_path):
    """The folder is made when first needed, with what it lies in, and again when somebody removed it."""
    async with opened_bench(tmp_path / "a" / "b") as bench:
        assert not bench.directory.exists()
        (await bench.space.open()).close()
        bench.directory.rmdir()
        file = await bench.space.open()
        assert list(bench.directory.iterdir()) == []
        file.close()


async def test_no_folder(tmp_path):
    """No file can be had where there can be no folder; that is counted."""
    (tmp_path / "file").touch()
    async with opened_bench(tmp_path / "file" / "spools") as bench:
        with pytest.raises(OSError, match="Not a directory"):
            await bench.space.open()
        assert (bench.space.statistics().failures, bench.on_disk()) == (1, (0, 0))


async def test_capacity(tmp_path):
    """All files together stay within the bound; what a file has stays readable, and closing one makes room."""
    async with opened_bench(tmp_path / "spools", capacity_bytes=1000) as bench:
        one, two = await bench.space.open(), await bench.space.open()
        await one.append([b"x" * 600])
        with pytest.raises(NoRoom):
            await two.append([b"y" * 401])
        await two.append([b"y" * 400])
        assert bench.on_disk() == (2, 1000)
        assert bench.space.statistics().failures == 1
        assert await two.read(0, 400) == b"y" * 400
        one.close()
        one.close()
        assert bench.on_disk() == (1, 400)
        await two.append([b"y" * 600])
        two.close()


async def test_disk_is_full(bench):
    """A write that fails half-way loses nothing that was there, and what it may have written is counted."""
    file = await bench.space.open()
    await file.append([b"x" * 1000])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1500, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            await file.append([b"y" * 1000])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert (file.size_bytes, await file.read(0, 1000)) == (1000, b"x" * 1000)
    assert (bench.on_disk(), bench.space.statistics().failures) == ((1, 2000), 1)
    file.close()


async def test_disk_cannot_be_read(bench):
    """Bytes that cannot be read back are an error, never an end."""
    file = await bench.space.open()
    await file.append([b"x" * 1000])
    os.truncate(file.range(0, 1000).path, 10)
    with pytest.raises(NoSpoolRoom):
        await file.read(10, 990)
    with pytest.raises(NoSpoolRoom) as raised:
        await file.read(-1, 10)  # which the system refuses

    assert isinstance(raised.value.__cause__, OSError)
    file.close()


async def test_closed(bench):
    """A closed file's number, which may be another's by now, is never used again."""
    file = await bench.space.open()
    await file.append([b"x" * 1000])
    file.close()
    for call in (file.read(0, 10), file.append([b"y"])):
        with pytest.raises(RuntimeError, match="closed"):
            await call
    with pytest.raises(RuntimeError, match="closed"):
        file.range(0, 10)


async def test_closed_under_threads(bench):
    """A file stays open, and counted, until the last thread at it is done."""
    file = await bench.space.open()
    await file.append([b"x" * 1000])
    async with bench.slow_disk():
        calls = [asyncio.create_task(file.read(0, 10)), asyncio.create_task(file.append([b"y" * 10]))]
        await asyncio.sleep(0)
        descriptor = file.range(0, 10).descriptor
        calls[0].cancel()
        file.close()
        assert bench.on_disk() == (1, 1010)
        assert os.fstat(descriptor).st_size == 1000
    await bench.space.aclose()  # the one that was cancelled may be the last to end
    await calls[1]  # its thread has ended, its task may have to hear of that yet

    assert bench.on_disk() == (0, 0)


async def test_closed_after_the_space(tmp_path):
    """A file that outlives its threads is closed without them, and can be used no more."""
    space = SpoolSpace(tmp_path, 1000)
    file = await space.open()
    assert descriptors(str(tmp_path)) == 1
    await space.aclose()
    for call in (lambda: file.read(0, 1), lambda: file.append([b"x"]), space.open):
        with pytest.raises(RuntimeError, match="shutdown"):
            await call()
    file.close()

    assert (space.statistics().files, space.statistics().bytes, descriptors(str(tmp_path))) == (0, 0, 0)


KILLED = textwrap.dedent(
    """
    import asyncio, sys
    from pathlib import Path
    from imgsvc.stream.spoolfile import SpoolSpace

    async def main():
        file = await SpoolSpace(Path(sys.argv[1]), 10**9).open()
        while True:
            await file.append([b"x" * 1_000_000] * 10)
            print(file.size_bytes, flush=True)
            await asyncio.to_thread(sys.stdin.readline)

    asyncio.run(main())
    """
)


@pytest.mark.slow
async def test_killed(tmp_path):
    """A process that is killed leaves no file behind."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, str(tmp_path / "spools"),
        cwd=PROJECT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert await process.stdout.readline() == b"10000000\n"
    process.send_signal(signal.SIGKILL)
    await process.communicate()

    assert (tmp_path / "spools").is_dir()
    assert list((tmp_path / "spools").iterdir()) == []
