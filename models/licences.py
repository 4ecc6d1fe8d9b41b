"""Whose published checkpoints can be imported, and under which terms weights stand. Brings no torch."""

from __future__ import annotations

PUBLISHED_BY = {"indexnet": "IndexNet", "a2u": "A2U"}
"""The families of which the authors published code and checkpoints, with the name under which they did."""
RESEARCH_ONLY = "non-commercial (research only)"
"""The terms of those checkpoints: they were trained on the Adobe matting dataset."""
RESEARCH_PHOTOS = "trained on research photos: research use"
"""The terms of our own weights that learnt from photos published for research."""
UNKNOWN = "unknown"


def is_for_research_only(licence: str) -> bool:
    """True where a licence's words do not allow commercial use."""
    words = licence.lower()
    return any(sign in words for sign in ("non-commercial", "noncommercial", "research only", "research use", "-nc"))


def accepted(family: str) -> tuple[str, ...]:
    """The files that can be imported for a network of ``family``, in words."""
    own = ("safetensors in this program's names", "torch.save checkpoints in this program's names")
    if family not in PUBLISHED_BY:
        return own
    published = (
        f"torch.save checkpoints as {PUBLISHED_BY[family]}'s published code writes them where it has this network, "
        "with or without module."
    )
    return (published, *own)
