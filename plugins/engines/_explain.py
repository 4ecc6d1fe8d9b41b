"""The models' complaints in the words of the program."""

from __future__ import annotations

from editor.api import UserError


def as_user_error(error: ValueError) -> UserError:
    """The first sentence of what a model complains about says what is wrong, the rest what to do."""
    message, _, hint = str(error).partition(". ")
    return UserError(message.rstrip(".") + ".", hint)
