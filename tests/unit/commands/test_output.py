"""Pictures written to files."""

import sys

import pytest

from imgsvc.commands.output import write_json, write_picture


def test_a_file(tmp_path, capsys):
    """The bytes are in it, and a line says where they went."""
    write_picture(b"bytes", tmp_path / "a.png", "a picture")

    assert (tmp_path / "a.png").read_bytes() == b"bytes"
    assert capsys.readouterr() == ("", f"a picture; written to {tmp_path / 'a.png'}\n")


def test_standard_output(capfdbinary):
    """It has the bytes and nothing else."""
    write_picture(b"\x89bytes", None, "a picture")

    assert capfdbinary.readouterr().err == b"a picture\n"


def test_a_place_where_nothing_can_be_written(tmp_path, capsys):
    """It is a line and exit code 1."""
    with pytest.raises(SystemExit) as ended:
        write_picture(b"bytes", tmp_path / "none" / "a.png", "a picture")

    assert ended.value.code == 1
    assert "cannot be written: No such file" in capsys.readouterr().err


def test_a_standard_output_that_is_closed(monkeypatch, capsys):
    """Without one a picture has nowhere to go: a line, and exit code 1."""
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(SystemExit) as ended:
        write_picture(b"bytes", None, "a picture")

    assert ended.value.code == 1
    assert "standard output is closed" in capsys.readouterr().err


def test_json_is_ascii(capsys):
    """It can be read whatever the locale."""
    write_json({"a": "é\udcff"})

    assert capsys.readouterr().out == '{\n  "a": "\\u00e9\\udcff"\n}\n'
