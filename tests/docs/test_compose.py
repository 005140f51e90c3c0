"""compose.yaml and env.example: parts that fit together, limits that suit, and no setting that does not exist."""

import re
import subprocess
from collections.abc import Iterator

import pytest
import yaml
from click.testing import CliRunner

from imgsvc.cli import commands
from imgsvc.settings import Settings, documented
from tests.support.nginx import DEPLOY, shipped_conf
from tests.support.tools import require_tool

COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
REPLICAS = ("imgsvc-1", "imgsvc-2", "imgsvc-3")
KNOWN = {setting.name for *_, setting in documented()}
EXAMPLE = (DEPLOY / "env.example").read_text()
UNITS = {"k": 1024, "m": 1024**2, "g": 1024**3}


def in_bytes(text: str) -> int:
    """Read a size as compose.yaml has it."""
    return int(text[:-1]) * UNITS[text[-1]]


def mounts() -> Iterator[tuple[str, str]]:
    """Give name of service and source of everything that is mounted."""
    for name, service in SERVICES.items():
        for volume in service.get("volumes", ()):
            yield name, volume.partition(":")[0]


def test_the_parts_are_those_that_are_promised():
    """Three replicas behind nginx, with SeaweedFS, Valkey, Prometheus, and one job that makes the bucket."""
    assert set(SERVICES) == {"nginx", *REPLICAS, "store-init", "seaweedfs", "valkey", "prometheus"}


def test_images_are_pinned():
    """Every image of others has its whole version."""
    for name, service in SERVICES.items():
        image = service["image"]
        assert image == "imgsvc:local" or re.search(r":v?\d+\.\d+(\.\d+)?(-\w+)?$", image), name


def test_what_is_mounted_is_there():
    """Every mounted file is in this folder, every mounted volume is declared, and each is mounted."""
    sources = [source for _, source in mounts()]

    for source in sources:
        assert (DEPLOY / source).exists() if source.startswith("./") else source in COMPOSE["volumes"], source
    assert set(COMPOSE["volumes"]) <= set(sources)
    for name in REPLICAS:
        assert (DEPLOY / SERVICES[name]["build"]["context"] / SERVICES[name]["build"]["dockerfile"]).is_file()


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_has_more_than_it_needs(name):
    """No service writes outside its volumes, gains a capability it was not given, or takes memory without end."""
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert in_bytes(service["mem_limit"]) > 0
    assert set(service.get("cap_add", ())) <= {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"}
    assert "privileged" not in service


@pytest.mark.parametrize("name", REPLICAS)
def test_a_replica_has_a_quarter_more_than_its_budget(name):
    """The limit of the container leaves room above the budget, and more time for the end than the service takes."""
    settings = Settings.from_env(SERVICES[name]["environment"])

    assert in_bytes(SERVICES[name]["mem_limit"]) >= 1.25 * settings.memory.budget_bytes
    assert int(SERVICES[name]["stop_grace_period"].removesuffix("s")) > settings.server.shutdown_timeout_seconds


def test_every_setting_exists_and_is_good():
    """Each name that compose.yaml sets is a setting, and the service takes all of them together."""
    environment = SERVICES[REPLICAS[0]]["environment"]

    assert set(environment) <= KNOWN
    assert Settings.from_env(environment).store.s3_bucket == "imgsvc"
    assert all(SERVICES[name]["environment"] == environment for name in (*REPLICAS, "store-init"))


def test_only_nginx_is_reached_from_outside():
    """Its port is public, Prometheus' is this machine's, and what holds data has no way out."""
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert ports == {"nginx": ["8088:8088"], "prometheus": ["127.0.0.1:9090:9090"]}
    assert COMPOSE["networks"]["back"]["internal"] is True
    assert all(SERVICES[name]["networks"] == ["back"] for name in ("seaweedfs", "valkey", "store-init"))
    assert "back" not in SERVICES["nginx"]["networks"]


def test_each_waits_for_what_it_needs():
    """What is waited for is there and has a health check, or ends; the replicas' is the image's."""
    for service in SERVICES.values():
        for needed, how in service.get("depends_on", {}).items():
            assert how["condition"] in {"service_healthy", "service_completed_successfully"}
            assert needed == "store-init" or needed in REPLICAS or "healthcheck" in SERVICES[needed]
    assert "HEALTHCHECK" in (DEPLOY / "Dockerfile").read_text()
    assert set(SERVICES["nginx"]["depends_on"]) == set(REPLICAS)


def test_nginx_knows_the_replicas(tmp_path):
    """The upstream of compose names each replica by its address, believes nginx', and nginx takes the file."""
    text = (DEPLOY / "upstream.compose.conf").read_text()
    front = {name: SERVICES[name]["networks"]["front"]["ipv4_address"] for name in (*REPLICAS, "nginx")}
    trusted = SERVICES[REPLICAS[0]]["environment"]["IMGSVC_TRUSTED_PROXIES"]

    assert re.findall(r"^ +server ([\d.]+):8080", text, re.MULTILINE) == [front[name] for name in REPLICAS]
    assert trusted == f"{front['nginx']}/32"
    conf = shipped_conf(tmp_path, 8088, [8080])
    (tmp_path / "upstream.conf").write_text(text.replace("host.docker.internal", "127.0.0.1"))
    nginx = require_tool("nginx", "/usr/sbin/nginx")
    done = subprocess.run([nginx, "-t", "-c", conf], capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr


def test_prometheus_asks_each_replica():
    """Its configuration is good, and names every replica, not nginx."""
    path = DEPLOY / "prometheus" / "prometheus.compose.yml"
    (job,) = yaml.safe_load(path.read_text())["scrape_configs"]
    checked = [require_tool("promtool"), "check", "config", "--syntax-only", path]
    done = subprocess.run(checked, capture_output=True, check=False, text=True)

    assert done.returncode == 0, done.stderr
    assert job["static_configs"] == [{"targets": [f"{name}:8080" for name in REPLICAS]}]
    assert any(path.name in argument for argument in SERVICES["prometheus"]["command"])


def test_every_line_of_the_example_is_a_setting():
    """Each name, in force or not, is a setting, and is there once."""
    names = re.findall(r"^#?([A-Z][A-Z0-9_]*)=", EXAMPLE, re.MULTILINE)

    assert len(names) == len(set(names)) > 20
    assert set(names) <= KNOWN
    for needed in re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text()):
        assert needed in names, needed


def test_the_example_is_accepted(tmp_path, monkeypatch):
    """Copied to .env as it is, and with every example in force, it is accepted without a word of complaint."""
    monkeypatch.chdir(tmp_path)
    for text in (EXAMPLE, re.sub(r"^#(?=[A-Z][A-Z0-9_]*=)", "", EXAMPLE, flags=re.MULTILINE)):
        (tmp_path / ".env").write_text(text)
        done = CliRunner().invoke(commands, ["config"], catch_exceptions=False)

        assert (done.exit_code, done.stderr) == (0, "")
        assert "IMGSVC_ALLOWED_HOSTS=" in done.stdout
