"""
The service without its gate and without refusals: what ``bench.memory`` compares the real one with.

Everything else is as it is, evictions under pressure included. No setting does this; that is why it is a program.
"""

import os
import resource

from imgsvc.pressure.admission import Admission, Work
from imgsvc.pressure.gate import ByteGate, Permit

ADDRESS_SPACE_BYTES = 12 << 30
"""So that it cannot take the machine with it."""


class OpenGate(ByteGate):
    """Counts as the real one does, and lets everybody in at once."""

    async def admit(self, size_bytes: int) -> Permit:
        """Let in."""
        return self._permit(size_bytes)

    def could_admit(self, size_bytes: int) -> bool:
        """Let in whatever comes."""
        del size_bytes
        return True


class OpenAdmission(Admission):
    """Refuses nothing at any level."""

    def check(self, work: Work) -> None:
        """Let pass."""


def main() -> None:
    """Run the command line with both in place."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))
    os.environ.setdefault("VIPS_CONCURRENCY", "1")  # before what follows loads libvips
    from imgsvc import cli
    from imgsvc.app import parts

    parts.ByteGate = OpenGate
    parts.Admission = OpenAdmission
    cli.main()


if __name__ == "__main__":
    main()
