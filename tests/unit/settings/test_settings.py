"""Settings read from texts."""

import ipaddress

import pytest

from imgsvc.settings import (
    MIB,
    RateLimit,
    Settings,
    SettingsError,
    documented,
    unknown_names,
)

URLS = ("IMGSVC_SITE_URL", "IMGSVC_CDN_BASE_URL", "IMGSVC_TWITTER_BASE_URL", "ASSETS_BASE_URL", "S3_ENDPOINT_URL")


def faults_of(**environ: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(environ)
    return caught.value.faults


def in_force(**environ: str) -> dict[str, str]:
    return dict(Settings.from_env(environ).in_force())


class TestDefaults:
    """An empty environment."""

    def test_contract(self):
        """The five names of old and what the contract promises."""
        values = in_force()
        assert values["IMAGE_RAM_BUDGET_BYTES"] == "536870912"
        assert values["MAX_IMAGE_SIZE_BYTES"] == "52428800"
        assert values["IMAGE_STREAM_THRESHOLD_BYTES"] == "5242880"
        assert values["MEMORY_WARNING_THRESHOLD"] == "402653184"
        assert values["MEMORY_CRITICAL_THRESHOLD"] == "483183820"
        assert (values["IMGSVC_HOST"], values["IMGSVC_PORT"]) == ("127.0.0.1", "8080")
        assert (values["IMGSVC_MIN_TTL"], values["IMGSVC_MAX_TTL"]) == ("14400", "31536000")
        assert (values["IMGSVC_DRAIN_DELAY"], values["IMGSVC_SHUTDOWN_TIMEOUT"]) == ("0", "30")
        assert values["IMGSVC_ALLOWED_HOSTS"] == values["IMGSVC_SIGNING_KEYS"] == ""
        assert (values["IMGSVC_RATE_LIMIT"], values["IMGSVC_TRUSTED_PROXIES"]) == ("120/60", "")
        assert (values["IMGSVC_REFRESH_COOLDOWN"], values["IMGSVC_STORE_MAX_BYTES"]) == ("3600", "")
        assert values["IMGSVC_AVIF_BUDGET"] == "1"

    def test_reading_back(self):
        """What is in force, read as an environment, is in force again."""
        assert in_force(**in_force()) == in_force()

    def test_frozen(self):
        """Nobody changes settings after the start."""
        with pytest.raises(AttributeError):
            Settings().server.port = 1

    def test_values_of_their_own(self):
        """Two that are read from the same texts are equal, and fit for a key; others are not."""
        one, same, other = (Settings.from_env({"IMGSVC_SIGNING_KEYS": keys}) for keys in ("a,b", "a, b", "b,a"))
        assert (one == same, hash(one) == hash(same), one == other) == (True, True, False)
        assert Settings.from_env({}) == Settings()

    def test_documented(self):
        """Every setting has a name of its own and a sentence."""
        names = [setting.name for *_, setting in documented()]
        assert len(names) == len(set(names))
        assert all(setting.env.description.endswith(".") for *_, setting in documented())


class TestThresholds:
    """MEMORY_* and what follows from the budget."""

    def test_follow_the_budget(self):
        """Unset, they are shares of the budget."""
        memory = Settings.from_env({"IMAGE_RAM_BUDGET_BYTES": str(100 * MIB)}).memory
        assert (memory.warning_threshold_bytes, memory.critical_threshold_bytes) == (75 * MIB, 90 * MIB)
        assert (memory.guard_threshold_bytes, memory.metadata_capacity_bytes) == (80 * MIB, 10 * MIB)
        assert (memory.gate_capacity_bytes, memory.transfer_capacity_bytes) == (15 * MIB, 8 * MIB)

    @pytest.mark.parametrize(("warning", "critical", "guard"), [("60", "79", "69.5"), ("82", "90", "86")])
    def test_guard_lies_between(self, warning, critical, guard):
        """Where 80 % of the budget is not between the other two, GUARD is entered halfway."""
        memory = Settings.from_env(
            {
                "IMAGE_RAM_BUDGET_BYTES": str(100 * MIB),
                "MEMORY_WARNING_THRESHOLD": str(int(warning) * MIB),
                "MEMORY_CRITICAL_THRESHOLD": str(int(critical) * MIB),
            }
        ).memory
        assert memory.guard_threshold_bytes == int(float(guard) * MIB)

    def test_set(self):
        """Set, they are what they are; a cache of zero bytes is off, not unset."""
        values = in_force(MEMORY_WARNING_THRESHOLD="1000", MEMORY_CRITICAL_THRESHOLD="1001", IMGSVC_CACHE_BYTES="0")
        assert values["MEMORY_WARNING_THRESHOLD"] == "1000"
        assert values["IMGSVC_CACHE_BYTES"] == "0"

    @pytest.mark.parametrize(
        ("warning", "critical", "in_force"),
        [
            ("2000", "2000", (2000, 2000)), ("2001", "2000", (2001, 2000)),
            ("500000000", "", (500000000, 483183820)), ("", "400000000", (402653184, 400000000)),
        ],
    )  # fmt: skip
    def test_warning_must_be_below_critical(self, warning, critical, in_force):
        """Equal or reversed thresholds end the start, against a default as well, which is told."""
        assert faults_of(MEMORY_WARNING_THRESHOLD=warning, MEMORY_CRITICAL_THRESHOLD=critical) == [
            f"MEMORY_WARNING_THRESHOLD: {in_force[0]} must be below MEMORY_CRITICAL_THRESHOLD, {in_force[1]}"
        ]

    def test_two_faults_at_once(self):
        """Both faults of one group are told."""
        faults = faults_of(MEMORY_WARNING_THRESHOLD="900000000", MEMORY_CRITICAL_THRESHOLD="800000000")
        assert [f.partition(":")[0] for f in faults] == ["MEMORY_WARNING_THRESHOLD", "MEMORY_CRITICAL_THRESHOLD"]


class TestFaults:
    """What is wrong is said, all of it."""

    def test_all_at_once(self):
        """One line for each fault, each beginning with the setting's name."""
        faults = faults_of(
            IMGSVC_CONNECTIONS="x", IMGSVC_READ_TIMEOUT="0", IMGSVC_MIN_TTL="9", IMGSVC_MAX_TTL="3",
            IMGSVC_DELIVERY="redirect",
            IMAGE_RAM_BUDGET_BYTES="1", IMGSVC_WIDTH_LADDER="perhaps", S3_ADDRESSING_STYLE="auto ",
        )  # fmt: skip
        assert sorted(f.partition(":")[0] for f in faults) == [
            "IMAGE_RAM_BUDGET_BYTES", "IMGSVC_CONNECTIONS", "IMGSVC_DELIVERY", "IMGSVC_MIN_TTL", "IMGSVC_READ_TIMEOUT",
            "IMGSVC_WIDTH_LADDER",
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("name", "value", "shape"),
        [
            ("IMGSVC_CONNECT_TO", "a.test", "host=address:port"),
            ("IMGSVC_CONNECT_TO", "a=b.test:80", "host=address:port"),
            ("IMGSVC_CONNECT_TO", "a=127.0.0.1", "host=address:port"),
            ("IMGSVC_CONNECT_TO", "a=127.0.0.1:0", "address:port"),
            ("IMGSVC_CONNECT_TO", "a=127.0.0.1:99999", "address:port"),
            ("IMGSVC_CONNECT_TO", "=1.2.3.4:80", "address:port"),
            ("IMGSVC_CONNECT_TO", "a=1.2.3.4:80,b", "'b' is not"), ("IMGSVC_TRUSTED_ORIGINS", "a:80", "host:port=CIDR"),
            ("IMGSVC_TRUSTED_ORIGINS", "a=10.0.0.0/8", "host:port=CIDR"), ("IMGSVC_TRUSTED_ORIGINS", "a:80=x", "=CIDR"),
            ("IMGSVC_TRUSTED_ORIGINS", "a:80=10.0.0.0/99", "host:port=CIDR"),
            ("IMGSVC_SITE_URL", "example.com", "http"),
            ("IMGSVC_SITE_URL", "ftp://example.com", "http"), ("IMGSVC_SITE_URL", "https://[x", "http"),
            ("IMGSVC_CDN_BASE_URL", "https://cdn.test/?a=1", "http"),
            ("IMGSVC_ALLOWED_HOSTS", "http://x.test", "*.suffix"),
            ("IMGSVC_ALLOWED_HOSTS", "a.test,*.", "*.suffix"), ("IMGSVC_ALLOWED_HOSTS", "a.test:80", "*.suffix"),
            ("IMGSVC_DELIVERY", "push", "must be bytes or redirect"), ("IMGSVC_FETCH_TIMEOUT", "inf", "finite"),
            ("IMGSVC_FETCH_TIMEOUT", "nan", "finite"), ("IMGSVC_WEBP_EFFORT", "7", "6"),
            ("IMGSVC_PORT", "65536", "65535"),
            ("IMGSVC_TRANSFORM_THREADS", "0", "must be above 0"), ("MAX_IMAGE_SIZE_BYTES", "50MB", "a whole number"),
            ("IMGSVC_STORE_MAX_BYTES", "0", "must be above 0"), ("IMGSVC_STORE_MAX_BYTES", "10GiB", "a whole number"),
            ("IMGSVC_REFRESH_COOLDOWN", "-1", "must be at least 0"), ("IMGSVC_AVIF_BUDGET", "nan", "finite"),
            ("IMGSVC_AVIF_BUDGET", "-0.1", "must be at least 0"),
            ("IMGSVC_TRUSTED_PROXIES", "proxy.internal", "networks or addresses"),
            ("IMGSVC_TRUSTED_PROXIES", "10.0.0.0/33", "such as 10.0.0.0/8"),
            ("IMGSVC_LOGO_GOOGLE_URL", "https://a.test/", "a template holds {domain}"),
            ("IMGSVC_LOGO_DUCKDUCKGO_URL", "https://{domain}/", "path or the query"),
            ("IMGSVC_LOGO_PROVIDERS", "google,bing", "'bing'"),
            ("IMGSVC_LOGO_PROVIDERS", "https://a.test/?token=t", "a template holds {domain}"),
            ("IMGSVC_LOGO_DEADLINE", "0", "must be above 0"),
            ("IMGSVC_TRUSTED_PROXIES", "10.0.0.0/8,10.1.2.3:80", "'10.1.2.3:80'"),
            ("S3_BUCKET", "pictures/of-mine", "such as pictures"), ("S3_BUCKET", "s3://pictures", "such as pictures"),
            ("S3_BUCKET", "arn:aws:s3 x", "an ARN"),
            ("S3_REGION", "a b", "such as eu-central-1"), ("S3_REGION", "eu_central", "such as eu-central-1"),
            ("S3_REGION", "-x", "such as eu-central-1"), ("S3_REGION", "7", "such as eu-central-1"),
            ("S3_ENDPOINT_URL", "http://my_minio:9000", "letters, digits, hyphens"),
            ("S3_ENDPOINT_URL", "http://b\u00fccher.test", "letters, digits, hyphens"),
            ("IMGSVC_REDIS_URL", "redis://:hunter2@a b/0", "with a valid host"),
            ("IMGSVC_REDIS_URL", "rediss://a..b", "with a valid host"),
        ],
    )  # fmt: skip
    def test_says_what_is_expected(self, name, value, shape):
        """A malformed value is answered by its name and the shape it should have."""
        faults = faults_of(**{name: value})
        assert len(faults) == 1
        assert faults[0].startswith(f"{name}: ")
        assert shape in faults[0]

    @pytest.mark.parametrize(
        ("given", "names"),
        [
            (("S3_ACCESS_KEY_ID",), ["S3_SECRET_ACCESS_KEY"]),
            (("S3_SECRET_ACCESS_KEY", "S3_SESSION_TOKEN"), ["S3_ACCESS_KEY_ID"]),
            (("S3_SESSION_TOKEN",), ["S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"]),
        ],
    )
    def test_half_a_key(self, given, names):
        """What is missing of a bucket's key is named; without a bucket nobody needs one."""
        environ = dict.fromkeys(given, "x")
        assert [f.partition(":")[0] for f in faults_of(S3_BUCKET="b", **environ)] == names
        assert Settings.from_env(environ).store.s3_bucket is None

    def test_passwords_are_not_repeated(self):
        """A fault never shows a value that may hold a secret."""
        for name in URLS:
            assert "hunter2" not in "".join(faults_of(**{name: "https://me:hunter2@x.test"}))

    @pytest.mark.parametrize("token", ["hunter2 x", "hunter2\nx", "hunter2\u00e9", "hunter2" * 1000])
    def test_what_no_header_can_carry_is_no_token(self, token):
        """A token that could never be sent ends the start, without being shown."""
        faults = faults_of(ASSETS_BEARER_TOKEN=token)
        assert faults[0].startswith("ASSETS_BEARER_TOKEN: not a bearer token")
        assert "hunter2" not in faults[0]

    @pytest.mark.parametrize(
        "url",
        [
            "assets.test", "ftp://a.test", "https://a.test?x=1", "https://-", "https://a%20b.test", "http://a b/",
            "https://www..example.com", "http://-x/", f"http://{'a' * 64}.test", "http://a.test:99999", "http://a..",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("name", URLS)
    def test_what_no_url_can_be_built_upon(self, name, url):
        """A URL that names no host that there could be, or more than can be built upon, is a fault of its setting."""
        assert faults_of(**{name: url})[0].startswith(f"{name}: not an http(s) URL")

    @pytest.mark.parametrize(
        "url",
        [
            "http://minio", "http://localhost:9000", "http://s3.internal:9000", "http://[::1]:9000/a", "http://10.0.0.1",
            "https://a.test.", "https://A.test:443/b/",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("name", URLS)
    def test_what_urls_can_be_built_upon(self, name, url):
        """Names without dots, ports, addresses of both families and a trailing dot are hosts, and kept as they are."""
        assert in_force(**{name: url})[name] == url

    @pytest.mark.parametrize(
        "url", ["redis://", "redis://me:a b@h_x:1/0", "rediss://[::1]:6379", "unix:///a b", "ftp://x"]
    )
    def test_what_is_left_to_redis(self, url):
        """Of a Redis' URL only the host is looked at here."""
        assert Settings.from_env({"IMGSVC_REDIS_URL": url}).cache.redis_url.reveal() == url


class TestLimits:
    """IMGSVC_RATE_LIMIT and IMGSVC_TRUSTED_PROXIES."""

    @pytest.mark.parametrize(("text", "count", "seconds"), [("5/7", 5, 7), (" 120 / 3600 ", 120, 3600), ("01/1", 1, 1)])
    def test_rate(self, text, count, seconds):
        """So many in so many seconds, shown as it would be written."""
        rate = Settings.from_env({"IMGSVC_RATE_LIMIT": text}).limits.rate_limit
        assert rate == RateLimit(count=count, period_seconds=seconds)
        assert in_force(IMGSVC_RATE_LIMIT=text)["IMGSVC_RATE_LIMIT"] == f"{count}/{seconds}"

    @pytest.mark.parametrize("text", ["0", " 0 ", "0/60"])
    def test_off(self, text):
        """A count of 0, with or without seconds, is no limit."""
        assert Settings.from_env({"IMGSVC_RATE_LIMIT": text}).limits.rate_limit.count == 0
        assert in_force(IMGSVC_RATE_LIMIT=text)["IMGSVC_RATE_LIMIT"] == "0"

    @pytest.mark.parametrize(
        "text", ["120", "120/", "/60", "120/0", "-1/60", "1.5/60", "1/2/3", "²/60", "many/60", "1234567890/1", "120 60"]
    )
    def test_no_rate(self, text):
        """Anything else is answered by the shape it should have."""
        assert faults_of(IMGSVC_RATE_LIMIT=text) == [
            f"IMGSVC_RATE_LIMIT: {text!r} is not COUNT/SECONDS, such as 120/60, or 0 for no limit"
        ]

    def test_trusted_proxies(self):
        """Networks and single addresses of both families; bits below a network's prefix do not matter."""
        text = "10.1.2.3/8, ::1,,2001:db8::/32"
        assert Settings.from_env({"IMGSVC_TRUSTED_PROXIES": text}).limits.trusted_proxies == (
            ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1/128"), ipaddress.ip_network("2001:db8::/32"),
        )  # fmt: skip
        assert in_force(IMGSVC_TRUSTED_PROXIES=text)["IMGSVC_TRUSTED_PROXIES"] == "10.0.0.0/8,::1/128,2001:db8::/32"


class TestSecrets:
    """Secrets are in no output."""

    ENVIRON = {  # noqa: RUF012 - a constant
        "IMGSVC_ADMIN_TOKEN": "hunter2", "IMGSVC_SIGNING_KEYS": "hunter2,hunter22",
        "IMGSVC_REDIS_URL": "redis://:hunter2@x",
        "S3_ACCESS_KEY_ID": "hunter2", "S3_SECRET_ACCESS_KEY": "hunter2", "S3_SESSION_TOKEN": "hunter2",
    }  # fmt: skip

    def test_masked(self):
        """They are shown as stars, in the list as in any representation."""
        settings = Settings.from_env(self.ENVIRON)
        shown = dict(settings.in_force())
        assert {shown[name] for name in self.ENVIRON} == {"***", "***,***"}
        assert "hunter2" not in repr(settings) + str(settings) + repr(shown)

    def test_readable_by_those_who_ask(self):
        """Order is kept: the first key signs."""
        keys = Settings.from_env(self.ENVIRON).access.signing_keys
        assert [k.reveal() for k in keys] == ["hunter2", "hunter22"]


def test_unknown_names():
    """A misspelt name is told with the nearest known one, other programs' names are not."""
    environ = {"IMGSVC_ALOWED_HOSTS": "*", "IMGSVC_PORT": "1", "IMGSVC_PROT": "", "PATH": "", "S3_WHAT": ""}
    assert list(unknown_names(environ)) == [
        ("IMGSVC_ALOWED_HOSTS", "IMGSVC_ALLOWED_HOSTS"), ("IMGSVC_PROT", "IMGSVC_PORT"),
    ]  # fmt: skip
