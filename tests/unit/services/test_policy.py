"""Who may be fetched, as the settings have it."""

import pytest

from imgsvc.origin.own import LoopGuard
from imgsvc.services.policy import make_policy, providers_of, services_named
from imgsvc.settings import Settings

ENV = {
    "IMGSVC_ALLOWED_HOSTS": "*",
    "IMGSVC_SITE_URL": "http://site.test:3000",
    "ASSETS_BASE_URL": "http://assets.test:9000/v1",
    "IMGSVC_TWITTER_BASE_URL": "http://twitter.test:7000",
    "IMGSVC_LOGO_GOOGLE_URL": "",
    "IMGSVC_LOGO_DUCKDUCKGO_URL": "http://icons.test:5000/{domain}",
    "IMGSVC_LOGO_PROVIDERS": "google,https://more.test:6000/{domain}?size={size},duckduckgo",
}
SETTINGS = Settings.from_env(ENV)


@pytest.mark.parametrize(
    ("host", "port"),
    [("site.test", 3000), ("assets.test", 9000), ("twitter.test", 7000), ("icons.test", 5000), ("more.test", 6000)],
)
def test_ports_of_what_the_operator_named(host, port):
    """Each server of the settings may have its own port, and no other."""
    policy = make_policy(SETTINGS, LoopGuard())

    assert policy.judge(f"http://{host}:{port}/x", signed=False).allowed
    assert policy.judge(f"http://{host}:{port + 1}/x", signed=False).rule == "port"


def test_services_in_their_order():
    """The order is the setting's; one whose template is empty is not asked."""
    assert [provider.template for provider in providers_of(SETTINGS.logos)] == [
        "https://more.test:6000/{domain}?size={size}", "http://icons.test:5000/{domain}",
    ]  # fmt: skip
    assert services_named(SETTINGS) == {("more.test", 6000), ("icons.test", 5000), ("site.test", 3000)}
