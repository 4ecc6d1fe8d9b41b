"""How much memory the program uses, without a library for it."""

from __future__ import annotations

import sys
from pathlib import Path


def used_bytes() -> int:
    """Bytes of memory that the process holds now; 0 where the system does not say."""
    if sys.platform.startswith("linux"):
        return _linux()
    if sys.platform == "win32":
        return _windows()
    return _peak()


def _linux() -> int:
    import resource

    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * resource.getpagesize()


def _windows() -> int:
    import ctypes
    from ctypes import wintypes

    class Counters(ctypes.Structure):
        _fields_ = [("cb", wintypes.DWORD), ("faults", wintypes.DWORD)] + [
            (name, ctypes.c_size_t) for name in ("peak", "used", "a", "b", "c", "d", "pagefile", "peak_pagefile")
        ]

    counters = Counters()
    counters.cb = ctypes.sizeof(counters)
    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined]
    kernel.GetCurrentProcess.restype = wintypes.HANDLE
    read = kernel.K32GetProcessMemoryInfo
    read.argtypes = [wintypes.HANDLE, ctypes.POINTER(Counters), wintypes.DWORD]
    return int(counters.used) if read(kernel.GetCurrentProcess(), ctypes.byref(counters), counters.cb) else 0


def _peak() -> int:
    """macOS tells only the most that was ever in use."""
    import resource

    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
