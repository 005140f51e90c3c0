"""Limits of made-up cgroups, and budgets fitted to them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.pressure.cgroup import fit_budget, fitting_notice, memory_limit_bytes
from imgsvc.settings import MIB, MemorySettings

GIB = 1024 * MIB


def machine(root: Path, memberships: str, files: dict[str, object]) -> Path:
    """Lay out what the kernel shows."""
    shown = {"proc/self/cgroup": memberships} | {f"sys/fs/cgroup/{name}": content for name, content in files.items()}
    for name, content in shown.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{content}\n")
    return root


@pytest.mark.parametrize(
    ("memberships", "files", "limit"),
    [
        ("0::/", {"memory.max": 512 * MIB}, 512 * MIB),
        ("0::/", {"memory.max": "max"}, None),
        ("0::/", {"memory.max": "nonsense"}, None),
        ("0::/", {"memory.max": 0}, None),
        ("0::/", {"memory.max": 1024 * GIB}, None),
        ("0::/", {"memory.max": 1024 * GIB - 1}, 1024 * GIB - 1),
        ("0::/", {}, None),
        ("0::/a/b", {"a/b/memory.max": 2 * GIB, "a/memory.max": GIB}, GIB),
        ("0::/a/b", {"a/b/memory.max": "max", "a/memory.max": GIB, "memory.max": 3 * GIB}, GIB),
        ("0::/system/outside", {"memory.max": GIB}, GIB),
        ("0::/../other", {"memory.max": GIB, "other/memory.max": 2 * GIB}, GIB),
        ("3:cpu,memory:/docker/1", {"memory/docker/1/memory.limit_in_bytes": GIB}, GIB),
        ("3:memory:/docker/1", {"memory/memory.limit_in_bytes": GIB}, GIB),
        ("3:memory:/", {"memory/memory.limit_in_bytes": 9223372036854771712}, None),
        ("3:cpuset:/a", {"memory/a/memory.limit_in_bytes": GIB}, None),
        ("4:memory:/a\n0::/b", {"memory/a/memory.limit_in_bytes": GIB, "b/memory.max": 2 * GIB}, GIB),
        ("0::/with:colon", {"with:colon/memory.max": GIB}, GIB),
        ("nonsense", {"memory.max": GIB}, None),
    ],
)
def test_limits(tmp_path, memberships, files, limit):
    """The smallest limit of a cgroup and those around it, of either version; what is no limit or no number is not."""
    assert memory_limit_bytes(machine(tmp_path, memberships, files)) == limit


def test_no_cgroups(tmp_path):
    """Where the kernel shows nothing there is no limit."""
    assert memory_limit_bytes(tmp_path) is None


def test_this_machine():
    """The real files are readable: a number below 1 TiB, or none."""
    limit = memory_limit_bytes()
    assert limit is None or 0 < limit < 1024 * GIB


@pytest.mark.parametrize(
    ("limit", "budget"), [(None, 512), (640, 512), (4096, 512), (639, 511.2), (320, 256), (20, 16)]
)
def test_budget(limit, budget):
    """A budget over 0.8 of the limit becomes that, below the smallest that may be set too; others stay."""
    fitted = fit_budget(MemorySettings(), limit and limit * MIB)
    assert fitted.budget_bytes == int(budget * MIB)
    assert (fitted.warning_bytes, fitted.critical_bytes) == (None, None)


def test_nothing_to_fit():
    """Settings that fit are given back as they are."""
    settings = MemorySettings()
    assert fit_budget(settings, 1024 * GIB) is settings


def test_thresholds_shrink_too():
    """Thresholds in bytes keep their place in the budget; what is no threshold stays."""
    settings = MemorySettings(warning_bytes=200 * MIB, critical_bytes=400 * MIB, cache_bytes=50 * MIB)
    fitted = fit_budget(settings, 320 * MIB)
    assert (fitted.warning_threshold_bytes, fitted.critical_threshold_bytes) == (100 * MIB, 200 * MIB)
    assert fitted.cache_bytes == 50 * MIB


@given(st.integers(64, 4096), st.integers(1, 8192), st.integers(1, 99), st.integers(1, 99))
def test_the_ladder_stays_in_order(budget_mib, limit_mib, low, high):
    """Whatever the limit, the budget's 120 % lie within it and the thresholds keep their order."""
    low, high = sorted((low, high + 1)) if low != high + 1 else (low, high + 2)
    budget = budget_mib * MIB
    settings = MemorySettings(
        budget_bytes=budget,
        warning_bytes=budget * low // 101,
        critical_bytes=budget * high // 101,
    )
    fitted = fit_budget(settings, limit_mib * MIB)
    assert fitted.budget_bytes * 120 // 100 <= max(limit_mib * MIB, 0)
    assert fitted.warning_threshold_bytes < fitted.critical_threshold_bytes <= fitted.budget_bytes


def test_the_notice():
    """One line with the figures before and after, and the variable to change."""
    wanted = MemorySettings()
    notice = fitting_notice(wanted, fit_budget(wanted, 320 * MIB), 320 * MIB)
    assert notice == (
        "IMAGE_RAM_BUDGET_BYTES is 512 MiB, more than 80 % of this cgroup's limit of 320 MiB: 256 MiB are used, with "
        "WARNING from 192 MiB and CRITICAL from 230 MiB"
    )
