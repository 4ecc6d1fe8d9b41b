"""From a catalogue entry to the network itself: calls what ``spec.code`` names with ``spec.options``."""

from __future__ import annotations

import importlib

import torch
from torch import nn

from models.catalogue.spec import ModelSpec


def build(spec: ModelSpec, device: str = "cpu") -> nn.Module:
    """The network of ``spec``, with values not yet of any use, in evaluation mode, on ``device``.

    ``meta`` costs no memory and hardly any time: shapes without values, for counting and for comparing keys.
    ``ValueError`` where ``spec.code`` names nothing or something that is no network: a fault of the catalogue.
    """
    module_name, _, name = spec.code.partition(":")
    try:
        make = getattr(importlib.import_module(module_name), name)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"The catalogue says that {spec.name} is built by {spec.code}: {error}.") from error
    with torch.device(device):
        network = make(**spec.options)
    if not isinstance(network, nn.Module):
        raise ValueError(f"The catalogue says that {spec.name} is built by {spec.code}, which gives no network.")
    return network.eval()
