"""Missing scripts, remembered."""

import logging
import threading

from imgsvc.services.scripts import Scripts


async def test_it_looks_once_in_a_thread(caplog):
    """Before, nobody knows; afterwards it is known, and said once in the log."""
    asked: list[threading.Thread] = []

    def find() -> tuple[str, ...]:
        asked.append(threading.current_thread())
        return "Lao", "Thai"

    scripts = Scripts(find)
    assert scripts.missing is None
    with caplog.at_level(logging.INFO, "imgsvc"):
        await scripts.look()

    assert scripts.missing == ("Lao", "Thai")
    assert [thread is threading.main_thread() for thread in asked] == [False]
    assert "Lao, Thai" in caplog.text


async def test_where_all_is_there_nothing_is_said(caplog):
    """An empty answer is an answer, and no news."""
    scripts = Scripts(tuple)
    with caplog.at_level(logging.INFO, "imgsvc"):
        await scripts.look()

    assert (scripts.missing, caplog.text) == ((), "")
