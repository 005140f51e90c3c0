"""
What each network takes as a share picture, and the ways to get there.

Limits are those that the networks' own documents for developers give: LinkedIn (5 MB, 1200 × 627, no WebP), X (5 MB, at
least 300 × 157), Facebook (8 MB, 1200 × 630, at least 200 × 200); WhatsApp shows none above some 300 KB; Slack and
Discord take 8 MB. Of LinkedIn's least size nothing is said: what Facebook takes is taken for it.
"""

from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from imgsvc.model.formats import CAPABILITIES, ImageFormat
from imgsvc.model.spec import Fit, TransformSpec
from imgsvc.model.spec import Output as Out

MEGABYTE = 1_000_000

_QUALITIES = (65, 50, 35)
_SHARES = (0.75, 0.5, 0.35, 0.25)
_LEAST_QUALITY = 20
_LEAST_SIDE_PX = 300


class Network(StrEnum):
    """Who a picture is for."""

    TWITTER = "twitter"
    FACEBOOK = "facebook"
    LINKEDIN = "linkedin"
    SLACK = "slack"
    WHATSAPP = "whatsapp"
    DISCORD = "discord"


class Profile(Struct, frozen=True, kw_only=True):
    """
    What one network takes.

    Attributes:
        outputs: formats; the first is for photographs, PNG where it is among them for what may be clear in places.
        max_bytes: of the answer.
        box_px: width and height that the picture is made for, unless others are asked for.
        fit: how it meets that box.
        least_px: smallest width and height; a smaller picture is enlarged.
    """

    outputs: tuple[Out, ...]
    max_bytes: int
    box_px: tuple[int, int] = (1200, 630)
    fit: Fit = Fit.COVER
    least_px: tuple[int, int] = (1, 1)

    def takes(self, media_type: str, size_bytes: int) -> bool:
        """Whether an answer is within the limits."""
        kinds = (output.explicit_format for output in self.outputs)
        return size_bytes <= self.max_bytes and any(
            CAPABILITIES[kind].media_type == media_type for kind in kinds if kind
        )

    def is_too_small(self, width_px: int, height_px: int) -> bool:
        """Whether a picture of this size has to be enlarged."""
        return width_px < self.least_px[0] or height_px < self.least_px[1]


PROFILES = {
    Network.TWITTER: Profile(
        outputs=(Out.JPEG, Out.PNG, Out.WEBP), max_bytes=5 * MEGABYTE, box_px=(1200, 628), least_px=(300, 157)
    ),
    Network.FACEBOOK: Profile(outputs=(Out.JPEG, Out.PNG), max_bytes=8 * MEGABYTE, least_px=(200, 200)),
    Network.LINKEDIN: Profile(
        outputs=(Out.JPEG, Out.PNG), max_bytes=5 * MEGABYTE, box_px=(1200, 627), least_px=(200, 200)
    ),
    Network.WHATSAPP: Profile(outputs=(Out.JPEG,), max_bytes=300_000, fit=Fit.INSIDE),
    Network.SLACK: Profile(outputs=(Out.JPEG, Out.PNG), max_bytes=8 * MEGABYTE, fit=Fit.INSIDE),
    Network.DISCORD: Profile(outputs=(Out.JPEG, Out.PNG), max_bytes=8 * MEGABYTE, fit=Fit.INSIDE),
}


def attempts(profile: Profile, asked: TransformSpec, image_format: ImageFormat | None) -> Iterator[TransformSpec]:
    """
    Give the ways to make an answer for a network, the best first; the last is small enough whatever the picture is.

    Quality goes before size, as far as nobody sees it.

    Args:
        profile: of the network.
        asked: by the client: sides, fit, background, quality; its format counts only where the network takes it.
        image_format: of the picture; None = not known.
    """
    spec = _boxed(profile, asked)
    first = _first_output(profile, asked.output, image_format)
    yield replace(spec, output=first).normalised()
    spec = replace(spec, output=Out.JPEG)
    if first is not Out.JPEG:
        yield spec.normalised()
    for quality in _QUALITIES:
        yield replace(spec, quality=quality).normalised()
    for share in _SHARES:
        yield replace(_scaled(profile, spec, share), quality=_QUALITIES[1]).normalised()
    side_px = max(spec.width or 1, spec.height or 1)
    smallest = _scaled(profile, spec, min(1.0, _LEAST_SIDE_PX / side_px))
    yield replace(smallest, quality=_LEAST_QUALITY).normalised()


def _boxed(profile: Profile, asked: TransformSpec) -> TransformSpec:
    """Give what is asked for a box: the client's own, or the network's."""
    if asked.width is not None or asked.height is not None:
        return replace(asked, animate=False)
    width, height = profile.box_px
    return replace(asked, width=width, height=height, fit=profile.fit, animate=False)


def _first_output(profile: Profile, output: Out, image_format: ImageFormat | None) -> Out:
    if output in profile.outputs:
        return output
    may_be_clear = (
        image_format is not None and CAPABILITIES[image_format].alpha and not CAPABILITIES[image_format].lossy
    )
    return Out.PNG if may_be_clear and Out.PNG in profile.outputs else profile.outputs[0]


def _scaled(profile: Profile, spec: TransformSpec, share: float) -> TransformSpec:
    least_width, least_height = profile.least_px
    width = None if spec.width is None else max(least_width, round(spec.width * share))
    height = None if spec.height is None else max(least_height, round(spec.height * share))
    return replace(spec, width=width, height=height)


def enlarged(profile: Profile, asked: TransformSpec, size_px: tuple[int, int], fit: Fit = Fit.COVER) -> TransformSpec:
    """
    Ask for more than a picture of *size_px* has, where the network takes no less.

    That is as much of the network's box as the picture fills, and the least where that is less: of a square less is
    cut off than the box would. With CONTAIN nothing is, and it is laid on that much.
    """
    if not profile.is_too_small(*size_px):
        return asked
    share = min(1.0, *(side / of for side, of in zip(size_px, profile.box_px, strict=True)))
    width, height = (max(least, round(of * share)) for least, of in zip(profile.least_px, profile.box_px, strict=True))
    return replace(asked, width=width, height=height, fit=fit, enlarge=True)
