"""``imgsvc store init``."""

import json


def test_store_init(invoke, tmp_path):
    """The folder is made, and what may be in it is said; done again it is the same."""
    for _ in range(2):
        result = invoke("store", "init", IMGSVC_STORE_MAX_BYTES="7000")

        assert result.exit_code == 0
        assert result.stdout.splitlines() == [
            f"folder {tmp_path}/var/store: there, and can be written to",
            "ceiling: 7000 bytes (IMGSVC_STORE_MAX_BYTES)",
            "taken: 0 bytes, by 0 objects",
        ]


def test_store_init_says_why_it_cannot(invoke, tmp_path):
    """A folder that cannot be made is one line and exit code 1."""
    (tmp_path / "file").write_text("in the way")

    result = invoke("store", "init", IMGSVC_STORE_DIR=f"{tmp_path}/file/store")

    assert result.exit_code == 1
    assert result.stderr == f"imgsvc: folder {tmp_path}/file/store: cannot be written to: Not a directory\n"


def test_store_init_nowhere(invoke, tmp_path, monkeypatch):
    """A working directory that has been deleted is one line and exit code 1."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()

    result = invoke("store", "init")

    assert result.exit_code == 1
    assert result.stderr == "imgsvc: folder var/store: cannot be written to: No such file or directory\n"


def test_store_init_needs_days(invoke):
    """A number of days below 0 is refused before anything is done."""
    assert invoke("store", "init", "--expire-days", "-1").exit_code == 2


def test_as_json(invoke, tmp_path):
    """The same steps for programs, and nothing else."""
    facts = json.loads(invoke("store", "init", "--json").stdout)

    assert facts["store"] == "folder"
    assert facts["steps"][0] == f"folder {tmp_path}/var/store: there, and can be written to"
