"""Weights that the program itself brings: float16, with the record by which weight_store.py finds them.

    python -m models.training.delivering NETWORK WEIGHTS --source "what they were made from" [--licence TERMS]

WEIGHTS is a safetensors file or the folder of a training by `mattelier train`. What a training says about the licence
of its weights is taken over; elsewhere it is MIT unless --licence says otherwise, and then what they were trained on
must allow that.

The model card, ``NETWORK.md`` beside them, is written by a person.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save

from models import spec
from models.networks.building import build
from models.training.checkpointing import CheckpointFolder, put_file
from models.weight_store import OWN_WEIGHTS, Record, sha256_of

LICENCE = "MIT"
CHECKPOINT = "checkpoint"
LAYOUT = "safetensors of this program, float16"


def deliver(
    network: str,
    state: Mapping[str, torch.Tensor],
    source: str,
    folder: Path = OWN_WEIGHTS,
    licence: str = LICENCE,
) -> Record:
    """Write ``network``'s weights as NETWORK.safetensors and NETWORK.json into ``folder``, in the old ones' place.

    ``source`` says what they were made from, ``licence`` under which terms they stand. ``ValueError`` with a sentence
    for a name that is none, for weights that do not fit it, and for values that float16 cannot hold; ``OSError``
    passes.
    """
    wanted = build(spec(network), "meta").state_dict()
    if {name: value.shape for name, value in wanted.items()} != {name: value.shape for name, value in state.items()}:
        raise ValueError(f"These weights are not those of {network}. Choose its own.")
    halved = {name: value.detach().cpu().contiguous() for name, value in state.items()}
    halved = {name: value.half() if value.is_floating_point() else value for name, value in halved.items()}
    if not all(bool(torch.isfinite(value).all()) for value in halved.values()):
        raise ValueError(f"The weights of {network} hold values that float16 cannot. Deliver none of them.")
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"{network}.safetensors"
    put_file(place, save(halved, metadata={"format": "pt", "network": network, "licence": licence}))
    today = datetime.now(UTC).date().isoformat()
    size = place.stat().st_size
    record = Record(network, place.name, sha256_of(place), size, licence, source, LAYOUT, today)
    put_file(folder / f"{network}.json", json.dumps(asdict(record), indent=2).encode())
    return record


def read_weights(file: Path) -> dict[str, torch.Tensor]:
    """Weights from a file or a training's folder (see the module): the averaged ones where there are such."""
    if file.is_dir():
        kept = CheckpointFolder(file / CHECKPOINT).load()
        return dict(kept.average or kept.weights)
    try:
        return load_file(file)
    except SafetensorError as error:
        raise ValueError(f"{file.name} is no safetensors file. Name one, or the folder of a training.") from error


def licence_of(file: Path) -> str:
    """What the training that made these weights says about their licence; MIT where it says nothing."""
    if file.is_dir():
        return str(CheckpointFolder(file / CHECKPOINT).load().recipe.get("licence", LICENCE))
    with safe_open(file, "pt") as opened:
        return (opened.metadata() or {}).get("licence", LICENCE)


def main() -> None:
    """Deliver; see the module."""
    parser = argparse.ArgumentParser(description="Put trained weights among those that the program brings.")
    parser.add_argument("network")
    parser.add_argument("weights", type=Path)
    parser.add_argument("--source", required=True, help="what they were made from, in a sentence")
    parser.add_argument("--licence", help="their terms (default: what their training says, else MIT)")
    parser.add_argument("--into", type=Path, default=OWN_WEIGHTS)
    chosen = parser.parse_args()
    terms = chosen.licence or licence_of(chosen.weights)
    record = deliver(chosen.network, read_weights(chosen.weights), chosen.source, chosen.into, terms)
    print(f"{record.file}: {record.size_bytes} bytes, licence {record.licence}, sha256 {record.sha256}")


if __name__ == "__main__":
    main()
