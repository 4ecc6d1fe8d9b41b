"""Tries a bundle out somewhere else: check_bundle.py dist/mattelier.

Copies it to a temporary folder, where nothing of the checkout or of .venv is in reach, and runs it there with an empty
home: it must say its version, find its plugins, cut out the demo, and open the window (on Linux under Xvfb where that
is installed, else drawn into memory).
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PATIENCE_S = 60.0
WORST_MSE = 0.03
BROUGHT = ("fusion", "pspm-small")
"""The engines whose weights come along."""


def main(bundle: Path) -> int:
    """All checks; ends with a sentence at the first that fails."""
    with tempfile.TemporaryDirectory(prefix="mattelier bundle ") as place:
        copy = Path(place) / "elsewhere" / bundle.name
        shutil.copytree(bundle, copy, symlinks=True)
        program = copy / ("mattelier.exe" if os.name == "nt" else "mattelier")
        environment = clean_environment(Path(place) / "home")
        check_command_line(program, environment, Path(place))
        check_window(program, environment, Path(place) / "demo.png")
    return 0


def clean_environment(home: Path) -> dict[str, str]:
    """The environment of somebody who has neither Python nor this checkout."""
    dropped = ("PYTHON", "VIRTUAL_ENV", "QT_", "LD_LIBRARY_PATH", "MATTELIER")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return {**kept, "MATTELIER_HOME": str(home)}


def check_command_line(program: Path, environment: dict[str, str], place: Path) -> None:
    """Version, plugins, and a cut-out that is near the truth."""
    started = time.perf_counter()
    version = output_of(program, environment, "--version")
    print(f"{version.strip()}: started in {time.perf_counter() - started:.2f} s")
    engines = json.loads(output_of(program, environment, "engines", "--json"))
    print(f"engines: {', '.join(engine['name'] for engine in engines)}")
    ready = {engine["name"] for engine in engines if not engine["missing"]}
    lacking = [name for name in BROUGHT if name not in ready]
    if lacking:
        sys.exit(f"weights are missing: {', '.join(lacking)} cannot run")
    output_of(program, environment, "demo", "--output", place, "--size", "800x600")
    photo, trimap, matte = place / "demo.png", place / "demo_trimap.png", place / "matte.png"
    words = ("--trimap", trimap, "--matte", matte, "--background", "#336699", "--output", place / "new.png", "--json")
    facts = json.loads(output_of(program, environment, "cutout", photo, *words))
    measured = ("--alpha", matte, "--truth", place / "demo_alpha.png", "--trimap", trimap, "--json")
    mse = json.loads(output_of(program, environment, "evaluate", *measured))["mse"]
    print(f"cut out with {facts['engine']} in {facts['seconds']:.1f} s, MSE {mse:.4f}")
    if mse > WORST_MSE:
        sys.exit(f"the matte is wrong: MSE {mse:.4f}, at most {WORST_MSE} is right")


def output_of(program: Path, environment: dict[str, str], *words: object) -> str:
    """What a command prints; ends the check where it fails or says that a plugin did not load."""
    result = subprocess.run(
        [str(program), *map(str, words)], env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    if result.returncode or "not loaded" in result.stderr:
        sys.exit(f"{program.name} {words[0]} failed ({result.returncode}):\n{result.stdout}{result.stderr}")
    return result.stdout


def check_window(program: Path, environment: dict[str, str], photo: Path) -> None:
    """The window opens on a photo and stays open."""
    if not sys.platform.startswith("linux") or not (shutil.which("Xvfb") and shutil.which("xwininfo")):
        return watch(program, {**environment, "QT_QPA_PLATFORM": "offscreen"}, photo, display=None)
    reader, writer = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"],
        pass_fds=[writer],
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    with os.fdopen(reader) as answer:
        display = f":{answer.readline().strip()}"
    try:
        watch(program, {**environment, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}, photo, display)
    finally:
        server.terminate()
        server.wait()
    return None


def watch(program: Path, environment: dict[str, str], photo: Path, display: str | None) -> None:
    """Start the program, wait for its window (a few seconds where windows cannot be listed), look into its log."""
    log = Path(environment["MATTELIER_HOME"]) / "data" / "mattelier.log"
    started = time.perf_counter()
    process = subprocess.Popen([str(program), str(photo)], env=environment, stderr=subprocess.PIPE, text=True)
    try:
        while process.poll() is None and time.perf_counter() - started < (PATIENCE_S if display else 8):
            if display and photo.stem in titles(display):
                print(f"window on the X display after {time.perf_counter() - started:.2f} s")
                time.sleep(3)  # long enough for an error that comes with the first tiles
                break
            time.sleep(0.05)
        else:
            if display or process.poll() is not None:
                sys.exit(f"no window: exit code {process.poll()}\n{log.read_text('utf-8') if log.exists() else ''}")
            print("the program stays open (drawn into memory)")
        text = log.read_text("utf-8")
        if "Traceback" in text or process.poll() is not None:
            sys.exit(f"the window had trouble:\n{text}")
        if display and os.environ.get("MATTELIER_PICTURE"):
            subprocess.run(["xwd", "-root", "-display", display, "-out", os.environ["MATTELIER_PICTURE"]], check=False)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_S)


def titles(display: str) -> str:
    """The names of all windows on an X display."""
    command = ["xwininfo", "-root", "-tree", "-display", display]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
