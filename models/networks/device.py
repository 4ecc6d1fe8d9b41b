"""Where a network can run here, said in words, and how much memory there is for it."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from models.free_memory import free_bytes

DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "float32", "bfloat16", "float16")
TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_TITLES = {"cpu": "CPU", "cuda": "NVIDIA GPU", "mps": "Apple GPU"}
_MIB = 1024 * 1024
_CPU_SHARE, _CPU_CAP_BYTES = 0.25, 1024 * _MIB
_GPU_SHARE, _GPU_CAP_BYTES = 0.6, 6 * 1024 * _MIB


@dataclass(frozen=True)
class Place:
    """A device, and why it is this one: ``no GPU was found``."""

    device: str
    why: str

    def in_words(self, precision: str) -> str:
        """``CPU, float32: no GPU was found``."""
        title = f"{_TITLES[self.device]}, {precision}"
        return f"{title}: {self.why}" if self.why else title


def choose_device(wish: str) -> Place:
    """The device for ``auto``, ``cpu``, ``cuda`` or ``mps``; the fastest for ``auto``.

    ``ValueError`` with a sentence for a word that is none, and for a device that is not here: nothing runs elsewhere
    than it was told to.
    """
    if wish not in DEVICES:
        raise ValueError(f"There is no device {wish}. Choose one of {', '.join(DEVICES)}.")
    if wish == "cpu":
        return Place("cpu", "as chosen")
    here = _gpus()
    if wish == "auto":
        return Place(here[0], "") if here else Place("cpu", "no GPU was found")
    if wish not in here:
        raise ValueError(f"There is no {_TITLES[wish]} here that torch can use. Choose auto or cpu.")
    return Place(wish, "as chosen")


def check_precision(wish: str) -> None:
    """Raise ``ValueError`` with a sentence for a word that is no precision."""
    if wish not in PRECISIONS:
        raise ValueError(f"There is no precision {wish}. Choose one of {', '.join(PRECISIONS)}.")


def memory_for_pieces(device: str) -> int:
    """How many bytes one piece may take: a share of what is free on the device, and never more than a cap."""
    if device == "cuda":
        return min(int(torch.cuda.mem_get_info()[0] * _GPU_SHARE), _GPU_CAP_BYTES)
    # an Apple GPU takes its memory from the processor's
    return min(int(free_bytes() * _CPU_SHARE), _CPU_CAP_BYTES)


def is_out_of_memory(error: RuntimeError) -> bool:
    """True where torch complains that memory does not suffice: each device does so in words of its own."""
    words = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError) or any(
        sign in words for sign in ("out of memory", "can't allocate memory", "not enough memory")
    )


def give_back(device: str) -> None:
    """Let go of memory that torch keeps on a GPU for later."""
    if device == "cuda":
        torch.cuda.empty_cache()
    elif device == "mps":
        torch.mps.empty_cache()


def _gpus() -> list[str]:
    found = ["cuda"] if torch.cuda.is_available() else []
    return [*found, "mps"] if torch.backends.mps.is_available() else found
