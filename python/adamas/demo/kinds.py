"""Kinds of images: their size, and the names of their classes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """Square images of one data set, bright on dark."""

    name: str
    side: int
    classes: tuple[str, ...]


KINDS = (
    Kind("digits", 8, tuple("0123456789")),
    Kind(
        "fashion-mnist",
        28,
        ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"),
    ),
)
