"""A network with its weights on a device: numpy in, numpy out. ``models.load`` makes it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from models.catalogue.spec import ModelSpec
from models.networks.building import build
from models.networks.demand import Demand
from models.networks.device import (
    TYPES,
    Place,
    check_precision,
    choose_device,
    give_back,
    is_out_of_memory,
    memory_for_pieces,
)
from models.networks.fusing import fuse_batch_norms
from models.networks.whole_image import forget, parts_of, recording
from models.prepare import network_input

SAME_ALPHA = 1 / 255
"""How far another device or precision may move alpha: what an 8-bit matte cannot show."""
_CHECK_PX = 256
_MACS_AT_A_TIME = 16_000_000_000
"""On a CPU, between two chances to stop: less than a second on two cores."""
_demands: dict[tuple[str, str, str], Demand] = {}
_GPU_PRECISIONS = ("float16", "bfloat16", "float32")


class Runner:
    """Implements ``models.running.Predictor``."""

    def __init__(self, spec: ModelSpec, weights: Path, device: str = "auto", precision: str = "auto") -> None:
        """``weights`` is a safetensors file whose keys and shapes are exactly the network's.

        Anything but float32 on the CPU is first held to it on a small picture: where alpha moves by more than
        ``SAME_ALPHA``, the next better precision is taken, at last the CPU, and ``reason`` says so. ``ValueError`` with
        a sentence for a device or precision that is none or not here, and for weights that do not fit.
        """
        check_precision(precision)
        place = choose_device(device)
        self.spec = spec
        self.tick: Callable[[float], None] | None = None
        self._network = _with_weights(spec, weights)
        fuse_batch_norms(self._network)
        _lay_channels_last(self._network)
        self._layers = _count_layers(self._network, self._layer_done)
        self._done = 0
        self._demand: Demand | None = None
        self._go_to("cpu", "float32")
        self.reason = self._settle(place, precision, chosen_by_user=device != "auto")

    def predict(self, inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        """The network's raw answers, float32, each (N, C, h, w), for (N, channels, h, w) float32.

        h and w are multiples of the stride, else ``ValueError``. ``MemoryError`` where memory does not suffice.
        """
        self._check(inputs)
        with _memory_errors(self.device), torch.inference_mode():
            return tuple(_as_array(answer) for answer in self._answers(inputs))

    def remember_whole(self, inputs: np.ndarray | None) -> None:
        """Keep what the network draws from ``inputs`` (1, channels, h, w), the photo reduced; None forgets it."""
        forget(self._network)
        if inputs is None or not parts_of(self._network):
            return
        self._check(inputs)
        kept = False
        try:
            with _memory_errors(self.device), torch.inference_mode(), recording(self._network):
                self._answers(inputs)
            kept = True
        finally:
            if not kept:  # half of a photo's summaries would be worse than none
                forget(self._network)

    def most_pixels(self, limit_bytes: int) -> int:
        """How many pixels ``predict`` can take at a time within so much memory.

        0: within a share of what is free, and on a CPU no more than lets it be stopped within a second.
        """
        if self._demand is None:
            told = self.spec.bytes_per_pixel
            self._demand = Demand.told(told) if told else _demand_of(self.spec, self._reckoning)
        if limit_bytes:
            return self._demand.pixels_for_bytes(limit_bytes)
        within_memory = self._demand.pixels_for_bytes(memory_for_pieces(self.device))
        if self.device != "cpu":
            return within_memory
        stoppable = self.spec.cpu_pixels or self._demand.pixels_for_macs(_MACS_AT_A_TIME)
        return min(within_memory, stoppable)

    def _settle(self, place: Place, precision: str, *, chosen_by_user: bool) -> str:
        """Go to the device in the first precision that keeps alpha, else to the CPU; the reason in words."""
        if place.device == "cpu" and precision in ("auto", "float32"):
            return place.in_words("float32")
        truth = self._checked_alpha()
        wanted = _GPU_PRECISIONS if precision == "auto" else (precision, "float32")
        problems: list[str] = []
        for candidate in dict.fromkeys(wanted):
            self._go_to(place.device, candidate)
            as_before = (place.device, candidate) == ("cpu", "float32")
            problem = "" if as_before else self._difference_from(truth)
            if not problem:
                remark = f"; in {precision} {problems[0]}" if problems and precision != "auto" else ""
                return place.in_words(candidate) + remark
            problems.append(problem)
        self._go_to("cpu", "float32")
        if chosen_by_user:
            raise ValueError(f"{self.spec.name} cannot run there: {problems[-1]}. Choose auto or cpu.")
        return Place("cpu", f"on the GPU {problems[-1]}").in_words("float32")

    def _difference_from(self, truth: np.ndarray) -> str:
        """Why alpha of the small picture is not what it is on the CPU; empty where it is."""
        try:
            moved = float(np.abs(self._checked_alpha() - truth).max())
        except (RuntimeError, NotImplementedError, MemoryError):
            return "it cannot be computed"
        return "" if moved <= SAME_ALPHA else f"alpha would move by {moved * 255:.1f} of 255 levels"

    def _checked_alpha(self) -> np.ndarray:
        """Alpha (looks, h, w) in [0, 1] of a small picture that is always the same."""
        image, trimap = _small_picture()
        inputs = network_input(image, trimap if self.spec.channels >= 4 else None, self.spec.stride)
        looks = self.spec.takes if self.spec.looks_again else (self.spec.channels,)
        return np.stack([np.clip(self.predict(_with_planes(inputs, count))[-1][0, 0], 0, 1) for count in looks])

    def _go_to(self, device: str, precision: str) -> None:
        self.device, self.precision = device, precision
        self._network.to(device=device, dtype=TYPES[precision])

    def _answers(self, inputs: np.ndarray) -> tuple[torch.Tensor, ...]:
        self._done = 0
        x = torch.from_numpy(np.ascontiguousarray(inputs)).to(device=self.device, dtype=TYPES[self.precision])
        answer = self._network(x.contiguous(memory_format=torch.channels_last))
        self._layers = self._done or self._layers  # some layers are passed several times
        return answer if isinstance(answer, tuple) else (answer,)

    def _reckoning(self) -> None:
        if self.tick is not None:
            self.tick(0.0)

    def _layer_done(self) -> None:
        if self.tick is not None:
            self._done += 1
            self.tick(min(1.0, self._done / self._layers))

    def _check(self, inputs: np.ndarray) -> None:
        wanted, stride = self.spec.takes, self.spec.stride
        if inputs.ndim != 4 or inputs.shape[1] not in wanted or inputs.dtype != np.float32:
            channels = " or ".join(map(str, wanted))
            found = f"{inputs.shape} {inputs.dtype}"
            raise ValueError(f"{self.spec.name} takes (N, {channels}, h, w) float32, not {found}.")
        if inputs.shape[2] % stride or inputs.shape[3] % stride or inputs.size == 0:
            raise ValueError(f"{self.spec.name} takes sides that are multiples of {stride}, not {inputs.shape[2:]}.")


def _with_weights(spec: ModelSpec, weights: Path) -> nn.Module:
    """The network with the values of a file; nothing but safetensors is read, and every key must fit."""
    state = _read(weights)
    network = build(spec, "meta")
    _check_keys(spec, network.state_dict(), state)
    network.load_state_dict(state, strict=True, assign=True)
    return network.eval()


def _read(weights: Path) -> dict[str, torch.Tensor]:
    try:
        state = load_file(weights)
    except FileNotFoundError as error:
        raise ValueError(f"The weights are not there: {weights}. Import them again.") from error
    except (SafetensorError, OSError, ValueError) as error:
        raise ValueError(f"{weights.name} is no whole safetensors file. Import the weights again.") from error
    return state


def _check_keys(spec: ModelSpec, own: Mapping[str, torch.Tensor], found: Mapping[str, torch.Tensor]) -> None:
    """Raise ``ValueError`` with a sentence unless both have the same names and shapes."""
    names = sorted(own.keys() ^ found.keys())
    shapes = [name for name in own.keys() & found.keys() if own[name].shape != found[name].shape]
    wrong = names or sorted(shapes)
    if wrong:
        raise ValueError(
            f"These weights are not those of {spec.name}: {len(wrong)} of its {len(own)} tensors do not fit, "
            f"{wrong[0]} for one. Import weights made for it."
        )


def _demand_of(spec: ModelSpec, tick: Callable[[], None]) -> Demand:
    """Found once for each network; with the norms fused, as it runs. ``tick`` is called after every layer."""
    key = (spec.name, spec.code, repr(dict(spec.options)))
    if key not in _demands:
        network = build(spec, "meta")
        fuse_batch_norms(network)
        _count_layers(network, tick)
        _demands[key] = Demand(network, spec.takes[-1])  # pieces come with what is known already
    return _demands[key]


def _lay_channels_last(network: nn.Module) -> None:
    """Lay the filters out as the pixels are, channel by channel for each pixel: faster on CPU and GPU alike."""
    for parameter in network.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)


def _count_layers(network: nn.Module, done: Callable[[], None]) -> int:
    """Have ``done`` called after every layer without layers of its own; how many there are."""
    leaves = [module for module in network.modules() if not any(module.children())]

    def hook(module: nn.Module, inputs: Any, answer: Any) -> None:
        done()

    for module in leaves:
        module.register_forward_hook(hook)
    return len(leaves)


def _with_planes(inputs: np.ndarray, count: int) -> np.ndarray:
    """Inputs of so many planes: mattes, of which any will do that differ, are the trimap moved further and further."""
    mattes = [np.roll(inputs[:, -1:], 5 * place, axis=3) for place in range(1, count - inputs.shape[1] + 1)]
    return np.concatenate([inputs, *mattes], axis=1)


def _as_array(answer: torch.Tensor) -> np.ndarray:
    return answer.to(device="cpu", dtype=torch.float32).contiguous().numpy()


@contextmanager
def _memory_errors(device: str) -> Generator[None]:
    """Within this, torch's ways of saying that memory does not suffice become ``MemoryError``."""
    try:
        yield
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        give_back(device)
        raise MemoryError(str(error)) from None


@cache
def _small_picture() -> tuple[np.ndarray, np.ndarray]:
    """An image (h, w, 3) and its trimap (h, w): a soft disc with rays before a ripple, unknown at its edge."""
    y, x = np.mgrid[0:_CHECK_PX, 0:_CHECK_PX].astype(np.float32) / _CHECK_PX - 0.5
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    edge = 0.28 + 0.05 * np.sin(23 * angle)
    alpha = np.clip((edge - radius) * 20 + 0.5, 0, 1)[..., None]
    subject = np.stack([0.8 + 0 * x, 0.5 + 0.4 * x, 0.3 + 0.3 * np.sin(40 * y)], axis=-1)
    behind = np.stack([0.3 + 0.2 * np.sin(30 * x), 0.5 + 0.3 * y, 0.6 + 0 * x], axis=-1)
    image = np.clip(alpha * subject + (1 - alpha) * behind, 0, 1).astype(np.float32)
    trimap = np.where(radius < 0.2, 255, np.where(radius > 0.37, 0, 128)).astype(np.uint8)
    return image, trimap
