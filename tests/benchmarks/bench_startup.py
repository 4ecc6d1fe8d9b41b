"""How long the window takes to show, and the command line to answer: medians of fresh processes."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.test_startup import LIMIT_S, ROOT, show_window

STARTS = 9


def main() -> int:
    """Print the figures; 1 when the median window takes longer than its second."""
    with tempfile.TemporaryDirectory() as home:
        show_window(Path(home))  # compiles what has never run here
        starts = [show_window(Path(home)) for _ in range(STARTS)]
    window = statistics.median(start["wall"] for start in starts)
    work = statistics.median(start["cpu"] for start in starts)
    print(f"window painted: {window:.2f} s on the clock, {work:.2f} s of work (limit {LIMIT_S:.1f} s)")
    for words in (["--version"], ["--help"], ["engines", "--json"]):
        print(f"mattelier {' '.join(words)}: {statistics.median(seconds(words) for _ in range(STARTS)):.2f} s")
    return int(window >= LIMIT_S)


def seconds(words: list[str]) -> float:
    """One call of the command line, start of Python included."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "editor", *words], cwd=ROOT, capture_output=True, check=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
