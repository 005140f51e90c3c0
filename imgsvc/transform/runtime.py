"""libvips itself: set up once before its first use, and stopped when nobody waits any more."""

import logging
from typing import Any

import pyvips


class Killed(Exception):
    """Raised inside a worker thread whose work is not wanted any more; never leaves the pool."""


def prepare() -> None:
    """
    Set libvips up for a server; calling it again changes nothing.

    One thread an evaluation, because the pool already keeps every core busy. No operation cache: no two requests
    share an operation, so it would only hold memory. Loaders that libvips calls untrusted are blocked, SVG among
    them: it is drawn by a process of its own.
    """
    _quieten()
    pyvips.concurrency_set(1)
    pyvips.cache_set_max(0)
    pyvips.cache_set_max_mem(0)
    pyvips.cache_set_max_files(0)
    pyvips.block_untrusted_set(True)


def _quieten() -> None:
    """
    Keep libvips' chatter out of Python.

    pyvips takes every message of libvips, a dozen for each picture, back into the interpreter: in each worker thread
    that costs the interpreter lock, a fifth of a transform's time. Warnings come with broken pictures, which are
    answered as such; only what libvips calls critical is a fault of ours and worth a line.
    """
    levels = pyvips.GLogLevelFlags
    wanted = levels.LEVEL_WARNING | levels.LEVEL_CRITICAL | levels.LEVEL_ERROR
    pyvips._remove_log_handler()  # noqa: SLF001 - there is no public way, and it is also what runs at exit
    pyvips._log_handler_id = pyvips.glib_lib.g_log_set_handler(  # noqa: SLF001 - so that the exit removes this one
        b"VIPS",
        wanted | levels.FLAG_FATAL | levels.FLAG_RECURSION,
        pyvips._log_handler_cb,  # noqa: SLF001
        pyvips.ffi.NULL,
    )
    logging.getLogger("pyvips").setLevel(logging.ERROR)


class KillSwitch:
    """
    Stops the pipelines of one piece of work from another thread.

    libvips looks at an image's kill flag each time it prepares a region of it, and clears the flag when an evaluation
    begins: whoever kills does so again until the work has ended. An encoder that has taken its whole picture
    already, such as AVIF's, runs to its end.
    """

    def __init__(self) -> None:
        self._images: list[Any] = []
        self._killed = False

    @property
    def killed(self) -> bool:
        """Whether the work is not wanted any more."""
        return self._killed

    def check(self) -> None:
        """
        Go on only if the work is still wanted.

        Raises:
            Killed: it is not.
        """
        if self._killed:
            raise Killed

    def watch(self, image: Any) -> Any:
        """
        Make evaluation through *image* stoppable and give it back.

        Raises:
            Killed: the work is not wanted any more.
        """
        image.set_progress(True)  # without it libvips ignores the flag
        self._images.append(image)
        # Looked at after the append: whoever kills in between finds the image in the list.
        self.check()
        return image

    def in_memory(self, image: Any) -> Any:
        """Evaluate *image* now, once, so that what follows may read it in any order."""
        return self.watch(image).copy_memory()

    def let_go(self) -> None:
        """Forget the images once their work has ended: they hold pixels, and must not wait for a garbage collector."""
        self._images.clear()

    def kill(self) -> None:
        """Stop every pipeline watched so far, and those to come; callable from any thread, again and again."""
        self._killed = True
        for image in tuple(self._images):
            image.set_kill(True)
