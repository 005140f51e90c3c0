"""libvips itself: set up once before its first use, and stopped when nobody waits any more."""

import ctypes
import logging
import os
import sys
from collections.abc import Callable
from typing import Any

import pyvips

from imgsvc.transform.typefaces import use_fonts


class Killed(Exception):
    """Raised inside a worker thread whose work is not wanted any more; never leaves the pool."""


def prepare() -> None:
    """
    Set libvips up for a server; calling it again changes nothing.

    One thread an evaluation, because the pool already keeps every core busy. No operation cache: no two requests
    share an operation, so it would only hold memory. Loaders that libvips calls untrusted are blocked, SVG among
    them: it is drawn by a process of its own. Text is drawn with our fonts, then the system's.
    """
    _quieten()
    use_fonts()
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


def drop_cache() -> None:
    """Empty libvips' operation cache, which holds nothing as :func:`prepare` leaves it; cheap, from any thread."""
    pyvips.cache_set_max(0)


class TrackedMemory:
    """
    What libvips has allocated by its own means; the codecs' memory is not in it.

    pyvips does not hand these figures out, so they are asked of the library that it has loaded; a second copy would
    count its own memory only.

    Args:
        name: what is loaded already and has libvips' functions, be it that or what depends on it; None = pyvips' own.
    """

    def __init__(self, name: str | None = None) -> None:
        self._library = _loaded(name or _vips_name())

    def tracked_bytes(self) -> tuple[int, int]:
        """Give what is allocated now and the most that ever was; (0, 0) where the library cannot be asked."""
        if self._library is None:
            return 0, 0
        return self._library.vips_tracked_get_mem(), self._library.vips_tracked_get_mem_highwater()


def _vips_name() -> str:
    """Name pyvips' own module, where it has one; else libvips, as pyvips does."""
    return str(sys.modules["_libvips"].__file__) if pyvips.API_mode else "libvips.so.42"


def _loaded(name: str) -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL(name, mode=os.RTLD_NOLOAD | os.RTLD_NOW)
        library.vips_tracked_get_mem.restype = library.vips_tracked_get_mem_highwater.restype = ctypes.c_size_t
    except (OSError, AttributeError):
        return None
    return library


class KillSwitch:
    """
    Stops the pipelines of one piece of work from another thread.

    libvips looks at an image's kill flag each time it prepares a region of it, and clears the flag when an evaluation
    begins: whoever kills does so again until the work has ended. An encoder that has taken its whole picture
    already, such as AVIF's, runs to its end.
    """

    def __init__(self) -> None:
        self._images: list[Any] = []
        self._acts: list[Callable[[], None]] = []
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
        """Evaluate *image* now, once, so that what follows may read it in any order, and what made it may go."""
        evaluated = self.watch(image).copy_memory()
        del self._images[-1:]  # there is nothing left to stop, and what libvips holds for it is much of a blur
        return evaluated

    def on_kill(self, act: Callable[[], None]) -> None:
        """
        Do something else beside, at each kill, such as ending a wait that libvips knows nothing of.

        Raises:
            Killed: the work is not wanted any more.
        """
        self._acts.append(act)
        self.check()

    def let_go(self) -> None:
        """Forget the images once their work has ended: they hold pixels, and must not wait for a garbage collector."""
        self._images.clear()
        self._acts.clear()

    def kill(self) -> None:
        """Stop every pipeline watched so far, and those to come; callable from any thread, again and again."""
        self._killed = True
        for image in tuple(self._images):
            image.set_kill(True)
        for act in tuple(self._acts):
            act()
