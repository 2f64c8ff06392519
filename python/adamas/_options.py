"""Options that every optimizer takes, beside the hyperparameters of its rule."""

from __future__ import annotations

from typing import Any, TypedDict


class Options(TypedDict, total=False):
    """How an optimizer works, not what it computes."""

    #: The most threads a step may use; None for the library's limit (`adamas.get_num_threads`).
    num_threads: int | None


def check_options(options: Any) -> None:
    """Refuse unknown options, as a call with a misspelt keyword argument is refused."""
    for name in options:
        if name not in Options.__annotations__:
            known = ", ".join(Options.__annotations__)
            raise TypeError(
                f"{name}: no such hyperparameter or option; beside its hyperparameters an optimizer takes {known}"
            )
