"""The bounded memory of what requests mean."""

from imgsvc.web.remembered import REMEMBERED, REMEMBERED_CHARS, Remembered


def test_the_longest_unused_is_forgotten():
    """There is room for so many; one that was asked for lately stays."""
    remembered: Remembered[int] = Remembered()
    for n in range(REMEMBERED):
        remembered.keep((str(n),), n)
    assert remembered.get(("0",)) == 0

    remembered.keep(("more",), -1)

    assert (remembered.get(("0",)), remembered.get(("1",)), remembered.get(("more",))) == (0, None, -1)


def test_long_requests_are_not_kept():
    """All texts together count."""
    remembered: Remembered[int] = Remembered()
    remembered.keep(("x" * (REMEMBERED_CHARS - 1), "y"), 1)
    remembered.keep(("x" * REMEMBERED_CHARS, "y"), 2)

    assert list(remembered.values()) == [1]
