"""An animation that there can never be memory for becomes a still; what is no animation stays what it is."""

import pytest

from imgsvc.errors import ImageTooLarge
from imgsvc.model.formats import ImageFormat
from imgsvc.model.spec import Output, TransformSpec
from tests.support import pictures
from tests.unit.transform.bodies import RecordingAdmission, opened

GIF = ImageFormat.GIF
SPECS = [
    TransformSpec(output=Output.GIF),
    TransformSpec(output=Output.WEBP),
    TransformSpec(output=Output.GIF, trim=10),
    TransformSpec(output=Output.AUTO_AVIF),
]


@pytest.fixture(scope="module")
def moving() -> bytes:
    """Frames that take much more together than one does."""
    return pictures.animation(GIF, width=600, height=500)


async def estimates(data: bytes, *specs: TransformSpec) -> list[int]:
    """What each of *specs* is estimated to take."""
    admission = RecordingAdmission()
    async with opened(admission=admission) as pool:
        for spec in specs:
            await pool.run(data, GIF, spec)
    return admission.asked


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.output.value} {spec.trim}")
@pytest.mark.parametrize("patient", [False, True])
async def test_too_much_for_all_frames(moving, spec, patient) -> None:
    """Where one frame fits, that one is answered and the rest is said to be missing; where all fit, all are."""
    [all_frames] = await estimates(moving, spec)
    admission = RecordingAdmission(most_bytes=all_frames - 1)
    async with opened(admission=admission) as pool:
        still = await pool.run(moving, GIF, spec, patient=patient)
    async with opened(admission=RecordingAdmission(most_bytes=all_frames)) as pool:
        animation = await pool.run(moving, GIF, spec, patient=patient)

    assert (still.degraded, len(pictures.pages(still.data))) == ("frames", 1)
    assert (animation.degraded, len(pictures.pages(animation.data))) == ("", 3)
    assert admission.asked[0] < all_frames


async def test_too_much_for_one_frame(moving) -> None:
    """What does not fit as a still either is asked for, and refused, as any other picture is."""
    refusing = RecordingAdmission(error=ImageTooLarge("no"), most_bytes=0)
    async with opened(admission=refusing) as pool:
        with pytest.raises(ImageTooLarge):
            await pool.run(moving, GIF, SPECS[0])
        with pytest.raises(ImageTooLarge):
            await pool.run(pictures.jpeg(), ImageFormat.JPEG, SPECS[0])
    assert len(refusing.asked) == 2


async def test_a_description_is_of_the_whole(moving) -> None:
    """JSON tells of all frames, for it needs only one of them."""
    async with opened(admission=RecordingAdmission(most_bytes=0)) as pool:
        told = await pool.run(moving, GIF, TransformSpec(output=Output.JSON))
    assert (told.degraded, b'"pages":3' in told.data) == ("", True)
