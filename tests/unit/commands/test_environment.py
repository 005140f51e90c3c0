"""What settings are read from."""

from imgsvc.commands.environment import read_settings


def test_a_name_that_is_none_of_ours_moves_no_cursor(monkeypatch, tmp_path, capsys):
    """What would change a terminal's colours, in the name of an unknown setting, is not shown as it is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IMGSVC_PROT\x1b[31m", "1")

    read_settings()

    assert capsys.readouterr().err == "imgsvc: IMGSVC_PROT?[31m is not a setting; did you mean IMGSVC_PORT?\n"
