"""Lines that are written without anybody waiting for it."""

import io
import json
import os
import threading

import pytest

from imgsvc.web import line_writer
from imgsvc.web.line_writer import MADE_AT_ONCE, LineWriter


@pytest.fixture
def pipe():
    """A pipe that nobody reads, unless the test does, and its writing end as a stream."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream, os.fdopen(reading, "rb") as reader:
        yield reader, stream


def test_lines_are_written_in_order():
    """All lines come out, each whole, in the order they came."""
    stream = io.StringIO()
    writer = LineWriter(stream, numbered, flush_seconds=0.001)
    for n in range(5000):
        writer.write(f"line {n}")

    writer.close(60)

    assert stream.getvalue().splitlines() == [f"line {n}" for n in range(5000)]


def test_closing_does_not_wait_for_the_next_flush(pipe):
    """What was collected is written at once when the writer is closed."""
    reader, stream = pipe
    writer = LineWriter(stream, numbered, flush_seconds=1000)
    writer.write("one")

    writer.close(60)

    assert not writer._thread.is_alive()
    assert os.read(reader.fileno(), 100) == b"one\n"


def test_closing_an_idle_writer():
    """Without a line there is nothing to write, and closing twice does no harm."""
    stream = io.StringIO()
    writer = LineWriter(stream, numbered)

    writer.close(60)
    writer.close(60)

    assert stream.getvalue() == ""


def test_many_threads_write():
    """Lines of several threads do not mix."""
    stream = io.StringIO()
    writer = LineWriter(stream, numbered, flush_seconds=0)
    threads = [
        threading.Thread(target=lambda n=n: [writer.write(f"{n}" * 50) for _ in range(500)]) for n in range(4)
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close(60)

    lines = stream.getvalue().splitlines()
    assert len(lines) == 2000
    assert set(lines) == {f"{n}" * 50 for n in range(4)}


def test_a_stalled_reader_costs_bounded_memory_and_no_time(pipe, monkeypatch):
    """With a reader that stalls, lines beyond the bound are dropped and counted; writing and closing go on."""
    monkeypatch.setattr(line_writer, "MAX_WAITING_LINES", 100)
    reader, stream = pipe
    writer = LineWriter(stream, numbered, flush_seconds=0)
    for _ in range(500):
        writer.write("x" * 10_000)

    assert len(writer._blocks) <= 100
    writer.close(0.01)
    assert writer._thread.is_alive()

    taken = b""
    while b"were dropped" not in taken:
        taken += os.read(reader.fileno(), 1 << 20)
    writer._thread.join(60)
    assert not writer._thread.is_alive()
    lines = taken.decode().splitlines()
    dropped = int(json.loads(lines[-1])["message"].split()[0])
    assert len(lines) - 1 + dropped == 500


def test_a_reader_that_is_gone(pipe):
    """A broken pipe loses lines and nothing else."""
    reader, stream = pipe
    reader.close()
    writer = LineWriter(stream, numbered, flush_seconds=0)
    for _ in range(3):
        writer.write("x")
    writer.close(60)

    assert not writer._thread.is_alive()


def numbered(parts: list[int]) -> list[str]:
    return [f"made of {n}" for n in parts]


def test_what_lines_are_made_of():
    """Lines that are made later come out whole, in their turn among the others, the last few as well."""
    stream = io.StringIO()
    writer = LineWriter(stream, numbered, flush_seconds=0.001)
    expected = []
    for n in range(10 * MADE_AT_ONCE + 3):
        writer.put(n)
        expected.append(f"made of {n}")
        if n % 50 == 0:
            writer.write(f"line {n}")
            expected.append(f"line {n}")
    writer.close(60)

    assert stream.getvalue().splitlines() == expected


def test_one_that_is_made_later_is_written_soon(pipe):
    """No other has to come for a line to be made."""
    reader, stream = pipe
    writer = LineWriter(stream, numbered, flush_seconds=0)
    writer.put(1)

    assert os.read(reader.fileno(), 100) == b"made of 1\n"
    writer.close(60)


def test_a_stalled_reader_and_lines_to_be_made(pipe, monkeypatch):
    """They are bounded, dropped and counted likewise; each is written or counted."""
    monkeypatch.setattr(line_writer, "MAX_WAITING_BLOCKS", 4)
    reader, stream = pipe
    writer = LineWriter(stream, lambda parts: ["x" * 10_000 for _ in parts], flush_seconds=0)
    for n in range(1000):
        writer.put(n)
    assert len(writer._blocks) <= 4

    taken = b""
    while b"were dropped" not in taken:
        taken += os.read(reader.fileno(), 1 << 20)
    os.set_blocking(reader.fileno(), False)
    stopped = threading.Thread(target=writer.close, args=(60,))
    stopped.start()
    while stopped.is_alive():
        taken += reader.read() or b""
    lines = (taken + (reader.read() or b"")).decode().splitlines()
    dropped = sum(int(json.loads(line)["message"].split()[0]) for line in lines if "dropped" in line)
    assert len([line for line in lines if "dropped" not in line]) + dropped == 1000


def test_bytes_that_are_taken_in_part(pipe):
    """A pipe takes what it has room for; the rest follows, byte for byte."""
    reader, stream = pipe
    writer = LineWriter(stream, numbered, flush_seconds=0)
    lines = [str(n) * 3000 for n in range(100)]
    for line in lines:
        writer.write(line)
    taken = b""
    while taken.count(b"\n") < len(lines):
        taken += os.read(reader.fileno(), 1000)
    writer.close(60)

    assert taken.decode().splitlines() == lines
