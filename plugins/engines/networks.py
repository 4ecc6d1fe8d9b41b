"""An engine for every network of the catalogue. Neither torch nor weights are touched before one is run."""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from threading import enumerate as enumerate_threads
from typing import TYPE_CHECKING, ClassVar, TypeVar

import numpy as np

from editor.api import Engine, NobodyFoundError, Progress, UserError, models_dir, param
from models.catalogue import ModelSpec, every_spec
from plugins.engines._explain import as_user_error

if TYPE_CHECKING:
    from models.running import Predictor
    from models.weight_store import WeightStore

Answer = TypeVar("Answer")
_READYING = "torch"
"""The thread that imports it while a photo is read, or a run can be cancelled."""
_TICK_S = 0.05
_IMPORT = "Import them with `mattelier models import FILE`, or in the window under Models."
_DEVICE_TITLES = {"auto": "GPU where there is one, else CPU", "cpu": "CPU", "cuda": "NVIDIA GPU", "mps": "Apple GPU"}


class _WeightsLicence:
    """The licence of the weights that are here, else of the network's code; looked up whenever it is asked for."""

    def __get__(self, engine: Engine | None, kind: type[NetworkEngine]) -> str:
        weights = _store().find(kind.name) if kind.name else None
        return weights.licence if weights else kind.code_licence


@dataclass
class NetworkEngine(Engine):
    """What all networks share: where they run, and what they may take."""

    name: ClassVar[str] = ""
    code_licence: ClassVar[str] = "MIT"
    licence: ClassVar[str] = _WeightsLicence()  # type: ignore[assignment]

    processor: str = param(
        "auto",
        "Runs on",
        choices=("auto", "cpu", "cuda", "mps"),
        help="auto takes the GPU where there is one; cuda is NVIDIA's, mps Apple's.",
    )
    precision: str = param(
        "auto",
        "Precision",
        choices=("auto", "float32", "bfloat16", "float16"),
        help="auto takes the fastest that leaves alpha as it is.",
    )
    memory_mb: int = param(
        0,
        "Memory",
        minimum=0,
        maximum=65536,
        step=256,
        unit="MB",
        help="What a piece of the photo may take; automatic goes by what is free.",
        least="automatic",
    )
    _where: str = field(default="", init=False, repr=False, compare=False)

    @classmethod
    def missing(cls) -> str:
        """See the base class."""
        if not _torch_is_here():
            return "PyTorch, which networks need, is not installed. Install the Python package torch."
        if _torch_faults:
            return _torch_faults[0]
        weights = _store().find(cls.name)
        return weights.fault if weights else f"{cls.title} has no weights here. {_IMPORT}"

    def get_ready(self) -> None:
        """See the base class: torch takes two seconds, in which a photo can be read."""
        if not self.missing():
            _start_torch()

    def run(
        self, image: np.ndarray, trimap: np.ndarray, progress: Progress, start: np.ndarray | None = None
    ) -> np.ndarray:
        """See the base class. ``start`` changes nothing."""
        from models.prepare import UNKNOWN, check_marks

        try:
            check_marks(image, trimap)
        except ValueError as error:
            raise as_user_error(error) from error
        if not (trimap == UNKNOWN).any():
            progress(1.0, "Nothing is unknown")
            return (trimap / np.float32(255)).astype(np.float32)
        return self._with_network(lambda network, report: self._matte(network, image, trimap, report), progress)

    def device(self) -> str:
        """See the base class: where the last run was, or where one would be."""
        return self._where or _DEVICE_TITLES.get(self.processor, self.processor)

    def _matte(self, network: Predictor, image: np.ndarray, trimap: np.ndarray, progress: Progress) -> np.ndarray:
        from models.tiling import matte_in_pieces

        return matte_in_pieces(network, image, trimap, progress, limit_bytes=self._limit_bytes())

    def _limit_bytes(self) -> int:
        return self.memory_mb * 1024 * 1024

    def _with_network(self, work: Callable[[Predictor, Progress], Answer], progress: Progress) -> Answer:
        """What ``work`` makes of the network: where it was told to run, else, for want of memory, on the CPU."""
        from models.loaded import borrowed

        report = _rising(progress)
        weights = self._weights(report)
        report(0.0, "Loading the network")
        _await_torch(lambda: report(0.0, "Loading the network"))
        try:
            with borrowed(self.name, weights, self.processor, self.precision) as network:
                self._where, device = network.reason, network.device
                try:
                    return work(network, report)
                except MemoryError:
                    if device == "cpu":
                        raise
            report(0.0, "The GPU's memory does not suffice: going on with the CPU")
            with borrowed(self.name, weights, "cpu", "float32") as network:
                self._where = "CPU, float32: the GPU's memory did not suffice"
                return work(network, report)
        except ValueError as error:
            raise as_user_error(error) from error
        except MemoryError as error:
            raise self._memory_error() from error

    def _memory_error(self) -> UserError:
        return UserError(f"There is not enough memory for {self.title}.", "Close other programs, or allow it more.")

    def _weights(self, progress: Progress) -> Path:
        """The weights' file, looked over; ``UserError`` where they are missing or not what was imported."""
        problem = self.missing()
        if problem:
            raise _lack(problem)
        try:
            return _store().verified(self.name, lambda _, text: progress(0.0, text)).path
        except ValueError as error:
            raise as_user_error(error) from error


@dataclass
class MarkedNetworkEngine(NetworkEngine):
    """A network that goes by a trimap: it can be run as its authors ran it, too."""

    reference: bool = param(
        False, "As published", help="The whole photo at once, as its authors ran it: slower, and more memory."
    )

    def _matte(self, network: Predictor, image: np.ndarray, trimap: np.ndarray, progress: Progress) -> np.ndarray:
        from models.reference import matte_as_published

        if self.reference:
            return matte_as_published(network, image, trimap, progress)
        return super()._matte(network, image, trimap, progress)

    def _memory_error(self) -> UserError:
        if self.reference:
            return UserError(
                "The whole photo at once is more than the memory holds.", "Turn “As published” off: pieces fit."
            )
        return super()._memory_error()


@dataclass
class PortraitEngine(NetworkEngine):
    """A network that finds the subject by itself; given marks, it goes by them."""

    finds_trimap: ClassVar[bool] = True

    def _matte(self, network: Predictor, image: np.ndarray, trimap: np.ndarray, progress: Progress) -> np.ndarray:
        from models.portrait import marked_matte

        return marked_matte(network, image, trimap, progress, limit_bytes=self._limit_bytes())

    def find(self, image: np.ndarray, progress: Progress) -> tuple[np.ndarray, np.ndarray]:
        """See the base class."""
        from models.portrait import portrait_matte
        from models.portrait_certainty import NotSureError

        limit_bytes = self._limit_bytes()

        def work(network: Predictor, report: Progress) -> tuple[np.ndarray, np.ndarray]:
            try:
                return portrait_matte(network, image, report, limit_bytes=limit_bytes)
            except NotSureError as error:
                message, _, hint = str(error).partition(". ")
                raise NobodyFoundError(f"{message}.", hint) from error

        return self._with_network(work, progress)


def engine_for(spec: ModelSpec) -> type[NetworkEngine]:
    """The engine of one network. No dataclass of its own, which would cost a millisecond each at start-up."""
    base = PortraitEngine if spec.finds_trimap else MarkedNetworkEngine
    facts = {
        "__module__": __name__,
        "__doc__": spec.description,
        "name": spec.name,
        "title": spec.title,
        "description": spec.description,
        "code_licence": spec.licence,
    }
    return type(base)(f"{base.__name__}:{spec.name}", (base,), facts)


def _rising(progress: Progress) -> Progress:
    """The same, but what is done is never less than it was: a second start on the CPU begins at where it stood."""
    highest = 0.0

    def report(fraction: float, text: str) -> None:
        nonlocal highest
        highest = max(highest, fraction)
        progress(highest, text)

    return report


def _store() -> WeightStore:
    """The weights' folders as they are now: the user's may be moved by MATTELIER_HOME."""
    from models.weight_store import WeightStore

    return _store_of(WeightStore, models_dir())


@cache
def _store_of(kind: type[WeightStore], folder: Path) -> WeightStore:
    """One store for each folder: it remembers which files it has checked."""
    return kind(folder)


@cache
def _torch_is_here() -> bool:
    return find_spec("torch") is not None


_torch_faults: list[str] = []
"""Why torch, though installed, cannot be loaded: known once a network was to run, since trying takes seconds."""


def _load_torch() -> None:
    """Import torch; ``UserError`` where it is installed but broken, and from then on every network is missing it."""
    try:
        with _unsearched():
            import_module("torch")
    except (ImportError, OSError) as error:  # OSError: a library of its own does not load
        _torch_faults[:] = [
            "PyTorch, which networks need, is installed but cannot be loaded. "
            "Install the Python package torch again, or mark the subject and choose the engine classic."
        ]
        raise _lack(_torch_faults[0]) from error


@contextmanager
def _unsearched() -> Generator[None]:
    """No search for rubbish meanwhile, and none at the program's end.

    Torch brings a quarter of a million objects that stay: to look at them again and again is a fifth of its import.
    """
    if "torch" in sys.modules:
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        atexit.register(gc.freeze)


def _await_torch(tick: Callable[[], None]) -> None:
    """Have torch imported, by a thread that ``tick`` need not wait for: what it raises comes out at once."""
    threads = [thread for thread in enumerate_threads() if thread.name == _READYING]
    if not threads and "torch" not in sys.modules:
        threads = [_start_torch()]
    for thread in threads:
        while thread.is_alive():
            thread.join(_TICK_S)
            tick()
    _load_torch()


def _start_torch() -> Thread:
    thread = Thread(target=_try_torch, name=_READYING)
    thread.start()
    return thread


def _try_torch() -> None:
    """Import torch, and leave it to the run to say why it cannot be."""
    with suppress(Exception):
        _load_torch()


def _lack(problem: str) -> UserError:
    """What ``missing`` says, as an error: its first sentence, and what to do."""
    message, _, hint = problem.partition(". ")
    return UserError(f"{message}.", hint)


# Fusion takes mattes beside the photo: plugins/engines/fusion.py.
PLUGINS = [engine_for(spec) for spec in every_spec().values() if spec.family != "fusion"]
