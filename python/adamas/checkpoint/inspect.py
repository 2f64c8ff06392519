"""The command ``adamas inspect``, which shows the contents of a checkpoint."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from adamas.checkpoint import Checkpoint, read

__all__ = ["add_arguments", "describe", "printable"]

_SHOWN = 40


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``adamas inspect``."""
    parser.add_argument("file", type=Path, help="a .safetensors or .npz file")
    parser.add_argument("--all", action="store_true", help=f"list all arrays, not just {_SHOWN}")
    parser.add_argument("--fast", action="store_true", help="do not read the arrays, to compare their checksums")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    checkpoint = read(arguments.file, check=not arguments.fast)
    content = {**describe(checkpoint), "valid": None if arguments.fast else True}
    if arguments.json:
        print(json.dumps(content, indent=2))
        return 0
    arrays = content.pop("arrays")
    groups = content.pop("param_groups")
    content["formats"] = ", ".join(f"{name}={value}" for name, value in content["formats"].items())
    if "scalars" in content:
        content["scalars"] = ", ".join(f"{name}={value:.6g}" for name, value in content["scalars"].items())
    parameters = content["parameters"]
    content["parameters"] = "not in the file" if parameters is None else f"{parameters:,} numbers"
    content["bytes"] = f"{content['bytes']:,}"
    content["valid"] = "not checked (--fast)" if arguments.fast else "yes: all checksums match"
    width = max(map(len, content))
    for name, value in content.items():
        print(printable(f"{name:<{width}}  {value}"))
    for i, group in enumerate(groups):
        values = ", ".join(f"{key}={value}" for key, value in group.items() if key != "params")
        print(printable(f"group {i}: {len(group['params'])} parameters, {values}"))
    print()
    shown = [(printable(name), array) for name, array in list(arrays.items())[: None if arguments.all else _SHOWN]]
    names = max((len(name) for name, _ in shown), default=0)
    for name, array in shown:
        print(f"{name:<{names}}  {array['dtype']:>8}  {tuple(array['shape'])}")
    if len(shown) < len(arrays):
        print(f"... and {len(arrays) - len(shown)} more (--all)")
    return 0


def printable(text: str) -> str:
    """Escape what a terminal might obey instead of showing it."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def describe(checkpoint: Checkpoint) -> dict[str, Any]:
    """Return what the file says about itself, and name, dtype and shape of each array, as JSON has it.

    Numbers are numbers; how many ``parameters`` there are is None if they are not in the file.
    """
    document, arrays = checkpoint.document, checkpoint.arrays
    return {
        "file": checkpoint.path,
        "written by": f"adamas {document.library}",
        "optimizer": document.optimizer,
        "steps": document.step,
        **({"scalars": document.scalars} if document.scalars else {}),
        "formats": document.formats,
        "parameters": sum(array.size for array in checkpoint.params.values()) if checkpoint.params else None,
        "bytes": sum(array.nbytes for array in arrays.values()),
        "param_groups": document.param_groups,
        "arrays": {name: {"dtype": str(array.dtype), "shape": list(array.shape)} for name, array in arrays.items()},
    }
