"""How much memory the machine can give without swapping."""

from __future__ import annotations

import os
from pathlib import Path

_WHERE_UNKNOWN_BYTES = 2 * 1024**3


def free_bytes() -> int:
    """The bytes that are free for programs; where the machine does not say, half of what is built in."""
    try:
        for line in Path("/proc/meminfo").read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass  # not Linux
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return _WHERE_UNKNOWN_BYTES
