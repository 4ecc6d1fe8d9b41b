"""The exceptions that are part of the program's conversation with its user.

Everything else that is raised is a bug and is reported as one.
"""

from __future__ import annotations


class UserError(Exception):
    """Something the person at the keyboard can understand and mend.

    ``message`` is one sentence that says what happened; ``hint`` is one that says what to do about it.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Both sentences on one line, as the command line prints them."""
        return f"{self.message} {self.hint}".strip()


class NobodyFoundError(UserError):
    """No subject was found without marks, or the engine is not sure of it: somebody has to point it out."""


class Cancelled(Exception):  # noqa: N818 - it is not an error
    """Raised by a progress call once the user has cancelled; met with silence."""


def not_enough_memory() -> UserError:
    """What is said wherever ``MemoryError`` comes up and nobody nearer knows more."""
    return UserError("There is not enough memory for this.", "Close other programs, or take a smaller photo.")
