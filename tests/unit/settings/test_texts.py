"""What texts settings take, and which values they become."""

import ipaddress

import pytest

from imgsvc.model.hosts import HostRules
from imgsvc.settings import (
    ConnectTo,
    LogoSettings,
    Settings,
    SettingsError,
    StoreSettings,
    TrustedOrigin,
)
from tests.unit.settings.test_settings import in_force


class TestTexts:
    """How texts are taken."""

    def test_blank_is_unset(self):
        """Set to nothing, or to spaces, is the default."""
        assert in_force(IMGSVC_PORT="", IMGSVC_ADMIN_TOKEN=" ", S3_BUCKET="", IMGSVC_CACHE_BYTES="") == in_force()

    def test_blank_is_unset_in_a_group_alone(self):
        """A group that is read by itself takes an empty text as the whole tree does."""
        assert StoreSettings.from_env({"S3_ACCESS_KEY_ID": "", "IMGSVC_STORE_DIR": ""}) == StoreSettings()
        assert LogoSettings.from_env({"IMGSVC_LOGO_GOOGLE_URL": "", "IMGSVC_LOGO_PROVIDERS": ""}).google_url == ""

    def test_spaces_around(self):
        """Spaces around a value and around the items of a list are not part of them."""
        settings = Settings.from_env({"IMGSVC_PORT": " 81 ", "IMGSVC_ALLOWED_HOSTS": " a.test , *.B.test ,,store:,* "})
        assert settings.server.port == 81
        assert settings.access.allowed_hosts == HostRules(
            frozenset({"a.test"}), (".b.test",), anything=True, store=True
        )

    def test_alias(self):
        """The endpoint has two names; the first wins, unless it is blank."""
        one, two = "https://one.test", "https://two.test"
        assert in_force(S3_SERVER_URL=two)["S3_ENDPOINT_URL"] == two
        assert in_force(S3_SERVER_URL=two, S3_ENDPOINT_URL=one)["S3_ENDPOINT_URL"] == one
        assert in_force(S3_SERVER_URL=two, S3_ENDPOINT_URL="")["S3_ENDPOINT_URL"] == two

    def test_servers_with_routes_of_their_own(self):
        """Twitter's is known; the asset server and its token are the operator's, and the latter is masked."""
        values = in_force(ASSETS_BASE_URL="http://a.internal:9000/x", ASSETS_BEARER_TOKEN=" t0ken\n")
        settings = Settings.from_env({"ASSETS_BEARER_TOKEN": " t0ken\n", "IMGSVC_TWITTER_BASE_URL": ""})
        assert (values["ASSETS_BASE_URL"], values["ASSETS_BEARER_TOKEN"]) == ("http://a.internal:9000/x", "***")
        assert settings.proxies.assets_bearer_token.reveal() == "t0ken"
        assert settings.proxies.twitter_base_url == "https://pbs.twimg.com"
        assert settings.proxies.assets_base_url is None

    def test_foreign_names_are_nothing(self):
        """Names of other programs, and field names of ours, set nothing."""
        assert in_force(PATH="/bin", host="x", port="x", HOME="~") == in_force()

    @pytest.mark.parametrize(
        "host", ["*", "::", "127.0.0.2", "fe80::1%eth0", "127.1", "localhost.", "my_host", "b\u00fccher.test"]
    )
    def test_listening(self, host):
        """Whatever a look-up may know can be listened on, and is kept as it is."""
        assert in_force(IMGSVC_HOST=host)["IMGSVC_HOST"] == host

    @pytest.mark.parametrize(
        "host", ["a..b", "a" * 300, "a\udcff", "a\nb", "fe80::1%a\nb", "a b", "http://a.test", "-"]
    )
    def test_nowhere_to_listen(self, host):
        """What no look-up takes, or would be two lines where settings are printed, is a fault."""
        with pytest.raises(SettingsError, match=r"^IMGSVC_HOST: not an address or a name"):
            Settings.from_env({"IMGSVC_HOST": host})

    def test_connect_to(self):
        """Exact names, suffixes and addresses of both families."""
        text = "img.test=127.0.0.1:8080,*.cdn.test=[::1]:443"
        origin = Settings.from_env({"IMGSVC_CONNECT_TO": text}).origin
        assert origin.connect_to[1] == ConnectTo(host="*.cdn.test", address=ipaddress.ip_address("::1"), port=443)
        assert in_force(IMGSVC_CONNECT_TO=text)["IMGSVC_CONNECT_TO"] == text
        assert [origin.is_named(h) for h in ("img.test", "a.cdn.test", "cdn.test", "xcdn.test")] == [
            True,
            True,
            False,
            False,
        ]

    def test_user_agents(self):
        """Names and suffixes, each with a text that may hold commas; what is no header is refused."""
        text = "a.test=Bot/1 (x, y; z)|*.b.test=Other"
        agents = Settings.from_env({"IMGSVC_USER_AGENTS": text}).origin.user_agents
        assert [agents.name_for(host) for host in ("a.test", "x.b.test", "b.test")] == [
            "Bot/1 (x, y; z)",
            "Other",
            None,
        ]
        assert in_force(IMGSVC_USER_AGENTS=text)["IMGSVC_USER_AGENTS"] == text
        for bad in ("a.test", "=x", "a.test=", "a.test=x\r\nX: y", "a.test:80=x", "a.test=ü"):
            with pytest.raises(SettingsError, match="IMGSVC_USER_AGENTS"):
                Settings.from_env({"IMGSVC_USER_AGENTS": bad})

    def test_trusted_origins(self):
        """Host and port on one side, a network on the other."""
        origin = Settings.from_env({"IMGSVC_TRUSTED_ORIGINS": "Img.test.:81 = 10.1.2.3/8, [::1]:82=::1"}).origin
        assert origin.trusted_origins == (
            TrustedOrigin(host="img.test", port=81, network=ipaddress.ip_network("10.0.0.0/8")),
            TrustedOrigin(host="::1", port=82, network=ipaddress.ip_network("::1/128")),
        )

    def test_redirect_with_target(self):
        """Redirects are fine once they have somewhere to go."""
        environ = {"IMGSVC_DELIVERY": "redirect", "IMGSVC_CDN_BASE_URL": "https://cdn.test/a"}
        assert Settings.from_env(environ).server.delivery == "redirect"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, (14400, 31536000)),
        ({"IMGSVC_MIN_TTL": "0"}, (0, 31536000)),
        ({"IMGSVC_MIN_TTL": "63072000"}, (63072000, 63072000)),
        ({"IMGSVC_MAX_TTL": "60"}, (60, 60)),
        ({"IMGSVC_MIN_TTL": "5", "IMGSVC_MAX_TTL": "5"}, (5, 5)),
    ],
)
def test_lifetimes_follow_each_other(given, expected):
    """A bound that nobody has set makes way for the one that somebody has."""
    cache = Settings.from_env(given).cache

    assert (cache.min_ttl_seconds, cache.max_ttl_seconds) == expected


@pytest.mark.parametrize("name", ["IMGSVC_MIN_TTL", "IMGSVC_MAX_TTL"])
def test_lifetimes_are_bounded(name):
    """A number of hundreds of digits is a fault, not a time."""
    with pytest.raises(SettingsError, match=name):
        Settings.from_env({name: "9" * 300})


class TestLogos:
    """IMGSVC_LOGO_*."""

    def test_defaults(self):
        """Google, then DuckDuckGo, within eight seconds."""
        values = in_force()

        assert values["IMGSVC_LOGO_PROVIDERS"] == "google,duckduckgo"
        assert values["IMGSVC_LOGO_DEADLINE"] == "8"
        assert "{domain}" in values["IMGSVC_LOGO_GOOGLE_URL"]

    def test_empty_is_off(self):
        """An empty template switches a service off, where other settings would have their default."""
        settings = Settings.from_env({"IMGSVC_LOGO_GOOGLE_URL": " ", "IMGSVC_LOGO_PROVIDERS": ""})

        assert settings.logos.google_url == ""
        assert [item.name for item in settings.logos.providers] == ["google", "duckduckgo"]

    def test_a_service_of_the_operators_own(self):
        """A template is taken as it is, and shown without what may be a token."""
        text = "duckduckgo, https://logo.test/{domain}?token=t&size={size}"
        settings = Settings.from_env({"IMGSVC_LOGO_PROVIDERS": text})

        assert [item.name for item in settings.logos.providers] == ["duckduckgo", "service"]
        assert settings.logos.providers[1].template.endswith("size={size}")
        assert in_force(IMGSVC_LOGO_PROVIDERS=text)["IMGSVC_LOGO_PROVIDERS"] == ("duckduckgo,https://logo.test/***")
