"""One call of ``mattelier train``, without its words: from a recipe's name to weights in a folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from models.networks.device import choose_device
from models.training.checkpointing import check_same_training
from models.training.cookbook import recipe_named
from models.training.datasets import open_source
from models.training.loop import Progress, Trainer
from models.training.recipes import Recipe, changed, from_numbers
from models.training.run_folder import RunFolder
from models.training.together import company

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
    recipe = _recipe(request, folder)
    place = choose_device(request.device)
    with company(place.device) as (share, device):
        source = open_source(recipe, request.data, request.backgrounds, request.out / _MATTES)
        trainer = Trainer(recipe, source, folder, device, share)
        if request.resume:
            trainer.resume()
        if share.rank == 0:
            say(f"{recipe.title}. {place.in_words(recipe.precision)}.")
            folder.say(f"{recipe.name}: {recipe.as_numbers()}; {place.in_words(recipe.precision)}")
            for phrase in source.skipped:
                folder.say(f"left out: {phrase}")
            for remark in trainer.remarks:
                say(remark)
                folder.say(remark)
        trainer.run(progress)
        if trainer.skipped and share.rank == 0:
            say(f"{len(trainer.skipped)} files were skipped; train.log names them.")
        return folder.folder / f"{recipe.name}.safetensors" if share.rank == 0 else None


def _recipe(request: Request, folder: RunFolder) -> Recipe:
    """The recipe with its settings; on a resume, as it was followed so far, with what is asked for now."""
    recipe = recipe_named(request.recipe)
    if not request.resume:
        if folder.checkpoints.exists:
            raise ValueError(
                f"{folder.folder} holds a training already. Add --resume to go on with it, or name another with --out."
            )
        return changed(recipe, request.settings)
    kept = folder.checkpoints.load().recipe
    check_same_training({**recipe.as_numbers(), "name": kept.get("name")}, recipe.as_numbers())
    return changed(from_numbers(kept), request.settings)
