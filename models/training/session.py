"""One call of ``mattelier train``, without its words: from a recipe's name to weights in a folder."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from models.licences import is_for_research_only
from models.networks.device import choose_device
from models.training.checkpointing import check_same_training
from models.training.cookbook import recipe_named
from models.training.datasets import ComposedSource, PhotoSource, open_source
from models.training.folders import PICTURES
from models.training.fusion_source import FusionSource
from models.training.loading import Source
from models.training.loop import Progress, Trainer
from models.training.recipes import Recipe, changed, from_numbers
from models.training.run_folder import RunFolder
from models.training.together import company
from models.training.wording import in_number

_MATTES = "mattes"


@dataclass(frozen=True)
class Request:
    """What is to be trained, from what, and where to."""

    recipe: str
    out: Path
    data: Path | None = None
    backgrounds: Path | None = None
    settings: tuple[str, ...] = ()
    """Each ``NAME=VALUE``; see ``recipes.changed``."""
    resume: bool = False
    device: str = "auto"


def train(request: Request, progress: Progress, say: Callable[[str], None]) -> Path | None:
    """Train to the last step; the file of weights. None for a process that only helps the one that writes.

    ``say`` gets a sentence for whoever watches, at the beginning. ``ValueError`` with a sentence for all that a person
    can mend: names, settings, folders, a checkpoint of another training, memory, a full disk, a loss that is no number.
    ``OSError`` where the folder cannot be written to. What ``progress`` raises comes out after a checkpoint.
    """
    folder = RunFolder(request.out)
    recipe, kept = _recipe(request, folder)
    data, backgrounds = (_place(asked, kept.get(name)) for name, asked in _asked(request).items())
    place = choose_device(request.device)
    with company(place.device) as (share, device):
        source = open_source(recipe, data, backgrounds, request.out / _MATTES)
        notes = notes_of(data, backgrounds, request.out)
        trainer = Trainer(recipe, source, folder, device, share, notes, fresh=not request.resume)
        if request.resume:
            trainer.resume()
        if share.rank == 0:
            folder.say(f"{recipe.name}: {recipe.as_numbers()}; {place.in_words(recipe.precision)}; {notes}")
            for phrase in source.skipped:
                folder.say(f"left out: {phrase}")
            done = [f"All {recipe.steps} steps were taken before."] if trainer.step >= recipe.steps else []
            told = [f"{recipe.title}. {place.in_words(recipe.precision)}.", *_size(source, recipe), *trainer.remarks]
            for remark in [
                *told,
                *advice(recipe, place.device),
                *_left_out(source),
                *_own_data(recipe, data),
                *_other_data(kept, notes),
                *done,
            ]:
                say(remark)
                folder.say(remark)
        trainer.run(progress)
        if trainer.skipped and share.rank == 0:
            say(f"{in_number(len(trainer.skipped), 'file was', 'files were')} skipped; train.log names them.")
        return folder.folder / f"{recipe.name}.safetensors" if share.rank == 0 else None


def notes_of(data: Path | None, backgrounds: Path | None, out: Path) -> dict[str, str]:
    """What a checkpoint tells of the data: where it lies, and a number that is another where files came or went.

    What the training itself writes into ``out`` does not count.
    """
    asked = (("data", data), ("backgrounds", backgrounds))
    places = {name: place.resolve() for name, place in asked if place is not None}
    notes = {name: str(place) for name, place in places.items()}
    names = [
        f"{name} {file.relative_to(place)}"
        for name, place in places.items()
        for file in sorted(place.rglob("*"))
        if file.suffix.lower() in (*PICTURES, ".npz") and not file.is_relative_to(out.resolve())
    ]
    return notes | ({"files": hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]} if names else {})


def advice(recipe: Recipe, device: str) -> list[str]:
    """What would be faster on cpu, cuda or mps."""
    if device == "cpu":
        slow = recipe.precision == "float16"
        return ["float16 is slow on a processor: bfloat16 and float32 are not."] if slow else []
    if recipe.workers or recipe.data == "samples":  # pixels take no making, and each process would hold them all
        return []
    return ["Pictures are made between the steps, while the GPU waits: --set workers=4 makes them in 4 processes."]


def _asked(request: Request) -> dict[str, Path | None]:
    return {"data": request.data, "backgrounds": request.backgrounds}


def _place(asked: Path | None, kept: str | None) -> Path | None:
    """The folder that is asked for, else the one that the training had so far."""
    return asked if asked is not None or kept is None else Path(kept)


def _size(source: Source, recipe: Recipe) -> list[str]:
    """How much there is to learn from, where that has an end, and how many steps an epoch has."""
    if isinstance(source, FusionSource):
        judging = f"{source.kept_back} kept back to judge by"
        return [f"{source.pixels} pixels of {source.samples} samples to learn from, {judging}."]
    if not isinstance(source, (ComposedSource, PhotoSource)):
        return []
    count, kept = source.sizes
    what = "foregrounds" if isinstance(source, ComposedSource) else "photos"
    judging = f"{kept} kept back to judge by" if kept else "none kept back: they are judged by too"
    return [f"{count} {what} to learn from, {judging}; {count / recipe.batch:.4g} steps take each once."]


def _left_out(source: Source) -> list[str]:
    count = len(source.skipped)
    return [f"{in_number(count, 'file was', 'files were')} left out; train.log names them."] if count else []


def _own_data(recipe: Recipe, data: Path | None) -> list[str]:
    """What the weights will say of their terms where these bind; one that was meant for drawings alone among files."""
    if is_for_research_only(recipe.licence):
        return [f"The weights will say: {recipe.licence}."]
    if recipe.data != "drawn" or data is None:
        return []
    return [
        f"The weights will say: {recipe.licence}. That holds if the licences of the cut-outs in {data} allow it; "
        "--set licence=... says otherwise."
    ]


def _other_data(kept: Mapping[str, str], notes: Mapping[str, str]) -> list[str]:
    if not kept or kept.get("files") == notes.get("files"):
        return []
    return ["The data holds other files than before: it goes on, but not as it would have in one go."]


def _recipe(request: Request, folder: RunFolder) -> tuple[Recipe, Mapping[str, str]]:
    """The recipe with its settings, and notes; on a resume, as it was followed so far, with what is asked for now."""
    recipe = recipe_named(request.recipe)
    if not request.resume:
        if folder.checkpoints.exists and folder.checkpoints.step > 0:
            raise ValueError(
                f"{folder.folder} holds a training already. Add --resume to go on with it, or name another with --out."
            )
        return changed(recipe, request.settings), {}
    kept = folder.checkpoints.load()
    check_same_training({**recipe.as_numbers(), "name": kept.recipe.get("name")}, recipe.as_numbers())
    return changed(from_numbers(kept.recipe), request.settings), kept.notes
