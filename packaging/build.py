"""Makes dist/mattelier, a folder that runs without Python, and tries it out: ``python dev.py package``.

build.py              build and check
build.py --no-check   build only
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BUILD = ROOT / "build"
BUNDLE = ROOT / "dist" / "mattelier"


def main(words: list[str]) -> int:
    """Draw the icons, run PyInstaller, say how large the result is, check it; the exit code."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    run(HERE / "draw_icons.py", ROOT / "resources" / "icons" / "app.svg", BUILD / "icons")
    if sys.platform == "win32":
        write_version_info(BUILD / "version_info.txt")
    started = time.monotonic()
    places = ["--distpath", ROOT / "dist", "--workpath", BUILD / "pyinstaller"]
    run("-m", "PyInstaller", "--noconfirm", "--log-level", "WARN", *places, HERE / "editor.spec")
    size = sum(file.stat().st_size for file in BUNDLE.rglob("*") if file.is_file() and not file.is_symlink())
    print(f"{BUNDLE}: {size / 1e6:.0f} MB, built in {time.monotonic() - started:.0f} s", flush=True)
    if "--no-check" not in words:
        run(HERE / "check_bundle.py", BUNDLE)
    return 0


def run(*words: object) -> None:
    """Run this Python on something; end the build where that fails."""
    code = subprocess.run([sys.executable, *map(str, words)], cwd=ROOT, check=False).returncode
    if code:
        sys.exit(code)


def write_version_info(file: Path) -> None:
    """What Windows shows under Properties > Details, in PyInstaller's notation."""
    sys.path.insert(0, str(ROOT))
    from editor import __version__

    numbers = tuple(int(part) for part in __version__.split("."))
    four = (*numbers, 0, 0, 0, 0)[:4]
    words = {
        "CompanyName": "Mattelier",
        "FileDescription": "Mattelier",
        "FileVersion": __version__,
        "InternalName": "mattelier",
        "LegalCopyright": "MIT licence",
        "OriginalFilename": "mattelier.exe",
        "ProductName": "Mattelier",
        "ProductVersion": __version__,
    }
    strings = ", ".join(f"StringStruct({name!r}, {value!r})" for name, value in words.items())
    file.write_text(
        f"VSVersionInfo(ffi=FixedFileInfo(filevers={four}, prodvers={four}), kids=["
        f"StringFileInfo([StringTable('040904B0', [{strings}])]), "
        "VarFileInfo([VarStruct('Translation', [1033, 1200])])])\n",
        "utf-8",
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
