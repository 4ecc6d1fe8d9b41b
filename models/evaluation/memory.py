"""The peak memory of this process while one thing is done, measured as well as the system allows, and how, in words."""

from __future__ import annotations

import contextlib
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

_SELF = Path("/proc/self")
_EVERY_S = 0.005
_KIB = 1024
_MIB = 1024 * 1024
_SLACK = 8 * _MIB


@dataclass(frozen=True)
class Memory:
    """Resident memory in MiB: what the process held before, the most it held meanwhile, and how that was measured."""

    before_mib: float
    peak_mib: float
    how: str


class MemoryMeter:
    """``with MemoryMeter() as meter: ...``, then ``meter.memory``. The graphics card's memory is not counted.

    On Linux the kernel's own high-water mark is set back and read; where it may not be, resident memory is sampled.
    Elsewhere only the peak since the process began is to be had, and ``how`` says so.
    """

    memory = Memory(0.0, 0.0, "not measured")

    def __enter__(self) -> MemoryMeter:
        """Begin to measure."""
        self._marked = _forget_peak()
        self._before = _now() if _SELF.is_dir() else _peak_so_far()
        self._most, self._done = self._before, threading.Event()
        self._sampler: threading.Thread | None = None
        if not self._marked and _SELF.is_dir():
            self._sampler = threading.Thread(target=self._sample, name="memory", daemon=True)
            self._sampler.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End; ``memory`` holds what was found, also when the work failed."""
        self._done.set()
        if self._sampler is not None:
            self._sampler.join()
            peak, how = self._most, f"the most of samples every {_EVERY_S * 1000:.0f} ms while the engine ran"
        elif self._marked:
            peak, how = _high_water(), "the kernel's high-water mark of the process while the engine ran"
        else:
            peak, how = _peak_so_far(), "the process's peak since it began"
        self.memory = Memory(self._before / _MIB, max(peak, self._before) / _MIB, how)

    def _sample(self) -> None:
        while not self._done.wait(_EVERY_S):
            self._most = max(self._most, _now())


def _forget_peak() -> bool:
    """Set the kernel's high-water mark back to what is held now; False where that may not be done."""
    with contextlib.suppress(OSError):
        (_SELF / "clear_refs").write_text("5")
        return 0 < _high_water() <= _now() + _SLACK  # a sandbox may take the order and not follow it
    return False


def _high_water() -> int:
    for line in (_SELF / "status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * _KIB
    return 0


def _now() -> int:
    import os

    return int((_SELF / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _peak_so_far() -> int:
    """The most that the process ever held, in bytes."""
    if sys.platform == "win32":
        return _peak_on_windows()
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * _KIB


def _peak_on_windows() -> int:
    """PeakWorkingSetSize of Windows' process memory counters. Written from the documentation, not yet run there."""
    import ctypes

    class Counters(ctypes.Structure):
        _fields_ = [
            ("size", ctypes.c_uint32),
            ("faults", ctypes.c_uint32),
            ("peak", ctypes.c_size_t),
            ("others", ctypes.c_size_t * 7),
        ]

    counters = Counters(size=ctypes.sizeof(Counters))
    kernel = getattr(ctypes, "WinDLL")("kernel32")  # noqa: B009 - not there on other systems
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    kernel.K32GetProcessMemoryInfo.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32]
    kernel.K32GetProcessMemoryInfo(kernel.GetCurrentProcess(), ctypes.byref(counters), counters.size)
    return int(counters.peak)
