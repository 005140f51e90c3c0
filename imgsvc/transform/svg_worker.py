"""
The process that draws SVG, and nothing else: ``svg_worker.py FD``, started by :mod:`imgsvc.transform.svg_process`.

It imports as little as it can, opens no file and no socket of its own accord, and may be killed at any time. One
request at a time comes on standard input, one answer goes to standard output, until standard input ends:

- at the start one byte, :data:`READY`;
- a request is :data:`REQUEST` (bytes of the document, width px, height px, seconds of processor time) and the document;
- the pixels, RGBA with straight alpha, are written to the file FD, from its beginning: hundreds of megabytes through a
  pipe would keep the service's event loop busy, while from a file one call in a thread takes them;
- an answer is :data:`ANSWER` (status, resident bytes of this process after the work).
"""

import os
import resource
import struct
import sys
from typing import IO, Any

READY = b"R"
REQUEST = struct.Struct(">IIII")
ANSWER = struct.Struct(">BQ")
DRAWN, REFUSED = 0, 1

ADDRESS_SPACE_BYTES = 512 * 1024 * 1024
RGBA_BYTES = 4


def main() -> None:
    """Serve requests until standard input ends or the other side is gone."""
    # Whatever a library prints to standard output goes nowhere, instead of between two answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    worker = _Worker(int(sys.argv[1]))
    try:
        _send(answers, READY)
        while head := sys.stdin.buffer.read(REQUEST.size):
            _send(answers, worker.answer(head))
    except (BrokenPipeError, struct.error):  # the service has ended, perhaps in the middle of a request
        os._exit(0)


class _Worker:
    """libvips with nothing but its SVG loader, and a file for pixels."""

    def __init__(self, pixels_fd: int) -> None:
        import pyvips  # noqa: PLC0415 - the service reads this module's constants, and loads libvips in its own time

        self._vips: Any = pyvips
        self._pixels_fd = pixels_fd
        pyvips.operation_block_set("VipsForeignLoad", True)
        pyvips.operation_block_set("VipsForeignLoadSvg", False)
        pyvips.cache_set_max(0)
        _limit(resource.RLIMIT_AS, ADDRESS_SPACE_BYTES)
        _limit(resource.RLIMIT_FSIZE, ADDRESS_SPACE_BYTES)
        _limit(resource.RLIMIT_CORE, 0)

    def answer(self, head: bytes) -> bytes:
        document_bytes, width_px, height_px, cpu_seconds = REQUEST.unpack(head)
        document = sys.stdin.buffer.read(document_bytes)
        _allow_cpu(cpu_seconds)
        try:
            self._draw(document, width_px, height_px)
            status = DRAWN
        except (self._vips.Error, ValueError, MemoryError):
            status = REFUSED
            os.ftruncate(self._pixels_fd, 0)  # whatever was drawn until then would lie in memory
        return ANSWER.pack(status, _resident_bytes())

    def _draw(self, document: bytes, width_px: int, height_px: int) -> None:
        """Draw; the document was written for this size, so another one means that it outwitted that."""
        image = self._vips.Image.svgload_buffer(document)
        if (image.width, image.height, image.bands) != (width_px, height_px, RGBA_BYTES):
            raise ValueError("drawn at another size than asked")
        os.lseek(self._pixels_fd, 0, os.SEEK_SET)
        image.rawsave_target(self._vips.Target.new_to_descriptor(self._pixels_fd))


def _limit(kind: int, value: int) -> None:
    """Lower a limit for good; one that is lower already stays."""
    hard = resource.getrlimit(kind)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def _allow_cpu(seconds: int) -> None:
    """Let the kernel end this process should it work on after the service has died; the service itself is quicker."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = int(used.ru_utime + used.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def _resident_bytes() -> int:
    """Resident size now, from proc(5); where there is none, the highest so far (KiB on Linux, getrusage(2))."""
    try:
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123 - pathlib is not worth its import here
            return int(statm.read().split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _send(answers: IO[bytes], message: bytes) -> None:
    answers.write(message)
    answers.flush()


if __name__ == "__main__":
    main()
