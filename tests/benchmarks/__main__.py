"""``python -m tests.benchmarks [NAME...]``: runs bench_NAME.py, or all, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent.parent


def main(words: list[str]) -> int:
    """Run the benchmarks named, in the order given, or all; 0 when each of them ended well."""
    known = {file.stem.removeprefix("bench_"): file for file in sorted(FOLDER.glob("bench_*.py"))}
    unknown = [word for word in words if word not in known]
    if unknown or "--list" in words:
        print(f"There is no benchmark {', '.join(unknown)}; choose from {', '.join(known)}.", file=sys.stderr)
        return 2
    codes = [run(name, known[name]) for name in words or known]
    return max(codes, default=0)


def run(name: str, file: Path) -> int:
    """One benchmark in a fresh process, so that its memory is its own and nothing is warm that should be cold."""
    print(f"\n== {name}", flush=True)
    started = time.monotonic()
    code = f"from tests.benchmarks.{file.stem} import main; import sys; sys.exit(main())"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    print(f"== {name}: {time.monotonic() - started:.0f} s", flush=True)
    return result.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
