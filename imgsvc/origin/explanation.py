"""Why a URL may be fetched or not, rule by rule; for ``imgsvc check-url``, while the policy alone decides."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from ipaddress import ip_address

from msgspec import Struct

from imgsvc.errors import ImgsvcError, SchemeNotAllowed, UserinfoNotAllowed
from imgsvc.model.hosts import normalise_url
from imgsvc.origin.addresses import Refusal
from imgsvc.origin.policy import WEB_PORTS, Hop, SourcePolicy
from imgsvc.settings import AccessSettings, OriginSettings

UNRESOLVABLE = "the name has no address"
_NAME_IT = "IMGSVC_TRUSTED_ORIGINS or IMGSVC_CONNECT_TO"


class Outcome(StrEnum):
    """What a rule says: yes, no, nothing before the fetch itself, or nothing that decides."""

    PASSED = "passed"
    DENIED = "denied"
    OPEN = "open"
    NOTE = "note"


class Step(Struct, frozen=True):
    """One rule: its name, what it says, and why, with the setting that would change it."""

    rule: str
    outcome: Outcome
    detail: str


class Explanation(Struct, frozen=True):
    """
    What became of a URL, and why.

    Attributes:
        url: in normal form; None = it is none.
        allowed: whether anybody may have it fetched.
        rule: the one that decided, in a few words.
        steps: all rules, in the order in which they are asked; of those that deny the first decides.
    """

    url: str | None
    allowed: bool
    rule: str
    steps: tuple[Step, ...]


class Explainer:
    """
    Asks a policy rule by rule.

    Args:
        policy: decides.
        access: whose list, and whose keys, it goes by.
        origin: what it lets lie at private addresses.
    """

    def __init__(self, policy: SourcePolicy, access: AccessSettings, origin: OriginSettings) -> None:
        self._policy = policy
        self._access = access
        self._origin = origin

    def explain(self, text: str, found: Sequence[str] | None = None) -> Explanation:
        """
        Explain what becomes of an unsigned request for *text*, a URL.

        Args:
            text: as a client would name it.
            found: addresses that its host has now; None = they were not looked up, and decide nothing.
        """
        try:
            url = normalise_url(text)
        except ImgsvcError as error:
            return explain_fault(error)
        hop = self._policy.hop(url)
        verdict = self._policy.judge(url, signed=False)
        steps = (*_form(hop), *self._steps(hop), *self._addresses(hop, found))
        allowed, rule = verdict.allowed, verdict.rule
        if allowed and found is not None and (reason := self._refused(hop, found)) is not None:
            allowed, rule = False, f"address ({reason})"
        return Explanation(url, allowed, rule, steps)

    def explain_stored(self, url: str) -> Explanation:
        """Explain what becomes of an unsigned request for an object of the store; *url* is its ``s3://KEY``."""
        is_listed = self._access.allowed_hosts.store
        outcome = Outcome.PASSED if is_listed else Outcome.DENIED
        detail = "has store:" if is_listed else "has no item store: - add it, or sign requests"
        listed = Step("allow list", outcome, f"IMGSVC_ALLOWED_HOSTS {detail}")
        steps = (Step("scheme", Outcome.PASSED, "a key of the store"), listed, self._signature())
        rule = "IMGSVC_ALLOWED_HOSTS (store:)" if is_listed else "IMGSVC_ALLOWED_HOSTS"
        return Explanation(url, allowed=is_listed, rule=rule, steps=steps)

    def looks_up(self, text: str) -> str | None:
        """Give the host whose addresses decide; None = *text* is no URL, has an address, or leads to a set one."""
        try:
            hop = self._policy.hop(normalise_url(text))
        except ImgsvcError:
            return None
        return None if self._is_settled(hop) else hop.host

    def _steps(self, hop: Hop) -> Iterator[Step]:
        """Give the rules between the URL's form and its addresses."""
        where = f"{hop.host}:{hop.port}"
        if self._policy.own.owns(hop.host, hop.port):
            yield Step("loop guard", Outcome.DENIED, f"{where} is this service itself (IMGSVC_HOST, IMGSVC_PORT)")
        else:
            yield Step("loop guard", Outcome.PASSED, f"{where} is not this service")
        yield self._listed(hop.host)
        yield self._signature()
        yield self._port(hop)

    def _listed(self, host: str) -> Step:
        if (item := self._access.allowed_hosts.match(host)) is not None:
            return Step("allow list", Outcome.PASSED, f"IMGSVC_ALLOWED_HOSTS has {item}")
        detail = f"no item of IMGSVC_ALLOWED_HOSTS covers {host}: add it, or sign requests"
        return Step("allow list", Outcome.DENIED, detail)

    def _signature(self) -> Step:
        if self._access.signing_keys:
            return Step("signature", Outcome.NOTE, "IMGSVC_SIGNING_KEYS is set: a signed request needs no list")
        return Step("signature", Outcome.NOTE, "IMGSVC_SIGNING_KEYS is not set: nothing can be signed")

    def _port(self, hop: Hop) -> Step:
        if not self._policy.is_port_allowed(hop):
            ports = ", ".join(map(str, sorted(WEB_PORTS)))
            return Step("port", Outcome.DENIED, f"{hop.port} is not {ports}; name {hop.host}:{hop.port} in {_NAME_IT}")
        return Step("port", Outcome.PASSED, f"{hop.port}" if hop.port in WEB_PORTS else f"{hop.port}, which is named")

    def _addresses(self, hop: Hop, found: Sequence[str] | None) -> Iterator[Step]:
        """Say where the host may lie, and where it does."""
        for item in self._origin.trusted_origins:
            if (item.host, item.port) == (hop.host, hop.port):
                yield Step("trusted origin", Outcome.NOTE, f"IMGSVC_TRUSTED_ORIGINS lets it lie in {item.network}")
        if (target := self._policy.target(hop.host)) is not None:
            detail = f"IMGSVC_CONNECT_TO leads to {target.address} port {target.port}, whatever its port"
            yield Step("address", Outcome.PASSED, detail)
        elif self._is_settled(hop):
            yield _address(hop.host, self._policy.literal_refusal(hop))
        elif found is None:
            yield Step("address", Outcome.OPEN, "judged when it is fetched; --resolve looks it up now")
        elif not found:
            yield Step("address", Outcome.DENIED, UNRESOLVABLE)
        else:
            yield from (_address(text, self._peer(hop, text)) for text in found)

    def _is_settled(self, hop: Hop) -> bool:
        """Whether no look-up says where the host is: it is an address, or IMGSVC_CONNECT_TO leads elsewhere."""
        is_address = hop.literal is not None or self._policy.literal_refusal(hop) is not None
        return is_address or self._policy.target(hop.host) is not None

    def _refused(self, hop: Hop, found: Sequence[str]) -> str | None:
        """Say why none of the addresses may be reached; None = one may: others are passed over."""
        if self._is_settled(hop):
            return None
        reasons = [self._peer(hop, text) for text in found]
        return None if None in reasons else str(next(iter(reasons), UNRESOLVABLE))

    def _peer(self, hop: Hop, text: str) -> Refusal | None:
        return self._policy.may_reach(hop, ip_address(text), hop.port)


def explain_fault(error: ImgsvcError) -> Explanation:
    """Explain what becomes of a text that *error* says is no source."""
    return Explanation(None, allowed=False, rule=error.detail, steps=_fault(error))


def _fault(error: ImgsvcError) -> tuple[Step, ...]:
    """Say which rule for its form a text breaks that is no URL a source may have."""
    if isinstance(error, SchemeNotAllowed):
        return (Step("scheme", Outcome.DENIED, error.detail),)
    if isinstance(error, UserinfoNotAllowed):
        scheme = Step("scheme", Outcome.PASSED, "http or https")
        return (scheme, Step("user info", Outcome.DENIED, error.detail))
    return (Step("URL", Outcome.DENIED, error.detail),)


def _form(hop: Hop) -> tuple[Step, ...]:
    """Give the rules for a URL's form, all of which it keeps."""
    texts = {"scheme": hop.scheme, "user info": "none", "host": hop.host}
    return tuple(Step(rule, Outcome.PASSED, text) for rule, text in texts.items())


def _address(text: str, reason: Refusal | None) -> Step:
    if reason is None:
        return Step("address", Outcome.PASSED, f"{text} may be reached")
    return Step("address", Outcome.DENIED, f"{text} is not public ({reason}); if that is meant, name it in {_NAME_IT}")
