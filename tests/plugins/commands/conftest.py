"""What the commands' tests share: a small demo on disk, and the command line called in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from editor.cli import main


@dataclass(frozen=True)
class Outcome:
    """What a call of the command line left."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def own_excepthook(monkeypatch: pytest.MonkeyPatch):
    """``main`` sets ``sys.excepthook`` and opens the log; both end with the test."""
    import sys

    from editor import log

    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    yield
    log.stop()


@pytest.fixture
def mattelier(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Call the command line with words; usage errors come back as their exit code."""

    def call(*words: object) -> Outcome:
        capsys.readouterr()
        try:
            code = main([str(word) for word in words])
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call


@pytest.fixture
def folder(tmp_path: Path, mattelier) -> Path:
    """A folder with demo.png, demo_trimap.png and demo_alpha.png, 160 x 120 pixels."""
    made = tmp_path / "Bilder für später"
    assert mattelier("demo", "--output", made, "--size", "160x120").code == 0
    return made
