"""Pictures that are decoded while they arrive, through an operating-system pipe."""

import os
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pyvips
from msgspec import Struct

from imgsvc.model.formats import ImageFormat
from imgsvc.model.spec import Output, TransformSpec
from imgsvc.transform.loaders import open_page
from imgsvc.transform.pipeline import Rendered
from imgsvc.transform.probe import ImageInfo
from imgsvc.transform.results import Head
from imgsvc.transform.runtime import KillSwitch
from imgsvc.transform.source import PixelSource
from imgsvc.transform.theming import is_themed

_FORMATS = frozenset((ImageFormat.JPEG, ImageFormat.PNG))
# What ends a wait: no picture goes on behind it. As much as a pipe takes, for decoders that skip long texts.
_END = b"\xff\xd9" * (32 * 1024)


def can_pipe(head: Head, spec: TransformSpec) -> bool:
    """
    Whether a picture can be decoded while it arrives.

    It is read once, from top to bottom, so its lines must come in their order (baseline JPEG, PNG without interlacing),
    and nothing may look at it before it is shaped (trim, a page to read on). A description tells the size of the whole
    file.
    """
    if head.info is None or head.info.interlaced or head.image_format not in _FORMATS:
        return False
    return (
        spec.trim is None and not is_themed(spec) and (spec.output is not Output.JSON or spec.placeholder is not None)
    )


class PipedSource(Struct, frozen=True):
    """
    A picture at the other end of a pipe.

    Attributes:
        pipe: what libvips reads; it has a descriptor of its own, closed when nothing refers to this any more.
        info: as the head said.
        size_bytes: 0, for not known.
        body: None, it passes by but once.
        scalable: False.
    """

    pipe: pyvips.Source
    info: ImageInfo
    size_bytes: int = 0
    body: None = None
    scalable: bool = False

    @property
    def natural_px(self) -> tuple[float, float]:
        """As the header says."""
        return self.info.width, self.info.height

    def frames(self, switch: KillSwitch, *, shrink: float = 1.0, every: bool = False) -> list[Any]:
        """Open the pipe; this can be done but once."""
        del every
        return [switch.watch(open_page(self.pipe, self.info.image_format, shrink=shrink))]


def read_pipe(
    descriptor: int, info: ImageInfo, render: Callable[[PixelSource], Rendered], switch: KillSwitch
) -> Rendered:
    """
    Let *render* read from a pipe; runs in a thread, and ends soon after a kill even if nothing arrives.

    When this returns or raises, nothing but *descriptor* itself and what *switch* watches keeps the pipe open. That
    matters: whoever writes into a pipe that nobody will ever read waits for ever.

    Args:
        descriptor: the end to read from; the caller closes it.
        info: of the picture that comes.
        render: given a source that can be opened once.
        switch: stops the work.

    Raises:
        pyvips.Error: the picture is broken, or its sender has left before its end: both look the same here.
        Killed: the work was stopped.
    """
    os.set_blocking(descriptor, True)  # libvips takes "nothing there yet" for an error
    switch.on_kill(partial(end_wait, descriptor))
    try:
        return render(PipedSource(pyvips.Source.new_from_descriptor(descriptor), info))
    except BaseException as error:
        # An error keeps the frames it came through, and they the source with libvips' own copy of the descriptor.
        traceback.clear_frames(error.__traceback__)
        raise


def end_wait(descriptor: int) -> None:
    """
    Wake whoever waits for bytes from a pipe, by writing into it what ends any picture; never waits itself.

    Closing a descriptor does not end a read that has begun (close(2)); a sender that has stalled would hold a thread.
    What is decoded of it is dropped: only work that nobody waits for any more is ended this way.
    """
    with suppress(OSError):  # full, so nobody waits for bytes; or no pipe
        end = os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK)
        try:
            os.write(end, _END)
        finally:
            os.close(end)
