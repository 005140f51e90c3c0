"""How the time of one answer is shared out."""

from imgsvc.services.opengraph.deadline import ANSWER_SECONDS, Deadline


def test_what_one_takes_is_gone_for_the_next():
    """What is left shrinks with the clock, is never less than nothing, and may be bounded by who asks."""
    now = [50.0]
    deadline = Deadline(lambda: now[0])
    left = [deadline.left_seconds(), deadline.left_seconds(2.5)]
    now[0] += ANSWER_SECONDS - 1
    left += [deadline.left_seconds(), deadline.left_seconds(2.5)]
    now[0] += 2
    left += [deadline.left_seconds(), deadline.left_seconds(2.5)]
    assert left == [ANSWER_SECONDS, 2.5, 1, 1, 0, 0]
