"""How often libvips is called for one answer: each operation is a stage that every line of the picture passes."""

import pytest
import pyvips

from imgsvc.model.spec import Output, TransformSpec
from tests.support import pictures
from tests.support.rendering import render

SMALL = TransformSpec(output=Output.WEBP, width=20)


def called(monkeypatch: pytest.MonkeyPatch, data: bytes, spec: TransformSpec = SMALL) -> list[str]:
    """Make an answer and name the operations it took, the header's one first."""
    names, real = [], pyvips.Operation.call

    def call(name: str, *values: object, **options: object) -> object:
        names.append(name)
        return real(name, *values, **options)

    monkeypatch.setattr(pyvips.Operation, "call", staticmethod(call))
    render(data, spec)
    return names


def test_a_smaller_picture_takes_three(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most answers are an upright picture made smaller: it is opened, resized and saved, and nothing else."""
    data = pictures.jpeg()
    assert called(monkeypatch, data) == ["jpegload_source", "jpegload_source", "resize", "webpsave_buffer"]


def test_only_what_lies_otherwise_is_turned(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture that EXIF says lies on its side takes one more."""
    assert called(monkeypatch, pictures.oriented_jpeg(6)).count("autorot") == 1
