"""The manifests in ``deploy/kubernetes``: Kubernetes takes them, and they say what the service and its image need."""

import re
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import kubernetes_validate
import pytest
import yaml
from dotenv import dotenv_values
from hypothesis import given
from hypothesis.strategies import integers, ip_addresses

from imgsvc import __version__
from imgsvc.origin.addresses import Refusal, refusal
from imgsvc.origin.policy import WEB_PORTS
from imgsvc.pressure.cgroup import fit_budget
from imgsvc.settings import Settings, unknown_names
from imgsvc.web.routes import make_application
from tests.support.process import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
OLDEST = "1.30"
"""The oldest Kubernetes whose schemas the manifests are held against."""

UNITS = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}
NAMED = {"app.kubernetes.io/name": "imgsvc"}
MANIFESTS = sorted(path.name for path in FOLDER.glob("*.yaml") if path.name != "kustomization.yaml")


@cache
def manifest(name: str) -> dict[str, Any]:
    """Read a file of one document."""
    return yaml.safe_load((FOLDER / name).read_text())


def pod() -> dict[str, Any]:
    return manifest("deployment.yaml")["spec"]["template"]["spec"]


def container() -> dict[str, Any]:
    (only,) = pod()["containers"]
    return only


def variables() -> dict[str, str]:
    """The settings that the pods get."""
    return {name: value or "" for name, value in dotenv_values(FOLDER / "settings.env").items()}


def size_bytes(quantity: str) -> int:
    return int(quantity[:-2]) * UNITS[quantity[-2:]]


def settings() -> Settings:
    return Settings.from_env(variables())


@pytest.mark.parametrize("version", [OLDEST, kubernetes_validate.latest_version()])
@pytest.mark.parametrize("name", MANIFESTS)
def test_kubernetes_knows_every_field(name, version):
    """Each manifest is valid, without a field that is not there, in the oldest version meant and the newest known."""
    kubernetes_validate.validate(manifest(name), version, strict=True)


def test_a_field_that_is_not_there_is_found():
    """The test before this one would notice a slip of the pen."""
    wrong = {**manifest("service.yaml"), "specs": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, OLDEST, strict=True)


def test_the_kustomization_names_every_file():
    """Nothing is left out, and nothing is named that is not there; the image is this version's."""
    kustomization = manifest("kustomization.yaml")
    (generator,) = kustomization["configMapGenerator"]
    (image,) = kustomization["images"]

    assert sorted(kustomization["resources"]) == MANIFESTS
    assert (generator["name"], generator["envs"]) == ("imgsvc", ["settings.env"])
    assert kustomization["namespace"] == manifest("namespace.yaml")["metadata"]["name"]
    assert (image["name"], image["newTag"]) == (container()["image"], __version__)


def test_selectors_find_the_pods():
    """Service, budget, policy and spread mean the pods that the deployment makes, the autoscaler the deployment."""
    deployment, target = manifest("deployment.yaml"), manifest("autoscaler.yaml")["spec"]["scaleTargetRef"]
    spread = [constraint["labelSelector"] for constraint in pod()["topologySpreadConstraints"]]

    assert deployment["spec"]["template"]["metadata"]["labels"] == NAMED
    assert manifest("service.yaml")["spec"]["selector"] == NAMED
    assert manifest("network-policy.yaml")["spec"]["podSelector"] == {"matchLabels": NAMED}
    for selector in (deployment["spec"]["selector"], manifest("disruption-budget.yaml")["spec"]["selector"], *spread):
        assert selector == {"matchLabels": NAMED}
    assert (target["kind"], target["name"]) == (deployment["kind"], deployment["metadata"]["name"])
    assert "replicas" not in deployment["spec"]


def test_ports_agree():
    """All who name the port name the one that the settings say."""
    (port,) = container()["ports"]
    (served,) = manifest("service.yaml")["spec"]["ports"]
    (let_in,) = manifest("network-policy.yaml")["spec"]["ingress"][0]["ports"]
    probes = [container()[f"{kind}Probe"]["httpGet"]["port"] for kind in ("startup", "liveness", "readiness")]
    annotations = manifest("deployment.yaml")["spec"]["template"]["metadata"]["annotations"]

    assert (settings().server.host, settings().server.port) == ("0.0.0.0", port["containerPort"])  # noqa: S104 - compared
    assert {served["targetPort"], let_in["port"], *probes} == {port["name"]}
    assert annotations["prometheus.io/port"] == str(port["containerPort"])


def test_probes_ask_routes_that_there_are():
    """Health for traffic, life for a restart."""
    paths = {kind: container()[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")}

    assert paths == {"startup": "/api/health/live", "liveness": "/api/health/live", "readiness": "/api/health"}
    for path in paths.values():
        assert re.search(rf"``{path}`` +GET, HEAD$", make_application.__doc__, re.MULTILINE)


def test_every_setting_is_one():
    """No name is misspelt, no value makes no sense, and no secret is among them."""
    values = variables()
    secrets = {name for name, value in settings().in_force() if value == "***"}

    assert list(unknown_names(values)) == []
    assert set(values) <= {name for name, _ in settings().in_force()}
    assert secrets <= {"IMGSVC_REDIS_URL"}
    assert "@" not in values["IMGSVC_REDIS_URL"]


def test_the_cluster_adds_no_settings():
    """A service's name makes variables such as IMGSVC_PORT, which would be taken for settings."""
    assert pod()["enableServiceLinks"] is False


def test_memory_suits_the_budget():
    """The limit is a quarter above the budget at least, leaves it as it is, and is asked for in whole."""
    resources, memory = container()["resources"], settings().memory
    limit_bytes = size_bytes(resources["limits"]["memory"])

    assert limit_bytes >= memory.budget_bytes * 1.25
    assert fit_budget(memory, limit_bytes) is memory
    assert resources["requests"]["memory"] == resources["limits"]["memory"]


def test_the_end_has_time():
    """Traffic has gone before the socket closes, and the pod is not killed before its answers are finished."""
    server, readiness = settings().server, container()["readinessProbe"]

    assert server.drain_delay_seconds > readiness["periodSeconds"] * readiness["failureThreshold"]
    longest_seconds = server.drain_delay_seconds + server.shutdown_timeout_seconds
    assert pod()["terminationGracePeriodSeconds"] >= longest_seconds + 10


def test_the_pod_may_do_nothing_more_than_it_must():
    """It keeps the restricted profile of the pod security standards, on a root file system that cannot be written."""
    shared, own = pod()["securityContext"], container()["securityContext"]

    assert shared["runAsNonRoot"] is True
    assert shared["seccompProfile"] == {"type": "RuntimeDefault"}
    assert own == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert pod()["automountServiceAccountToken"] is False
    assert all(set(volume) == {"name", "emptyDir"} for volume in pod()["volumes"])


def test_what_is_written_has_room():
    """The image's home, with all that is written there, is a volume on disk, larger than large sources may get."""
    mounts = {mount["mountPath"]: mount["name"] for mount in container()["volumeMounts"]}
    volumes = {volume["name"]: volume["emptyDir"] for volume in pod()["volumes"]}
    spool = settings().spool
    (home,) = (path for path in mounts if spool.directory.is_relative_to(path))
    room_bytes = size_bytes(volumes[mounts[home]]["sizeLimit"])

    assert "medium" not in volumes[mounts[home]]
    assert spool.max_bytes * 1.25 <= room_bytes <= size_bytes(container()["resources"]["requests"]["ephemeral-storage"])
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()
    assert re.search(rf"^WORKDIR {home}$", dockerfile, re.MULTILINE)
    assert re.search(rf"\b{pod()['securityContext']['runAsUser']}\b", dockerfile)


def sources() -> dict[str, Any]:
    """The rule of the policy that lets pictures be fetched."""
    (rule,) = (rule for rule in manifest("network-policy.yaml")["spec"]["egress"] if "ipBlock" in rule["to"][0])
    return rule


def is_let_out(address: IPv4Address | IPv6Address) -> bool:
    """Whether the policy lets a packet go there."""
    blocks = [peer["ipBlock"] for peer in sources()["to"]]
    return any(
        address in ip_network(block["cidr"]) and not any(address in ip_network(text) for text in block["except"])
        for block in blocks
    )


@given(ip_addresses(v=4))
def test_the_network_judges_as_the_service_does(address):
    """An IPv4 address is let out where the service would ask it, and only there."""
    assert is_let_out(address) == (refusal(address) is None)


@given(ip_addresses(v=6) | integers(0x2 << 124, (0x4 << 124) - 1).map(IPv6Address))
def test_the_network_lets_out_nothing_that_the_service_refuses(address):
    """Of IPv6 no tunnel is let out, but for what only the last half of an address tells, which no network can."""
    assert not is_let_out(address) or refusal(address) in (None, Refusal.ISATAP_EMBEDDED)


@pytest.mark.parametrize("address", ["10.1.2.3", "169.254.169.254", "100.100.100.200", "127.0.0.1", "fd00::1"])
def test_private_networks_are_shut(address):
    """Cluster, metadata services and loopback are out of reach."""
    assert not is_let_out(ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111"])
def test_the_internet_is_open(address):
    """Public addresses can be asked."""
    assert is_let_out(ip_address(address))


def test_sources_are_asked_at_the_ports_of_the_web():
    """The policy has the service's own list; other rules name who they are for."""
    others = [rule for rule in manifest("network-policy.yaml")["spec"]["egress"] if rule != sources()]

    assert {port["port"] for port in sources()["ports"]} == WEB_PORTS
    assert all("podSelector" in peer and rule["ports"] for rule in others for peer in rule["to"])
