"""Several processes that train one network, a GPU each: what torchrun starts is found in the environment."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from models.training.loading import Share


@contextmanager
def company(device: str) -> Generator[tuple[Share, str]]:
    """This process's share of every batch, and its device; alone unless torchrun has set WORLD_SIZE above 1.

    ``ValueError`` with a sentence where there are fewer GPUs than processes of this machine.
    """
    of = int(os.environ.get("WORLD_SIZE", "1"))
    if of < 2:
        yield Share(), device
        return
    place = device
    if device == "cuda":
        local = int(os.environ.get("LOCAL_RANK", "0"))
        if local >= torch.cuda.device_count():
            raise ValueError(
                f"There are only {torch.cuda.device_count()} GPUs. Start torchrun with --nproc_per_node as many."
            )
        torch.cuda.set_device(local)
        place = f"cuda:{local}"
    distributed.init_process_group("nccl" if device == "cuda" else "gloo")
    try:
        yield Share(distributed.get_rank(), of), place
    finally:
        distributed.destroy_process_group()


def shared_out(network: nn.Module, share: Share) -> nn.Module:
    """The network as it is called in training: every process's slopes are averaged after a backward pass."""
    if share.of < 2:
        return network
    # A recipe may train one part alone, or a network of which one answer counts: then some weights get no slope.
    return DistributedDataParallel(network, find_unused_parameters=True)


def unshared(network: nn.Module) -> AbstractContextManager[object]:
    """In this context slopes stay each process's own; the next backward pass outside averages all that added up."""
    if isinstance(network, DistributedDataParallel):
        return network.no_sync()
    return nullcontext()


def averaged(value: torch.Tensor, share: Share) -> torch.Tensor:
    """The mean of all processes' values, so that all of them stop at one that is not finite."""
    if share.of < 2:
        return value
    total = value.detach().clone()
    distributed.all_reduce(total)
    return total / share.of
