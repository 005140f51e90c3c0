"""``imgsvc config``: the settings in force."""

import json

import pytest

from imgsvc.settings import Settings


def test_config_reads_back_what_it_prints(invoke):
    """What ``config`` prints is an environment with the same meaning."""
    env = {
        "IMGSVC_ALLOWED_HOSTS": "b.test,*.a.test,store:",
        "IMGSVC_CONNECT_TO": "x.test=127.0.0.1:1",
        "S3_BUCKET": "b",
    }
    printed = invoke("config", **env).stdout

    assert {"IMGSVC_ALLOWED_HOSTS=b.test,*.a.test,store:", "S3_BUCKET=b"} <= set(printed.splitlines())
    again = Settings.from_env(dict(line.split("=", 1) for line in printed.splitlines() if not line.endswith("=")))
    assert list(again.in_force()) == [tuple(line.split("=", 1)) for line in printed.splitlines()]


def test_no_secret_is_printed(invoke):
    """Secrets are stars, set by whichever name."""
    secrets = dict.fromkeys(
        ("IMGSVC_ADMIN_TOKEN", "IMGSVC_SIGNING_KEYS", "S3_SECRET_ACCESS_KEY", "S3_SESSION_TOKEN", "S3_ACCESS_KEY_ID"),
        "hunter2",
    )
    output = invoke("config", IMGSVC_REDIS_URL="redis://:hunter2@h/0", **secrets).output

    assert "hunter2" not in output
    assert output.count("***") == len(secrets) + 1


def test_a_dotenv_that_cannot_be_read(invoke, tmp_path):
    """A file that is no text is a line and exit code 2, not a traceback."""
    (tmp_path / ".env").write_bytes(b"IMGSVC_PORT=\xff\xfe\n")

    result = invoke("config")

    assert result.exit_code == 2
    assert result.stderr.startswith("imgsvc: .env: cannot be read")


@pytest.mark.parametrize(
    ("text", "lines"),
    [("IMGSVC_PORT=1\nno setting\n=2\n", [2, 3]), ("A=1\nIMGSVC_ADMIN_TOKEN='x\nIMGSVC_PORT=1\n", [2])],
)
def test_a_dotenv_with_lines_that_are_none(invoke, tmp_path, text, lines):
    """Each is a fault of its own: what stands in them, or below an open quote, is not left out in silence."""
    (tmp_path / ".env").write_text(text)

    result = invoke("config")

    assert result.exit_code == 2
    assert result.stderr.splitlines() == [f"imgsvc: .env: line {line} is no NAME=VALUE" for line in lines]


def test_dotenv_in_part(invoke, tmp_path):
    """Comments, names without a value and quotes in ``.env`` are understood."""
    (tmp_path / ".env").write_text("# comment\nIMGSVC_PORT\nIMGSVC_MIN_TTL='7'\nexport IMGSVC_MAX_TTL=8\n")

    lines = invoke("config").stdout.splitlines()

    assert {"IMGSVC_PORT=8080", "IMGSVC_MIN_TTL=7", "IMGSVC_MAX_TTL=8"} <= set(lines)


@pytest.mark.parametrize("alias", Settings.ALIASES)
def test_the_environment_wins_by_any_name(invoke, tmp_path, alias):
    """What the environment sets goes before ``.env``, whichever name either has for it; a blank hides nothing."""
    name = Settings.ALIASES[alias]
    below, above = "http://a.test", "http://b.test"
    for there, here in ((name, alias), (alias, name), (alias, alias), (name, name)):
        (tmp_path / ".env").write_text(f"{there}={below}\nIMGSVC_PORT=1\n")
        assert invoke("config", "--changed", **{here: above}).stdout.split() == ["IMGSVC_PORT=1", f"{name}={above}"]
        if there != here:
            assert f"{name}={below}" in invoke("config", **{here: " "}).stdout


def test_only_what_is_set(invoke, tmp_path):
    """--changed leaves away what nobody has set, by whichever name and from whichever place."""
    (tmp_path / ".env").write_text("IMGSVC_MIN_TTL=7\nIMGSVC_PORT=1\n")
    env = {"IMGSVC_PORT": "8080", "S3_SERVER_URL": "http://s3.test", "IMGSVC_HOST": " ", "IMGSVC_LOGO_GOOGLE_URL": ""}
    lines = invoke("config", "--changed", **env).stdout.splitlines()

    assert lines == [
        "IMGSVC_PORT=8080",
        "IMGSVC_MIN_TTL=7",
        "S3_ENDPOINT_URL=http://s3.test",
        "IMGSVC_LOGO_GOOGLE_URL=",
    ]


def test_as_json(invoke):
    """Each setting comes with its default and whether it is set; secrets stay secret."""
    env = {"IMGSVC_PORT": "81", "IMGSVC_ADMIN_TOKEN": "hunter2"}
    result = invoke("config", "--json", **env)
    facts = json.loads(result.stdout)

    assert list(facts) == [name for name, _ in Settings().in_force()]
    assert facts["IMGSVC_PORT"] == {"value": "81", "default": "8080", "is_set": True}
    assert facts["IMGSVC_HOST"] == {"value": "127.0.0.1", "default": "127.0.0.1", "is_set": False}
    assert facts["IMGSVC_ADMIN_TOKEN"] == {"value": "***", "default": "", "is_set": True}
    assert "hunter2" not in result.output
    assert list(json.loads(invoke("config", "--json", "--changed", **env).stdout)) == list(env)


@pytest.mark.parametrize("command", ["config", "serve"])
def test_a_url_without_a_host_that_could_be(invoke, command):
    """It is one line and exit code 2, whatever the command, and not found out by whoever would ask that host."""
    result = invoke(command, IMGSVC_SITE_URL="https://www..example.com")

    assert result.exit_code == 2
    assert [line.partition(": not an")[0] for line in result.stderr.splitlines()] == ["imgsvc: IMGSVC_SITE_URL"]
