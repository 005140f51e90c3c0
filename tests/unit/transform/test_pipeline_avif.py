"""The time budget of AVIF: what answers teach, and what is decided by it."""

import time
from collections.abc import Callable
from itertools import count

import pytest

from imgsvc.model.formats import ImageFormat, sniff
from imgsvc.model.spec import Output, Placeholder, TransformSpec
from imgsvc.settings import TransformSettings
from imgsvc.transform import pipeline as pipeline_module
from imgsvc.transform import runtime
from imgsvc.transform.avif_pace import PRIOR_NANOSECONDS, AvifPace
from imgsvc.transform.pipeline import Pipeline, Rendered
from imgsvc.transform.probe import probe
from imgsvc.transform.source import FileSource
from tests.support import pictures
from tests.support.rendering import render

AUTO = TransformSpec(output=Output.AUTO_AVIF)
GUESS = PRIOR_NANOSECONDS[1]
BOX_SECONDS = 1000 * GUESS / 1e9
"""Enough for 1000 pixels: for the box that :func:`pictures.framed` draws, not for the border around it."""


def pipeline(
    pace: AvifPace, clock: Callable[[], float] = time.monotonic, *, patient: bool = False, **settings
) -> Pipeline:
    runtime.prepare()
    return Pipeline(TransformSettings(**settings), clock, pace, patient=patient)


def rendered(pipeline: Pipeline, data: bytes, spec: TransformSpec = AUTO) -> Rendered:
    source = source_of(pipeline, data)
    return pipeline.render(source, spec, runtime.KillSwitch(), pipeline.decision(source, spec))


def source_of(pipeline: Pipeline, data: bytes) -> FileSource:
    image_format = sniff(data)
    assert image_format is not None
    return FileSource(data, probe(data, image_format, pipeline.limits))


def seconds() -> Callable[[], float]:
    """A clock on which a second passes whenever somebody looks."""
    return map(float, count()).__next__


@pytest.mark.parametrize("output", [Output.AUTO_AVIF, Output.AVIF])
def test_an_encode_teaches(output) -> None:
    """Whether asked for by name or not, AVIF tells how long the next will take, by the given clock."""
    pace = AvifPace(1)
    rendered(pipeline(pace, seconds()), pictures.png(pictures.noise(400, 300)), TransformSpec(output=output))
    assert pace.statistics().learnt == 1
    assert pace.statistics().nanoseconds_per_pixel > GUESS


@pytest.mark.parametrize("spec", [TransformSpec(output=Output.WEBP), TransformSpec(placeholder=Placeholder.COLOR)])
def test_other_answers_teach_nothing(spec) -> None:
    """How long WebP takes says nothing of AVIF."""
    pace = AvifPace(1)
    rendered(pipeline(pace, seconds()), pictures.png(pictures.noise(400, 300)), spec)
    assert pace.statistics().learnt == 0


def test_an_encode_that_waits_for_its_lines_teaches_nothing(monkeypatch) -> None:
    """What is too large to be held is decoded while it is encoded, and the two cannot be told apart."""
    monkeypatch.setattr(pipeline_module, "_HELD_BYTES", 0)
    pace = AvifPace(1)
    rendered(pipeline(pace, seconds()), pictures.png(pictures.noise(400, 300)))
    assert pace.statistics().learnt == 0


def test_too_slow_is_webp_and_counted() -> None:
    """The answer says that it stands in for another."""
    pace = AvifPace(1)
    made = rendered(pipeline(pace, avif_budget_seconds=0), pictures.jpeg())
    assert (made.media_type, made.deferred, sniff(made.data)) == ("image/webp", True, ImageFormat.WEBP)
    assert (pace.statistics().deferred, pace.statistics().learnt) == (1, 0)


def test_deciding_alone_counts_nothing() -> None:
    """A look is not an answer."""
    pace = AvifPace(1)
    hurried = pipeline(pace, avif_budget_seconds=0)
    decision = hurried.decision(source_of(hurried, pictures.jpeg()), AUTO)
    assert decision is not None
    assert decision.deferred
    assert pace.statistics().deferred == 0


def test_what_is_left_of_a_trimmed_picture_may_be_quick() -> None:
    """The border takes no time to encode once it is cut off; the estimate was made for that case as well."""
    data, spec = pictures.png(pictures.framed()), TransformSpec(output=Output.AUTO_AVIF, trim=10)
    assert render(data, AUTO, avif_budget_seconds=BOX_SECONDS).media_type == "image/webp"
    made = render(data, spec, avif_budget_seconds=BOX_SECONDS)
    assert (made.media_type, made.deferred, made.width) == ("image/avif", False, 40)
    hurried = pipeline(AvifPace(1), avif_budget_seconds=BOX_SECONDS)
    heaviest = hurried.heaviest(source_of(hurried, data), spec)
    assert heaviest is not None
    assert heaviest.image_format is ImageFormat.AVIF


def test_a_patient_pipeline_puts_nothing_off() -> None:
    """However short the time and slow the encoder."""
    made = rendered(pipeline(AvifPace(9), patient=True, avif_budget_seconds=0), pictures.jpeg())
    assert (made.media_type, made.deferred) == ("image/avif", False)


def test_descriptions_are_never_put_off() -> None:
    """They have no format to choose."""
    for spec in (TransformSpec(output=Output.JSON), TransformSpec(placeholder=Placeholder.BLUR)):
        assert not render(pictures.jpeg(), spec, avif_budget_seconds=0).deferred
