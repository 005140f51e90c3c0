"""
From a source's bytes to an answer's, in one thread.

Everything is decided first (which frames, how large, which format), then the frames are shaped and finished one after
the other, then encoded. libvips evaluates only when pixels are asked for, so most of this is arithmetic.
"""

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from imgsvc.model.descriptions import StandIn
from imgsvc.model.formats import CAPABILITIES, ImageFormat
from imgsvc.model.spec import Output, Placeholder, TransformSpec
from imgsvc.settings import TransformSettings
from imgsvc.transform.avif_pace import AvifPace
from imgsvc.transform.body import whole
from imgsvc.transform.colour import to_srgb
from imgsvc.transform.compose import compose, glance
from imgsvc.transform.decide import (
    Decision,
    computable,
    decide,
    glance_plan,
    is_untouched,
    keeps_colours,
    keeps_frames,
    sizes_for,
)
from imgsvc.transform.drawing import SUMMARY_SIDE_PX
from imgsvc.transform.encode import choose_quality, encode
from imgsvc.transform.geometry import Size
from imgsvc.transform.limits import Limits
from imgsvc.transform.placeholder import describe, stand_in
from imgsvc.transform.runtime import KillSwitch
from imgsvc.transform.source import MemorySource, PixelSource
from imgsvc.transform.steps import FramePlan
from imgsvc.transform.theming import LOOK_SIDE_PX, UNSEEN, Painter, Sights, ThemedPainter, Theming, Viewed
from imgsvc.transform.trim import content_box

JSON_TYPE = "application/json"

# Decoded pictures up to this are held whole between decoding and encoding, so that the two can be timed apart;
# larger ones are encoded as their lines arrive.
_HELD_BYTES = 16 * 1024 * 1024


class Rendered(Struct, frozen=True, kw_only=True):
    """
    The bytes of an answer and what is known of them.

    Attributes:
        data: owned.
        media_type: of *data*.
        sha256: hex digest of *data*.
        width: in px, of one frame.
        height: likewise.
        degraded: ``frames`` if an animation had to become a still, else empty.
        deferred: whether AVIF was due, but would have taken too long: WebP stands in for it.
        look: what was seen for the sake of a page (:meth:`imgsvc.model.look.Look.to_text`); empty where there was none.
        decode_seconds: reading and pixel work; of large pictures only what precedes encoding.
        encode_seconds: writing.
    """

    data: bytes
    media_type: str
    sha256: str
    width: int
    height: int
    degraded: str = ""
    deferred: bool = False
    look: str = ""
    decode_seconds: float
    encode_seconds: float


class Pipeline:
    """
    Makes answers; what it holds is safe for threads, so any number may share one.

    Args:
        settings: limits, efforts, and the budgets of AVIF.
        clock: seconds, monotonic.
        pace: knows how long AVIF takes, and learns it here; None begins anew.
        patient: whether AVIF may take as long as it likes, for answers that nobody waits for.
        theming: sees and adapts; None: no spec may have a page.
        sights: remembers what was seen; None begins anew.
    """

    def __init__(
        self,
        settings: TransformSettings,
        clock: Callable[[], float],
        pace: AvifPace | None = None,
        *,
        patient: bool = False,
        theming: Theming | None = None,
        sights: Sights | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._pace = pace or AvifPace(settings.avif_effort)
        self._theming = theming
        self._sights = sights or Sights()
        self._budget_seconds = math.inf if patient else settings.avif_budget_seconds
        self.limits = Limits(
            max_pixels=settings.max_pixels,
            max_animation_pixels=settings.max_animation_pixels,
            max_frames=settings.max_frames,
            max_side_px=settings.max_side_px,
        )

    def decision(self, source: PixelSource, spec: TransformSpec) -> Decision | None:
        """Decide what becomes of a source, from its header; None where the answer is no picture."""
        return None if spec.is_json else self._decide(source, spec)

    def heaviest(self, source: PixelSource, spec: TransformSpec, decision: Decision | None) -> Decision | None:
        """
        Decide for an estimate: a stand-in of a trimmed picture takes what the trimmed picture takes.

        What is left of that may be AVIF in time, although the whole would not. Of all else it is *decision*.
        """
        is_description = spec.output is Output.JSON and spec.placeholder is None
        if spec.trim is None or is_description:
            return decision
        return decide(source, spec, self._settings, self.limits)

    def viewed(self, spec: TransformSpec, sha256: str) -> Viewed:
        """Recall how a source looks, by its digest; empty where that is not known."""
        return Viewed(sha256=sha256, sight=self._sights.recall(sha256, spec))

    def render(
        self,
        source: PixelSource,
        spec: TransformSpec,
        switch: KillSwitch,
        decision: Decision | None = None,
        viewed: Viewed = UNSEEN,
    ) -> Rendered:
        """
        Do what *spec* asks.

        Args:
            source: within the limits.
            spec: what is asked for; an identity is encoded anew.
            switch: stops the work from another thread.
            decision: as :meth:`decision` gave it for this source; None decides now.
            viewed: what is known of the source's looks, where *spec* has a page.

        Raises:
            ValueError: there is a page, but nobody who sees.
            pyvips.Error: the source cannot be decoded, or the work was stopped.
            Killed: the work was stopped.
        """
        if spec.placeholder is not None:
            return self._stand_in(source, spec, spec.placeholder, switch)
        if spec.output is Output.JSON:
            return self._description(source, switch)
        return self._picture(source, spec, switch, decision, viewed)

    def _picture(
        self, source: PixelSource, spec: TransformSpec, switch: KillSwitch, decision: Decision | None, viewed: Viewed
    ) -> Rendered:
        started = self._clock()
        painter = self._painter(source, spec, switch, viewed)
        cut = self._trimmed(source, spec, switch)
        if decision is None or cut is not source:
            decision = self._decide(cut, spec)
        image = compose(cut, decision.plan, switch, every=decision.animate, adapt=painter.adapt)
        if is_held := image.width * image.height * image.bands <= _HELD_BYTES:
            image = switch.in_memory(image)
        decoded = self._clock()
        data = self._encoded(switch.watch(image), decision, reuse_palette=not painter.changed)
        self._teach(decision, self._clock() - decoded if is_held else None)
        # Never bigger than the source, where the source is as good an answer and still there.
        is_source_s = cut is source and not painter.changed
        if is_source_s and source.body is not None and len(data) > source.size_bytes:
            data = whole(source.body) if is_untouched(source.info, decision) else data
        media_type = CAPABILITIES[decision.image_format].media_type
        rendered = self._rendered(data, media_type, decision.plan.geometry.canvas, started, decoded)
        return replace(rendered, degraded=decision.degraded, deferred=decision.deferred, look=painter.look)

    def _decide(self, source: PixelSource, spec: TransformSpec) -> Decision:
        prompt_pixels = self._pace.pixels_within(self._budget_seconds)
        return decide(source, spec, self._settings, self.limits, prompt_pixels=prompt_pixels)

    def _teach(self, decision: Decision, encode_seconds: float | None) -> None:
        """Let what was made tell how the next is made; None where decoding could not be told from encoding."""
        if decision.image_format is ImageFormat.AVIF and encode_seconds is not None:
            self._pace.learn(decision.plan.geometry.canvas.pixels, encode_seconds)
        if decision.deferred:
            self._pace.count_deferred()

    def _painter(self, source: PixelSource, spec: TransformSpec, switch: KillSwitch, viewed: Viewed) -> Painter:
        """Look at a source, unless that was done before, and give what adapts it if it is lost."""
        if spec.page is None:
            return Painter()
        if self._theming is None:
            raise ValueError("There is a page to read on, but nobody who sees.")
        if (sight := viewed.sight) is None:
            sight = self._theming.see(glance(viewed.source or source, LOOK_SIDE_PX, switch), spec.page)
            switch.let_go()  # all is evaluated, and what decoders keep would be held until the answer is there
            self._sights.keep(viewed.sha256, spec, sight)
        look = sight.look(spec.scheme, remembered=spec.remembered)
        return ThemedPainter(look, self._theming, spec.page, switch)

    def _encoded(self, image: Any, decision: Decision, *, reuse_palette: bool) -> bytes:
        quality = choose_quality(decision.plan.spec, decision.image_format)
        reuse_palette &= decision.source_format is ImageFormat.GIF and keeps_colours(decision)
        return encode(image, decision.image_format, quality, self._settings, reuse_palette=reuse_palette)

    def _trimmed(self, source: PixelSource, spec: TransformSpec, switch: KillSwitch) -> PixelSource:
        """Cut the border off; the source itself comes back when there is none."""
        if spec.trim is None:
            return source
        opened = source.frames(switch, every=keeps_frames(source.info, spec, self.limits))
        frames = [switch.in_memory(to_srgb(frame)).autorot() for frame in opened]
        # Turned pictures are read in no order by the search: once more into memory, now oriented.
        frames = [switch.in_memory(frame) for frame in frames] if source.info.orientation != 1 else frames
        if (box := content_box(frames, spec.trim)) is None:
            return source
        info = replace(source.info, width=box.width, height=box.height, orientation=1, is_plain_srgb=True)
        cut = tuple(box.cut(frame) for frame in frames)
        return MemorySource(source.body, info, cut, (box.width, box.height), scalable=source.scalable)

    def _stand_in(self, source: PixelSource, spec: TransformSpec, kind: Placeholder, switch: KillSwitch) -> Rendered:
        """Answer with something tiny; it is computed from a small picture, but tells the large one's size."""
        started = self._clock()
        cut = self._trimmed(source, replace(spec, animate=False), switch)
        sizes = computable(sizes_for(cut, spec), self.limits.max_side_px, self.limits)
        scale = min(1.0, SUMMARY_SIDE_PX / sizes.canvas.longest_px)
        plan = FramePlan(spec=spec, geometry=sizes.shrunk(scale), orientation=cut.info.orientation, scale=scale)
        image = switch.in_memory(compose(cut, plan, switch))
        decoded = self._clock()
        size = sizes.canvas
        answer = StandIn(width=size.width, height=size.height, placeholder=stand_in(image, kind))
        return self._rendered(_json(answer), JSON_TYPE, size, started, decoded)

    def _description(self, source: PixelSource, switch: KillSwitch) -> Rendered:
        """Answer with what the source is; the spec's steps do not count."""
        started = self._clock()
        info = source.info
        image = switch.in_memory(compose(source, glance_plan(info, SUMMARY_SIDE_PX), switch))
        decoded = self._clock()
        answer = describe(image, info, info.image_format, source.size_bytes)
        return self._rendered(_json(answer), JSON_TYPE, Size(info.width, info.height), started, decoded)

    def _rendered(self, data: bytes, media_type: str, size: Size, started: float, decoded: float) -> Rendered:
        digest = hashlib.sha256(data).hexdigest()
        return Rendered(
            data=data,
            media_type=media_type,
            sha256=digest,
            width=size.width,
            height=size.height,
            decode_seconds=decoded - started,
            encode_seconds=self._clock() - decoded,
        )


def _json(answer: Mapping[str, object]) -> bytes:
    return json.dumps(answer, separators=(",", ":")).encode()
