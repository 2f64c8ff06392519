"""Weight decay and cautious updates: hyperparameters of many rules, with their checks and formulas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def with_largest_rate(group: Mapping[str, Any]) -> dict[str, Any]:
    """Return a group as it is at construction: without ``max_lr``, a decay that needs it takes the learning rate.

    What is no such group, it returns as it is, to be refused.
    """
    lr = group.get("lr")
    if group.get("max_lr") is not None or not isinstance(group.get("decay"), str) or group["decay"] == "scaled":
        return dict(group)
    try:
        largest = 0.0 if lr is None or callable(lr) else float(lr)
    except (TypeError, ValueError):
        return dict(group)
    return {**group, "max_lr": largest} if largest > 0.0 else dict(group)


def check_decay(group: Mapping[str, Any], path: str) -> None:
    """Refuse a decay that has not all that it needs.

    Args:
        group: The hyperparameters, each valid by itself.
        path: ``path.format(name)`` is how messages name one.

    Raises:
        ValueError: Naming one.
    """
    decay = group.get("decay", "scaled")
    if decay == "scaled":
        return
    if not group["decoupled_weight_decay"]:
        raise ValueError(
            f"{path.format('decay')}: {decay!r} is for decoupled weight decay; set decoupled_weight_decay=True"
        )
    if group["max_lr"] is None:
        raise ValueError(
            f"{path.format('max_lr')}: decay={decay!r} needs the largest learning rate of the schedule, a finite "
            f"number > 0, got None; where lr is a number > 0 at construction, that is taken"
        )


def check_cautious(group: Mapping[str, Any], path: str, *, possible: bool) -> None:
    """Refuse to be cautious where no update can go against its gradient.

    Args:
        group: The hyperparameters, each valid by itself.
        path: ``path.format(name)`` is how messages name one.
        possible: Whether the formula may be cautious.

    Raises:
        ValueError: Naming ``cautious``.
    """
    if not possible or group.get("momentum") == 0.0:
        raise ValueError(
            f"{path.format('cautious')}: needs momentum; without it, an update always goes against the gradient, and "
            "the mask never changes it"
        )


def decay_rate(group: Mapping[str, Any]) -> float:
    """Return what decoupled decay multiplies ``weight_decay`` by."""
    lr: float = group["lr"]
    decay = group.get("decay", "scaled")
    if decay == "scaled":
        return lr
    share: float = lr / group["max_lr"]
    return lr * share if decay == "corrected" else share
