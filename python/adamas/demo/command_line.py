"""The command line of the examples: common options, and ``--quick``."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adamas.demo.data import FASHION_DIR
from adamas.demo.options import natural_int, non_negative, positive_int

__all__ = ["add_image_options", "make_parser", "natural_int", "non_negative", "parse", "positive_int"]


def make_parser(
    name: str, description: str, *, epochs: int, batch_size: int, lr: float, epoch: str = "passes over the data"
) -> argparse.ArgumentParser:
    """Make a parser with the common options."""
    parser = argparse.ArgumentParser(
        prog=f"{name}.py", description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--quick", action="store_true", help="a small version that takes seconds; other options still apply")
    add("--seed", type=natural_int, default=0, help="seed of all random numbers; default: %(default)s")
    add("--epochs", type=positive_int, default=epochs, help=f"{epoch}; default: %(default)s")
    add("--batch-size", type=positive_int, default=batch_size, help="examples in a step; default: %(default)s")
    add("--lr", type=non_negative, default=lr, help="highest learning rate; default: %(default)s")
    add("--output-dir", type=Path, default=Path("example-runs", name), help="folder; default: %(default)s")
    add("--tensorboard", action="store_true", help="write TensorBoard events into the output folder")
    return parser


def add_image_options(parser: argparse.ArgumentParser) -> None:
    """Add the choice of data that `adamas.demo.images` knows."""
    parser.add_argument("--data", choices=["digits", "fashion-mnist"], default="digits", help="default: %(default)s")
    parser.add_argument("--data-dir", type=Path, help=f"folder of the Fashion-MNIST idx files; default: {FASHION_DIR}")


def parse(parser: argparse.ArgumentParser, quick: Mapping[str, Any]) -> argparse.Namespace:
    """Parse the command line; with ``--quick``, the values of ``quick`` are the defaults."""
    arguments = parser.parse_args()
    if arguments.quick:
        parser.set_defaults(**quick)
        arguments = parser.parse_args()
    return arguments
