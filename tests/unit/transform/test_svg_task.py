"""What is drawn is known by the document, whatever the size."""

from imgsvc.transform.svg_task import SvgTask
from tests.unit.transform.svg_renderers import SQUARE


def test_a_document_has_one_digest_at_all_sizes():
    """Written for another size it is another text, but the same document; one byte more is another document."""
    small, large, other = SvgTask.of(SQUARE, 5, 5), SvgTask.of(SQUARE, 50, 40), SvgTask.of(SQUARE + b" ", 5, 5)
    assert small.digest == large.digest != other.digest
    assert (small.document == large.document, large.pixels) == (False, 2000)
