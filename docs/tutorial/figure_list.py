"""Which pictures the tutorial has: by page, then by name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Panel:
    """One pair of axes: a dict of curves that a page leaves under the name ``variable``.

    ``x`` is the name of a sequence of the page; without it, the values of a curve are those of steps 1, 2, 3, ...
    """

    variable: str
    xlabel: str
    ylabel: str
    title: str = ""
    x: str | None = None
    xscale: str = "linear"
    yscale: str = "linear"
    ylim: tuple[float | None, float | None] = (None, None)
    marker: str = ""


def excess(variable: str, title: str = "", lowest: float | None = None, highest: float | None = None) -> Panel:
    """Return the panel of a run on the test problem of page 2."""
    return Panel(variable, "step", "loss above the minimum", title, yscale="log", ylim=(lowest, highest))


_MATHEMATICS: dict[str, tuple[Panel, ...]] = {
    "ravine": (Panel("ravine", "step", "loss", yscale="log", ylim=(1e-8, 1e3)),),
    "bias": (Panel("bias", "step", "length of a step, in units of lr", xscale="log", ylim=(0.0, None)),),
}
_ERRORS: dict[str, tuple[Panel, ...]] = {
    "decay-rates": (excess("decay_rates"),),
    "norms": (Panel("norms", "step", "norm of the weights"),),
    "no-correction": (
        excess("from_zero", "from zero"),
        excess("fine_tuned", "from the solution"),
    ),
    "eps": (
        Panel(
            "eps_steps",
            "magnitude of the gradient",
            "first step, in units of lr",
            x="magnitudes",
            xscale="log",
        ),
        excess("eps_losses"),
    ),
    "divided-by-v": (excess("divided_by_v", highest=1e7),),
    "squares": (excess("squares"),),
    "step-count": (
        Panel("count_lengths", "step", "length of a step, in units of lr", xscale="log", title="constant gradient"),
        excess("count_losses", "test problem"),
    ),
    "decay": (
        Panel("l2_penalty", "step", "mean of the weights", "L2 penalty (Adam)", ylim=(0.0, 1.05)),
        Panel("decoupled", "step", "mean of the weights", "decoupled decay (AdamW)", ylim=(0.0, 1.05)),
    ),
    "state": (excess("state_errors"),),
    "rates": (excess("rates"),),
}

_NETWORK: dict[str, tuple[Panel, ...]] = {
    "starts": (Panel("starts", "epoch", "training loss", x="epochs_from_0", yscale="log"),),
    "batches": (Panel("sizes", "epoch", "training loss", x="epochs_from_0", yscale="log"),),
    "methods": (
        Panel("by_rate", "learning rate", "validation loss", "after 15 epochs", "grid", "log", "log", marker="o"),
        Panel("curves", "epoch", "training loss", "each at its best rate", "epochs_from_0", yscale="log"),
    ),
}
_STOPPING: dict[str, tuple[Panel, ...]] = {
    "stopping": (Panel("stopping", "epoch", "loss", ylim=(0.0, 0.8)),),
}
_GENERALISATION: dict[str, tuple[Panel, ...]] = {
    "weight-decay": (
        Panel("decay_losses", "epoch", "training loss", ylim=(0.0, 1.5)),
        Panel("decay_accuracies", "epoch", "test accuracy", ylim=(0.75, 0.95)),
    ),
    "average": (
        Panel("average_losses", "epoch", "test loss", ylim=(0.3, 0.8)),
        Panel("average_accuracies", "epoch", "test accuracy", ylim=(0.75, 0.95)),
    ),
    "schedules": (
        Panel("rates", "step", "learning rate"),
        Panel("schedule_accuracies", "epoch", "test accuracy", ylim=(0.75, 0.95)),
    ),
}

FIGURES = {
    "01-mathematics.md": _MATHEMATICS,
    "02-common-errors.md": _ERRORS,
    "03-a-network-by-hand.md": _NETWORK,
    "04-stopping-saving-predicting.md": _STOPPING,
    "05-generalisation.md": _GENERALISATION,
}
