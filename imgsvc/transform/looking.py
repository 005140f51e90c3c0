"""What can be said of a source, and decided about it, before a pixel of it is decoded; for threads."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pyvips
from msgspec import Struct
from msgspec.structs import replace

from imgsvc.errors import NotAnImage, SourceTooLarge
from imgsvc.model.formats import SNIFF_BYTES, ImageFormat, sniff
from imgsvc.model.spec import TransformSpec
from imgsvc.stream.base import FileRange
from imgsvc.transform.body import Body, digest_of, head_of, size_of, whole
from imgsvc.transform.compose import glance
from imgsvc.transform.cost import estimate_bytes, estimate_glance_bytes
from imgsvc.transform.decide import Decision
from imgsvc.transform.drawing import Drawing, drawing_info, drawing_size, glance_size, undrawn
from imgsvc.transform.geometry import Size
from imgsvc.transform.loaders import CONTAINERS, may_be_harmless
from imgsvc.transform.pipeline import Pipeline, Rendered
from imgsvc.transform.piping import read_pipe
from imgsvc.transform.probe import ImageInfo, probe, probe_head
from imgsvc.transform.results import Head, Inspected
from imgsvc.transform.runtime import KillSwitch
from imgsvc.transform.source import FileSource, PixelSource, contained_source
from imgsvc.transform.svg_names import MAX_SVG_BYTES
from imgsvc.transform.theming import LOOK_SIDE_PX, UNSEEN, Viewed, is_themed

T = TypeVar("T")

_DRAWN_BYTES = 4


class Plan(Struct, frozen=True, kw_only=True):
    """
    What is going to be done.

    Attributes:
        info: of the source.
        decision: what becomes of it, as far as its header tells; None where the answer is no picture.
        estimate_bytes: what it will take.
        viewed: what is known of its looks.
    """

    info: ImageInfo
    decision: Decision | None
    estimate_bytes: int
    viewed: Viewed = UNSEEN


class DrawingPlan(Struct, frozen=True, kw_only=True):
    """
    What is going to be done with a drawing.

    Attributes:
        data: its bytes, as they are drawn for the scheme that is wanted.
        natural_px: width and height.
        size: to draw it at.
        look_size: to draw it at once more, to be looked at; None where it is not.
        decision: what becomes of it; None where the answer is no picture.
        estimate_bytes: what it will take, here and in the worker, which is there already.
        viewed: what is known of its looks.
    """

    data: bytes
    natural_px: tuple[float, float]
    size: Size
    look_size: Size | None = None
    decision: Decision | None = None
    estimate_bytes: int
    viewed: Viewed = UNSEEN

    @property
    def sizes(self) -> list[Size]:
        """All it is drawn at, the one to be looked at last."""
        return [self.size, *([self.look_size] if self.look_size else [])]


class Looker:
    """Reads headers; holds no state, so any number of threads may share one."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def inspect(self, body: Body, sha256: str | None) -> Inspected:
        """Say what a source is, make a drawing harmless, and hash it unless its digest is known."""
        image_format = _sniffed(head_of(body, SNIFF_BYTES))
        if image_format is ImageFormat.SVG:
            body, sha256 = _sanitised(_drawing_bytes(body)), None
            natural = Size.rounded(*_natural_size(body))
            info, width, height, pages = None, natural.width, natural.height, 1
        else:
            info = probe(body, image_format, self._pipeline.limits)
            width, height, pages = info.width, info.height, info.pages
        return Inspected(
            data=body,
            image_format=image_format,
            sha256=sha256 or digest_of(body),
            size_bytes=size_of(body),
            width=width,
            height=height,
            pages=pages,
            info=info,
        )

    def inspect_head(self, head: bytes) -> Head:
        """Say what the head of a large source tells."""
        image_format = _sniffed(head[:SNIFF_BYTES])
        if image_format is ImageFormat.SVG:
            raise _drawing_too_large()
        return Head(image_format, probe_head(head, image_format, self._pipeline.limits))

    def header(self, body: Body, image_format: ImageFormat) -> ImageInfo:
        """Read the header of a picture that is no drawing; raises as :func:`probe`."""
        return probe(body, image_format, self._pipeline.limits)

    def plan(self, body: Body, info: ImageInfo, spec: TransformSpec, sha256: str = "") -> Plan:
        """
        Plan what becomes of a picture that is no drawing, by its header; quick enough for the loop.

        By its digest it may be known how it looks.
        """
        source = FileSource(body, info)
        decision = self._pipeline.decision(source, spec)
        heaviest = self._pipeline.heaviest(source, spec, decision)
        cost = estimate_bytes(info, heaviest, source_bytes=size_of(body), in_file=isinstance(body, FileRange))
        viewed = self._pipeline.viewed(spec, sha256)
        if is_themed(spec) and viewed.sight is None:
            cost = max(cost, _glance_bytes(info, body, LOOK_SIDE_PX))
        return Plan(info=info, decision=decision, estimate_bytes=cost, viewed=viewed)

    def plan_glance(self, body: Body, info: ImageInfo, longest_px: int) -> Plan:
        """Plan a small picture of one that is no drawing, for somebody to look at; quick enough for the loop."""
        return Plan(info=info, decision=None, estimate_bytes=_glance_bytes(info, body, longest_px))

    def plan_arriving(self, info: ImageInfo, spec: TransformSpec, source_bytes: int) -> Plan:
        """Plan what becomes of a picture of which only the head is here; quick enough for the loop."""
        decision = self._pipeline.decision(FileSource(b"", info), spec)
        cost = estimate_bytes(info, decision, source_bytes=source_bytes, in_file=False)
        return Plan(info=info, decision=decision, estimate_bytes=cost)

    def plan_drawing(self, body: Body, spec: TransformSpec, sha256: str = "") -> DrawingPlan:
        """Plan what becomes of a drawing, which its worker holds once more; the worker's own size is not in it."""
        data = _in_scheme(_drawing_bytes(body), spec.scheme)
        natural_px = _natural_size(data)
        size = drawing_size(*natural_px, spec, self._pipeline.limits)
        source = undrawn(*natural_px, data)
        decision = self._pipeline.decision(source, spec)
        heaviest = self._pipeline.heaviest(source, spec, decision)
        cost = estimate_bytes(drawing_info(size), heaviest, source_bytes=len(data), in_file=False)
        cost += size.pixels * _DRAWN_BYTES
        viewed, look_size = self._pipeline.viewed(spec, sha256), None
        if is_themed(spec) and viewed.sight is None:
            look_size = glance_size(*natural_px, LOOK_SIDE_PX)
            # Both drawings are there before either is read.
            cost = max(cost, _drawn_glance_bytes(data, look_size)) + look_size.pixels * _DRAWN_BYTES
        return DrawingPlan(
            data=data,
            natural_px=natural_px,
            size=size,
            look_size=look_size,
            decision=decision,
            estimate_bytes=cost,
            viewed=viewed,
        )

    def plan_drawn_glance(self, body: Body, longest_px: int) -> DrawingPlan:
        """Plan a drawing of which somebody is to look at a small picture."""
        data = _in_scheme(_drawing_bytes(body), "")
        natural_px = _natural_size(data)
        size = glance_size(*natural_px, longest_px)
        cost = _drawn_glance_bytes(data, size)
        return DrawingPlan(data=data, natural_px=natural_px, size=size, estimate_bytes=cost)

    def render(self, body: Body, plan: Plan, spec: TransformSpec, switch: KillSwitch) -> Rendered:
        """Do what was planned."""
        # Whether a container's picture is transparent shows only when it is decoded, so all is decided then.
        decision = None if plan.info.image_format in CONTAINERS else plan.decision
        return self._read(body, plan, lambda source: self._pipeline.render(source, spec, switch, decision, plan.viewed))

    def glance(self, body: Body, plan: Plan, longest_px: int, switch: KillSwitch) -> Any:
        """Decode the small picture that was planned."""
        return self._read(body, plan, lambda source: glance(source, longest_px, switch))

    def render_drawing(
        self, drawings: Sequence[Drawing], plan: DrawingPlan, spec: TransformSpec, switch: KillSwitch
    ) -> Rendered:
        """Do what was planned with a drawing, which is drawn by now, at each of the plan's sizes."""
        viewed = replace(plan.viewed, source=drawings[-1].as_picture(plan.data))
        return self._pipeline.render(drawings[0].as_source(plan.data), spec, switch, plan.decision, viewed)

    def render_arriving(self, descriptor: int, plan: Plan, spec: TransformSpec, switch: KillSwitch) -> Rendered:
        """Do what was planned with a picture that comes through a pipe."""
        return read_pipe(
            descriptor, plan.info, lambda source: self._pipeline.render(source, spec, switch, plan.decision), switch
        )

    def _read(self, body: Body, plan: Plan, read: Callable[[PixelSource], T]) -> T:
        """
        Read what is no drawing; a JPEG strictly, and once more as it is where that may have failed for nothing.

        libvips has one error text for all threads, and complaints that failed nothing stay in it until the next failure
        takes them away. So it is believed that bytes are missing when it has been said twice.
        """
        info = plan.info
        if info.image_format in CONTAINERS:
            return read(contained_source(body, info.image_format, self._pipeline.limits))
        for is_last in (False, True) if info.image_format is ImageFormat.JPEG else ():
            try:
                return read(FileSource(body, info, is_strict=True))
            except pyvips.Error as error:
                if may_be_harmless(error):
                    break
                if is_last:
                    raise
        return read(FileSource(body, info))


def _glance_bytes(info: ImageInfo, body: Body, longest_px: int) -> int:
    in_file = isinstance(body, FileRange)
    return estimate_glance_bytes(info, longest_px, source_bytes=size_of(body), in_file=in_file)


def _drawn_glance_bytes(data: bytes, size: Size) -> int:
    """Predict a look at a drawing, which its worker holds once more."""
    cost = estimate_glance_bytes(drawing_info(size), size.longest_px, source_bytes=len(data), in_file=False)
    return cost + size.pixels * _DRAWN_BYTES


def _sniffed(head: bytes) -> ImageFormat:
    if (image_format := sniff(head)) is None:
        raise NotAnImage("The source is not an image of a kind this service reads.", param="url")
    return image_format


def _drawing_bytes(body: Body) -> bytes:
    """Read a drawing, unless it is larger than drawings may be."""
    if isinstance(body, FileRange) and body.size_bytes > MAX_SVG_BYTES:
        raise _drawing_too_large()
    return whole(body)


def _drawing_too_large() -> SourceTooLarge:
    return SourceTooLarge(f"The SVG has more than {MAX_SVG_BYTES} bytes.", param="url")


# The parser of XML is loaded with the first drawing; the start does not wait for it.


def _sanitised(data: bytes) -> bytes:
    from imgsvc.transform.svg_sanitiser import sanitise  # noqa: PLC0415

    return sanitise(data)


def _natural_size(data: bytes) -> tuple[float, float]:
    from imgsvc.transform.svg_size import natural_size  # noqa: PLC0415

    return natural_size(data)


def _in_scheme(data: bytes, scheme: str) -> bytes:
    from imgsvc.transform.svg_scheme import in_scheme  # noqa: PLC0415

    return in_scheme(data, scheme)
