"""The settings of this process's memory."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from imgsvc.settings.group import Group
from imgsvc.settings.setting import Env

MIB = 1024 * 1024


class MemorySettings(Group, frozen=True, kw_only=True):
    """What this process may hold."""

    IN_FORCE: ClassVar[Mapping[str, str]] = {
        "warning_bytes": "warning_threshold_bytes",
        "critical_bytes": "critical_threshold_bytes",
    }

    budget_bytes: Annotated[int, Env("IMAGE_RAM_BUDGET_BYTES", "What this process may use.", ge=64 * MIB)] = 512 * MIB
    warning_bytes: Annotated[
        int | None,
        Env(
            "MEMORY_WARNING_THRESHOLD", "Resident size at which the state is WARNING; unset: 75 % of the budget.", gt=0
        ),
    ] = None
    critical_bytes: Annotated[
        int | None,
        Env("MEMORY_CRITICAL_THRESHOLD", "Resident size at which it is CRITICAL; unset: 90 % of the budget.", gt=0),
    ] = None
    cache_bytes: Annotated[
        int | None,
        Env(
            "IMGSVC_CACHE_BYTES",
            "Capacity of the memory cache; 0 switches it off; unset: what leaves a full cache healthy.",
            ge=0,
        ),
    ] = None
    large_operation_bytes: Annotated[
        int, Env("IMGSVC_LARGE_OPERATION_BYTES", "Work estimated to need more is refused from state GUARD on.", gt=0)
    ] = 32 * MIB
    allocator: Annotated[
        Literal["auto", "jemalloc", "glibc", "system"],
        Env(
            "IMGSVC_ALLOCATOR",
            "How memory is allocated: jemalloc, glibc with settings of ours, or as the system has it; auto takes the "
            "first of them that is there.",
        ),
    ] = "auto"

    @property
    def warning_threshold_bytes(self) -> int:
        """The warning threshold in force."""
        return self.warning_bytes or self.budget_bytes * 75 // 100

    @property
    def critical_threshold_bytes(self) -> int:
        """The critical threshold in force."""
        return self.critical_bytes or self.budget_bytes * 90 // 100

    @property
    def guard_threshold_bytes(self) -> int:
        """80 % of the budget, or halfway between the other two where it would not lie between them."""
        guard = self.budget_bytes * 80 // 100
        if self.warning_threshold_bytes < guard < self.critical_threshold_bytes:
            return guard
        return (self.warning_threshold_bytes + self.critical_threshold_bytes) // 2

    @property
    def metadata_capacity_bytes(self) -> int:
        """The in-process metadata cache's capacity."""
        return min(50 * MIB, self.budget_bytes // 10)

    @property
    def gate_capacity_bytes(self) -> int:
        """What all decodes under way may be estimated to need together."""
        return self.budget_bytes * 15 // 100

    @property
    def transfer_capacity_bytes(self) -> int:
        """What bodies on their way from a source or to the store may hold together."""
        return self.budget_bytes * 8 // 100

    def contradictions(self) -> Iterator[str]:
        """The thresholds lie in order, and within the budget; the values are told, for some are set by nobody."""
        warning, critical, budget = self.warning_threshold_bytes, self.critical_threshold_bytes, self.budget_bytes
        if warning >= critical:
            yield f"MEMORY_WARNING_THRESHOLD: {warning} must be below MEMORY_CRITICAL_THRESHOLD, {critical}"
        if critical > budget:
            yield f"MEMORY_CRITICAL_THRESHOLD: {critical} must not be above IMAGE_RAM_BUDGET_BYTES, {budget}"
