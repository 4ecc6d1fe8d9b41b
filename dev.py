#!/usr/bin/env python3
"""From a fresh checkout to a running program: python3 dev.py run [PHOTO] | test | lint | bench | screenshots | package

Needs Python 3.11 or newer and nothing else. Makes .venv beside this file, installs what pyproject.toml pins (again
only when that has changed), and starts the thing asked for.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - before any import that an older Python lacks
    sys.exit(f"Mattelier needs Python 3.11 or newer; this is {sys.version.split()[0]}. Start dev.py with a newer one.")

import argparse
import ctypes
import hashlib
import json
import os
import shutil
import subprocess
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "mattelier-installed.json"
DEMO = ROOT / "out" / "demo"

# Qt's libraries on Linux: what is loaded, and the package that brings it on Debian and Ubuntu.
QT_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxkbcommon.so.0": "libxkbcommon0",
}
QT_WINDOW_LIBRARIES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
PACMAN = (
    "libglvnd dbus fontconfig glib2 libxkbcommon libxkbcommon-x11 "
    "xcb-util-cursor xcb-util-wm xcb-util-image xcb-util-keysyms xcb-util-renderutil"
)


def main() -> int:
    """Read the command line and do what it says; the exit code is that of the thing started."""
    commands = "\n".join(f"  {name:<12} {text}" for name, (_, text) in COMMANDS.items())
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=f"commands:\n{commands}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND")
    args = parser.parse_args(sys.argv[1:2])  # what follows the command belongs to what it starts
    return COMMANDS[args.command][0](sys.argv[2:])


def run(words: list[str]) -> int:
    """Open the window, or cut out the demo where there is no display."""
    install()
    if has_display():
        if not ensure_qt_libraries(window=True):
            return 1
        return start("-m", "editor", *(words or ["--demo"]))
    print("There is no display, so the demo is cut out without a window.", flush=True)
    if words:
        print(f"For {words[0]} use: {PYTHON} -m editor cutout {words[0]} --trimap TRIMAP")
    return cut_out_demo()


def test(words: list[str]) -> int:
    """Run the tests, two at a time, with Qt drawing into memory."""
    install("test")
    if not ensure_qt_libraries(window=False):
        return 1
    parallel = (
        []
        if any(word in ("-n", "-s", "--pdb") or word.startswith("-n") for word in words)
        else ["-n", "2", "--dist", "loadscope"]
    )
    return start("-m", "pytest", *parallel, *words, QT_QPA_PLATFORM="offscreen", **one_thread_each())


def lint(words: list[str]) -> int:
    """Run ruff, the import contracts and pyright; all of them, even after one has complained."""
    install("lint")
    contracts = "import sys, importlinter.cli as cli; sys.exit(cli.lint_imports(no_cache=True, no_logo=True))"
    codes = [
        start("-m", "ruff", "check", *(words or ["."])),
        start("-c", contracts),
        start("-m", "pyright"),
    ]
    return max(codes)


def bench(words: list[str]) -> int:
    """Run the benchmarks, or those named."""
    install("bench")
    if not ensure_qt_libraries(window=False):
        return 1
    return start("-m", "tests.benchmarks", *words, QT_QPA_PLATFORM=os.environ.get("QT_QPA_PLATFORM", "offscreen"))


def screenshots(words: list[str]) -> int:
    """Draw the window into resources/pictures."""
    install()
    if not ensure_qt_libraries(window=False):
        return 1
    return start("-m", "tests.screenshots", *words, QT_QPA_PLATFORM="offscreen")


def package(words: list[str]) -> int:
    """Make a bundle that runs without Python, in dist/."""
    install("package")
    if not ensure_qt_libraries(window=False):
        return 1
    return start(str(ROOT / "packaging" / "build.py"), *words)


COMMANDS = {
    "run": (run, "open the window on a photo, or on the demo; without a display, cut out the demo"),
    "test": (test, "run the tests; words after it go to pytest"),
    "lint": (lint, "check style, import rules and types"),
    "bench": (bench, "measure speed, memory and quality; words after it name benchmarks"),
    "screenshots": (screenshots, "draw the window's pictures for the README"),
    "package": (package, "make a bundle that runs without Python"),
}


# --- the environment


def install(extra: str = "") -> None:
    """Make .venv if it is not there, and install the pinned dependencies if pyproject.toml asks for other ones.

    What one command needs beside the program itself comes with that command's first call.
    """
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    have = read_stamp()
    extras = set(have["extras"]) if have["hash"] == wanted else set()
    if PYTHON.exists() and have["hash"] == wanted and (not extra or extra in extras):
        return
    make_venv()
    extras |= {extra} if extra else set()
    target = f"{ROOT}[{','.join(sorted(extras))}]" if extras else str(ROOT)
    print(f"Installing what {repr(extra) if extra else 'the program'} needs; the first time takes minutes.", flush=True)
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--editable", target]
    if subprocess.run(command, check=False).returncode:
        sys.exit("The installation failed; pip's message above says why. Call dev.py again to go on from there.")
    STAMP.write_text(json.dumps({"hash": wanted, "extras": sorted(extras)}), "utf-8")


def read_stamp() -> dict:
    """What the last complete installation was for."""
    try:
        stamp = json.loads(STAMP.read_text("utf-8"))
        return {"hash": str(stamp["hash"]), "extras": list(stamp["extras"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {"hash": "", "extras": []}


def make_venv() -> None:
    """Make .venv, or leave a whole one as it is."""
    if (
        PYTHON.exists()
        and subprocess.run([str(PYTHON), "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0
    ):
        return
    print(f"Making {VENV.name} with Python {sys.version.split()[0]}.", flush=True)
    try:
        venv.EnvBuilder(with_pip=True, clear=VENV.exists(), symlinks=os.name != "nt").create(VENV)
    except (subprocess.CalledProcessError, OSError) as error:
        shutil.rmtree(VENV, ignore_errors=True)
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        sys.exit(f".venv could not be made ({error}). On Debian and Ubuntu: apt-get install python{version}-venv")


def start(*words: str, **environment: str) -> int:
    """Run .venv's Python in the checkout; its exit code."""
    try:
        return subprocess.run(
            [str(PYTHON), *words], cwd=ROOT, env={**os.environ, **environment}, check=False
        ).returncode
    except KeyboardInterrupt:
        return 130


def one_thread_each() -> dict[str, str]:
    """Two test processes on two cores need no threads of their own."""
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    return {name: os.environ.get(name, "1") for name in names}


# --- display and Qt's libraries


def has_display() -> bool:
    """True where a window can be shown; on Linux somebody must have said where."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def ensure_qt_libraries(window: bool) -> bool:
    """On Linux, make sure that Qt's libraries can be loaded: install them as root, else print the one command."""
    if not sys.platform.startswith("linux"):
        return True
    needed = {**QT_LIBRARIES, **QT_WINDOW_LIBRARIES} if window else QT_LIBRARIES
    missing = [name for name in needed if not loads(name)]
    if not missing:
        return True
    packages = [needed[name] for name in missing]
    if shutil.which("apt-get") and os.geteuid() == 0:
        print(f"Installing {', '.join(packages)}, which Qt needs.", flush=True)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], env=quiet, check=False)
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], env=quiet, check=False
        )
        missing = [name for name in missing if not loads(name)]
    if missing:
        print(
            f"Qt needs {', '.join(missing)}. Install them with:\n  {install_command(missing, packages)}",
            file=sys.stderr,
        )
    return not missing


def loads(library: str) -> bool:
    """True where the system finds the library."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def install_command(missing: list[str], packages: list[str]) -> str:
    """The one command that brings the missing libraries on this Linux."""
    by_name = " ".join(f"'{name}()(64bit)'" for name in missing)
    commands = {
        "apt-get": f"sudo apt-get install {' '.join(packages)}",
        "dnf": f"sudo dnf install {by_name}",
        "zypper": f"sudo zypper install {by_name}",
        "pacman": f"sudo pacman -S --needed {PACMAN}",
    }
    return next((text for tool, text in commands.items() if shutil.which(tool)), commands["apt-get"])


# --- without a display


def cut_out_demo() -> int:
    """Draw the demo, cut it out, measure the matte; says where the files lie and how good they are."""
    cut_out, matte = DEMO / "demo_cutout.png", DEMO / "demo_matte.png"
    photo, trimap, truth = DEMO / "demo.png", DEMO / "demo_trimap.png", DEMO / "demo_alpha.png"
    steps = [
        ["demo", "--output", str(DEMO), "--overwrite"],
        ["cutout", str(photo), "--trimap", str(trimap), "--output", str(cut_out), "--matte", str(matte), "--overwrite"],
        ["evaluate", "--alpha", str(matte), "--truth", str(truth), "--trimap", str(trimap)],
    ]
    for step in steps:
        code = start("-m", "editor", *step)
        if code:
            return code
    print(f"The files lie in {DEMO}; the figures compare {matte.name} with the true {truth.name}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
