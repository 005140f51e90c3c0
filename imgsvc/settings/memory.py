"""The settings of this process's memory."""

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from imgsvc.settings.values import Frozen, OptionalInt, env

MIB = 1024 * 1024


class MemorySettings(Frozen):
    """What this process may hold."""

    IN_FORCE: ClassVar[Mapping[str, str]] = {
        "warning_bytes": "warning_threshold_bytes",
        "critical_bytes": "critical_threshold_bytes",
    }

    budget_bytes: int = env("IMAGE_RAM_BUDGET_BYTES", 512 * MIB, "What this process may use.", ge=64 * MIB)
    warning_bytes: OptionalInt = env(
        "MEMORY_WARNING_THRESHOLD",
        None,
        "Resident size at which the state is WARNING; unset: 75 % of the budget.",
        gt=0,
    )
    critical_bytes: OptionalInt = env(
        "MEMORY_CRITICAL_THRESHOLD", None, "Resident size at which it is CRITICAL; unset: 90 % of the budget.", gt=0
    )
    cache_bytes: OptionalInt = env(
        "IMGSVC_CACHE_BYTES",
        None,
        "Capacity of the memory cache; 0 switches it off; unset: what leaves a full cache healthy.",
        ge=0,
    )
    large_operation_bytes: int = env(
        "IMGSVC_LARGE_OPERATION_BYTES", 32 * MIB, "Work estimated to need more is refused from state GUARD on.", gt=0
    )
    allocator: Literal["auto", "jemalloc", "glibc", "system"] = env(
        "IMGSVC_ALLOCATOR",
        "auto",
        "How memory is allocated: jemalloc, glibc with settings of ours, or as the system has it; auto takes the first "
        "of them that is there.",
    )

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

    @model_validator(mode="after")
    def _thresholds_in_order(self) -> Self:
        faults = []
        if self.warning_threshold_bytes >= self.critical_threshold_bytes:
            faults.append("MEMORY_WARNING_THRESHOLD: must be below MEMORY_CRITICAL_THRESHOLD")
        if self.critical_threshold_bytes > self.budget_bytes:
            faults.append("MEMORY_CRITICAL_THRESHOLD: must not be above IMAGE_RAM_BUDGET_BYTES")
        if faults:
            raise ValueError("\n".join(faults))
        return self
