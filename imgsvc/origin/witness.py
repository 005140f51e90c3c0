"""What the breaker learns from one fetch: of each hop once, and only what the source itself has done."""

from imgsvc.origin.breaker import Breaker, Trial
from imgsvc.origin.connector import Attempt
from imgsvc.origin.failures import promises_body

# Not a name that does not resolve: whoever may ask for any host below a domain can make up as many as he likes.
_FAILURES = frozenset(("OriginTimeout", "OriginUnreachable"))
_SERVER_ERROR = 500


class Witness:
    """
    Follows a fetch from hop to hop; what it says of one counts for that hop's domain.

    Args:
        breaker: told, and asked before each request.
    """

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker
        self._attempt: Attempt | None = None
        self._trial: Trial | None = None

    @property
    def host(self) -> str:
        """The host of the hop that was asked last; empty = none was."""
        return self._attempt.hop.host if self._attempt is not None else ""

    def begins(self, attempt: Attempt) -> None:
        """
        Ask for a request that is about to be sent.

        Raises:
            CircuitOpen: it may not be.
        """
        self._attempt = attempt
        self._trial = self._breaker.admit(attempt.hop.host)

    def answered(self, status: int) -> None:
        """Judge an answer by its status; one with a body to be read is judged by its end."""
        if status >= _SERVER_ERROR:
            self._fail()
        elif not promises_body(status):
            self._succeed()

    def ended(self, outcome: str) -> None:
        """
        Judge the hop that the fetch ended at, unless its answer was judged already.

        Args:
            outcome: as counted by the fetcher; what is neither the source's success nor its failure says nothing.
        """
        if outcome == "ok":
            self._succeed()
        elif outcome in _FAILURES and not self._is_our_own_queue(outcome):
            self._fail()

    def _is_our_own_queue(self, outcome: str) -> bool:
        """Whether too little time was left because all connections allowed for the host were in use."""
        return outcome == "OriginTimeout" and self._attempt is not None and self._attempt.queued

    def _succeed(self) -> None:
        trial, self._trial = self._trial, None
        if trial is not None:
            self._breaker.succeeded(trial)

    def _fail(self) -> None:
        trial, self._trial = self._trial, None
        if trial is not None:
            self._breaker.failed(trial)
