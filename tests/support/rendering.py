"""The transform room without threads: bytes and a spec in, the rendered answer out."""

import time
from typing import Any

from imgsvc.model.formats import SNIFF_BYTES, sniff
from imgsvc.model.spec import TransformSpec
from imgsvc.settings import TransformSettings
from imgsvc.transform import runtime
from imgsvc.transform.loaders import CONTAINERS
from imgsvc.transform.pipeline import Pipeline, Rendered
from imgsvc.transform.probe import probe
from imgsvc.transform.source import FileSource, contained_source
from imgsvc.vision.theming import PageTheming


def render(data: bytes, spec: TransformSpec | None = None, **settings: Any) -> Rendered:
    """Render *data*, sniffed and probed, with default settings but for those given."""
    runtime.prepare()
    pipeline = Pipeline(TransformSettings(**settings), time.monotonic, theming=PageTheming())
    image_format = sniff(data[:SNIFF_BYTES])
    assert image_format is not None
    if image_format in CONTAINERS:
        source: Any = contained_source(data, image_format, pipeline.limits)
    else:
        source = FileSource(data, probe(data, image_format, pipeline.limits))
    return pipeline.render(source, spec or TransformSpec(), runtime.KillSwitch())
