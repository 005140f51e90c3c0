"""How the work of a command ends."""

import json

import pytest

from imgsvc.commands.running import run
from imgsvc.errors import ImgsvcError, InvalidRequest, SourceNotFound, StoreError
from imgsvc.settings import SettingsError


async def work(outcome: object) -> object:
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


def ending(error: BaseException, *, as_json: bool = False) -> object:
    with pytest.raises(SystemExit) as ended:
        run(work(error), doing="Working", subject="a\x1b.test", json=as_json)
    return ended.value.code


def test_what_comes_of_it(capsys):
    """It is given back, and nothing is said where there is no terminal."""
    assert run(work(7), doing="Working", subject="a.test") == 7
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("error", "code"),
    [(InvalidRequest("No."), 2), (SourceNotFound("No."), 1), (StoreError("No."), 1), (ImgsvcError("No."), 1)],
)
def test_errors_are_a_line(capsys, error, code):
    """A mistake of the asker's is told from a failure; the subject cannot steer the terminal."""
    assert ending(error) == code
    assert capsys.readouterr() == ("", "imgsvc: a?.test: No.\n")


def test_errors_for_programs(capsys):
    """With JSON standard output has the API's code beside the line."""
    assert ending(SourceNotFound("No."), as_json=True) == 1

    out, err = capsys.readouterr()
    assert json.loads(out) == {"error": {"code": "source-not-found", "detail": "No."}}
    assert err.count("\n") == 1


def test_settings_that_make_no_sense(capsys):
    """Each fault is a line, and the exit code is that of the settings."""
    assert ending(SettingsError(["A: x", "B: y"])) == 2
    assert capsys.readouterr().err == "imgsvc: A: x\nimgsvc: B: y\n"


def test_interrupted(capsys):
    """Ctrl-C is quiet, and 130."""
    assert ending(KeyboardInterrupt()) == 130
    assert capsys.readouterr() == ("", "")


def test_a_fault_of_ours_shows_itself():
    """What nobody foresaw is not made a line."""
    with pytest.raises(ZeroDivisionError):
        run(work(ZeroDivisionError()), doing="Working", subject="a.test")
