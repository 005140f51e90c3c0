"""Natural sizes as browsers see them, and documents rewritten for another one."""

import math

import pytest
from lxml import etree

from imgsvc.errors import CorruptImage, ImageTooLarge
from imgsvc.transform.svg_size import boxed, natural_size

NAMESPACE = 'xmlns="http://www.w3.org/2000/svg"'


def document(attributes, body=""):
    return f"<svg {NAMESPACE} {attributes}>{body}</svg>".encode()


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ('width="200" height="100"', (200, 100)),
        ('width=" 200px " height="1e2"', (200, 100)),
        ('width="1in" height="2.54cm"', (96, 96)),
        ('width="72pt" height="6pc"', (96, 96)),
        ('width="25.4mm" height="101.6Q"', (96, 96)),
        ('width="2em" height="2ex"', (32, 16)),
        ('viewBox="0 0 30 20"', (30, 20)),
        ('viewBox="-5,-5 30,20"', (30, 20)),
        ('width="100%" height="100%" viewBox="0 0 30 20"', (30, 20)),
        ('width="60" viewBox="0 0 30 20"', (60, 40)),
        ('height="60" viewBox="0 0 30 20"', (90, 60)),
        ('width="60"', (60, 150)),
        ('height="60"', (300, 60)),
        ("", (300, 150)),
        ('width="auto" height="-4"', (300, 150)),
        ('width="5furlongs" viewBox="0 0 0 20"', (300, 150)),
        ('viewBox="0 0 30"', (300, 150)),
        ('width="10" height="10" style="width:40px;fill:red;HEIGHT:30px"', (40, 30)),
        ('width="200" height="100" viewBox="0 0 10 10"', (200, 100)),
    ],
)
def test_natural_size(attributes, size):
    """Width and height count before the viewBox, that before 300 × 150; units are converted."""
    assert natural_size(document(attributes)) == pytest.approx(size)


@pytest.mark.parametrize("attributes", ['width="0" height="5"', 'style="width:0px"'])
def test_no_extent_is_corrupt(attributes):
    """A picture of zero width is none."""
    with pytest.raises(CorruptImage):
        natural_size(document(attributes))


@pytest.mark.parametrize("attributes", ['width="1e9"', 'width="1e999" height="1"', 'viewBox="0 0 1 1e9"'])
def test_absurd_sizes_are_too_large(attributes):
    """Sizes without end are refused before anybody reckons with them."""
    with pytest.raises(ImageTooLarge):
        natural_size(document(attributes))


def root_of(data):
    return etree.fromstring(data)


def test_box_keeps_a_fitting_view_box():
    """Where viewBox and size have one ratio, the document itself is given the new size."""
    root = root_of(boxed(document('width="30" height="20" viewBox="0 0 60 40"', "<g/>"), 90, 50))
    assert dict(root.attrib) == {
        "width": "90", "height": "50", "viewBox": "0 0 60 40", "preserveAspectRatio": "none",
        "style": "width:90px!important;height:50px!important",
    }  # fmt: skip


def test_box_gives_a_view_box_where_there_was_none():
    """Without a viewBox the natural size is what is stretched."""
    assert root_of(boxed(document('width="30" height="20"'), 90, 50)).get("viewBox") == "0 0 30.0 20.0"


def test_box_wraps_a_picture_with_margins():
    """Where the ratios differ, the picture's own margins are stretched with it."""
    outer = root_of(boxed(document('width="200" height="100" viewBox="0 0 10 10" style="fill:red;"'), 50, 50))
    assert outer.get("viewBox") == "0 0 200.0 100.0"
    assert (outer[0].get("viewBox"), outer[0].get("preserveAspectRatio")) == ("0 0 10 10", None)
    assert outer[0].get("style") == "fill:red;width:200.0px!important;height:100.0px!important"


def test_boxed_document_has_the_asked_natural_size():
    """Measured again, a rewritten document is as large as it was told to be."""
    for attributes in ("", 'width="3in"', 'viewBox="0 0 7 9"', 'width="9" height="1" viewBox="0 0 5 5"'):
        assert all(map(math.isclose, natural_size(boxed(document(attributes), 640, 480)), (640, 480)))
