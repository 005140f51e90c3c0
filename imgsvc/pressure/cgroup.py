"""What the kernel lets this process use, and the budget fitted to it."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from msgspec.structs import replace

from imgsvc.settings import MIB, MemorySettings

NO_LIMIT_BYTES = 1024 * 1024 * MIB
"""A limit from here on is none: version 1 of the interface says "no limit" with a number of nineteen digits."""

USABLE_TENTHS = 8
"""The budget's largest share of the limit, in tenths: 120 % of such a budget is still below the limit."""


def memory_limit_bytes(root: Path = Path("/")) -> int | None:
    """
    Read the smallest memory limit of this process's cgroup and of those around it, in either version.

    Reads a few files of the kernel's: for start-up or a thread, not for the loop.

    Args:
        root: where ``proc`` and ``sys`` are found.

    Returns:
        Bytes; None when there is no limit, or none below 1 TiB, or none that can be read.
    """
    limits = [limit for file in _limit_files(root) if (limit := _number(file)) is not None]
    return min((limit for limit in limits if 0 < limit < NO_LIMIT_BYTES), default=None)


def fit_budget(settings: MemorySettings, limit_bytes: int | None) -> MemorySettings:
    """
    Lower a budget above 0.8 × *limit_bytes* to that, and thresholds given in bytes by the same factor.

    So that the highest rung of the ladder, 120 % of the budget, is reached before the kernel kills the process.

    Returns:
        The very *settings* when nothing has to change.
    """
    old_bytes = settings.budget_bytes
    new_bytes = old_bytes if limit_bytes is None else limit_bytes * USABLE_TENTHS // 10
    if new_bytes >= old_bytes:
        return settings

    def shrunk(threshold_bytes: int | None) -> int | None:
        # Never 0, which would mean "not set".
        return None if threshold_bytes is None else max(1, threshold_bytes * new_bytes // old_bytes)

    return replace(
        settings,
        budget_bytes=new_bytes,
        warning_bytes=shrunk(settings.warning_bytes),
        critical_bytes=shrunk(settings.critical_bytes),
    )


def fitting_notice(wanted: MemorySettings, fitted: MemorySettings, limit_bytes: int) -> str:
    """Give the one line to log when :func:`fit_budget` changed something."""
    budget, warning, critical = (
        f"{size_bytes / MIB:.0f} MiB"
        for size_bytes in (fitted.budget_bytes, fitted.warning_threshold_bytes, fitted.critical_threshold_bytes)
    )
    return (
        f"IMAGE_RAM_BUDGET_BYTES is {wanted.budget_bytes / MIB:.0f} MiB, more than 80 % of this cgroup's limit of "
        f"{limit_bytes / MIB:.0f} MiB: {budget} are used, with WARNING from {warning} and CRITICAL from {critical}"
    )


def _limit_files(root: Path) -> Iterator[Path]:
    """
    Name the files that may hold a limit.

    A container often sees its own cgroup as the root of the tree while the kernel calls it by its path in the host's;
    then only the root is there, and the other names lead nowhere.
    """
    tree = root / "sys/fs/cgroup"
    for controllers, path in _memberships(root / "proc/self/cgroup"):
        if not controllers:
            yield from (tree / folder / "memory.max" for folder in _upwards(path))
        elif "memory" in controllers.split(","):
            yield from (tree / "memory" / folder / "memory.limit_in_bytes" for folder in _upwards(path))


def _memberships(file: Path) -> Iterator[tuple[str, str]]:
    """Give controllers and path of each line ``id:controllers:path``; version 2 is the line without controllers."""
    try:
        lines = file.read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for line in lines:
        fields = line.split(":", 2)
        if len(fields) == 3:  # noqa: PLR2004 - see above
            yield fields[1], fields[2]


def _upwards(path: str) -> Iterator[PurePosixPath]:
    """Give *path* and the folders around it, relative to the tree; what lies outside of the tree cannot be seen."""
    inside = PurePosixPath(*(part for part in PurePosixPath(path).parts if part not in {"/", ".."}))
    yield inside
    yield from inside.parents


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):  # "max" is not a number either
        return None
