"""Charts: what is drawn is what was measured, and can be read by who does not see it."""

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from bench.chart import HEIGHT, WIDTH, Chart, Line

SVG = "{http://www.w3.org/2000/svg}"


def chart(*lines: Line) -> Chart:
    return Chart("Rates & more", "thousand", "hits", lines)


@given(st.floats(1, 900_000), st.floats(1, 900_000))
def test_axes_have_few_marks_and_hold_every_point(x, y):
    """Whatever the sizes, no axis has more marks than can be read, and no point lies outside."""
    root = etree.fromstring(chart(Line("a", [(0, 0), (x, y)])).svg())

    corners = root.find(f"{SVG}polyline").attrib["points"].split()
    places = [tuple(map(float, corner.split(","))) for corner in corners]
    assert all(0 <= across <= WIDTH and 0 <= down <= HEIGHT for across, down in places)
    assert 6 <= len(root.findall(f"{SVG}text")) <= 24


def test_it_says_what_it_is():
    """A chart has its title as its name, whatever signs are in it."""
    root = etree.fromstring(chart(Line("a", [(1, 2), (3, 4)])).svg())

    assert (root.attrib["role"], root.attrib["aria-label"]) == ("img", "Rates & more")


def test_a_name_that_says_so_makes_svg(tmp_path):
    """A file of that name holds the drawing itself."""
    drawn = chart(Line("a", [(1, 2), (3, 4)]))
    drawn.save(tmp_path / "a.svg")

    assert (tmp_path / "a.svg").read_text() == drawn.svg() + "\n"
