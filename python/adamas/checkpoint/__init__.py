"""Checkpoints: the complete state of an optimizer in one file, which is written atomically.

::

    opt.save("run.safetensors")           # parameters, states, step counts, hyperparameters
    opt.load("run.safetensors")           # goes on with the same bits, on any instruction set and number of threads

The file is a safetensors file: arrays ``params/NAME`` and ``states/NAME/STATE``, each in the format it has in memory,
and in the metadata, under ``adamas``, a JSON text with the rest and a checksum of each array. Nothing in it is
executed. A path that ends in ``.npz`` makes a file of NumPy's instead, with the same content.
"""

from __future__ import annotations

import dataclasses
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from adamas._system.atomic_file import atomic_write
from adamas._types import Array
from adamas.checkpoint._checksums import checksums
from adamas.checkpoint._document import CheckpointError, Document, array_name
from adamas.checkpoint._npz import read_npz, write_npz
from adamas.checkpoint._parts import Part, Processes, write_parts
from adamas.checkpoint._safetensors import read_safetensors, write_safetensors

__all__ = ["Checkpoint", "CheckpointError", "Part", "Processes", "read", "write"]

_DTYPES = ("float64", "float32", "float16", "bfloat16", "uint8", "uint16", "uint32")

#: Given a new path, the arrays, and what makes the description from their checksums.
_Write = Callable[[Path, Mapping[str, Array], Callable[[Mapping[str, int]], str]], None]
_Read = Callable[[Path], tuple[str, dict[str, Array]]]
_FORMATS: dict[str, tuple[_Write, _Read]] = {
    ".npz": (write_npz, read_npz),
    ".safetensors": (write_safetensors, read_safetensors),
}


#: Arrays of a file that its representation lists.
_SHOWN = 40


@dataclass(frozen=True, repr=False)
class Checkpoint:
    """The contents of a checkpoint file.

    Attributes:
        path: The file.
        document: All but the arrays.
        params: Parameters by name; none if they were not saved.
        states: State arrays by parameter and name of the state.
        arrays: All of them, by their names in the file.

    The arrays are mapped into memory: only what is used is read. The file must not be changed (it may be replaced by
    another file, as `Optimizer.save` does). Those of an npz file need not be aligned.
    """

    path: str
    document: Document
    params: dict[str, Array]
    states: dict[str, dict[str, Array]]

    @property
    def arrays(self) -> dict[str, Array]:
        """All arrays, by their names in the file."""
        states = {
            array_name("states", name, key): array
            for name, entry in self.states.items()
            for key, array in entry.items()
        }
        return {array_name("params", name): array for name, array in self.params.items()} | states

    def __repr__(self) -> str:
        """Name the arrays, with dtype and shape; their values would be all of a model's weights."""
        arrays, document = self.arrays, self.document
        lines = [f"Checkpoint({self.path!r}: {document.optimizer}, step {document.step}"]
        lines += [f"  {name!r}: {array.dtype} {array.shape}" for name, array in [*arrays.items()][:_SHOWN]]
        if len(arrays) > _SHOWN:
            lines.append(f"  ... and {len(arrays) - _SHOWN} more")
        return "\n".join([*lines, ")"])

    @property
    def state_dict(self) -> dict[str, Any]:
        """The state dict, for `Optimizer.load_state_dict`."""
        return self.document.state_dict(self.states)


def write(
    path: str | os.PathLike[str],
    state_dict: Mapping[str, Any],
    params: Mapping[str, Array],
    *,
    with_params: bool = True,
) -> None:
    """Write a checkpoint atomically, in place of what is at ``path``; the disk has it when this returns.

    Args:
        path: Path of the file. Its ending says which format: ``.safetensors`` or ``.npz``.
        state_dict: What `Optimizer.state_dict` returned.
        params: The parameters by name.
        with_params: Write the parameters into the file. False: write only their dtypes and shapes.

    Raises:
        OSError: The file cannot be written. The old file is unchanged.
        TypeError: An array has a dtype that checkpoints do not have, or a hyperparameter is neither a number nor a
            text.
        ValueError: The path has another ending, or a number is not finite.

    Example:
        >>> import os, tempfile
        >>> import numpy as np
        >>> import adamas
        >>> params = {"w": np.ones(2)}
        >>> opt = adamas.SGD(params, lr=0.1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "run.npz")
        ...     adamas.checkpoint.write(path, opt.state_dict(), params)
        ...     adamas.checkpoint.read(path).params["w"]
        array([1., 1.])
    """
    target = Path(path)
    save, _ = _format_of(target)
    arrays, document = _described(state_dict, params, with_params)
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    with atomic_write(target) as temporary:
        save(temporary, arrays, lambda found: dataclasses.replace(document, checksums=dict(found)).dump())


def write_together(
    path: str | os.PathLike[str],
    state_dict: Mapping[str, Any],
    params: Mapping[str, Array],
    parts: Sequence[Part],
    processes: Processes,
    *,
    with_params: bool,
) -> None:
    """Write a checkpoint as `write` does, by several processes, each of which has parts of the arrays.

    Args:
        path: Path of the file, which ends in ``.safetensors``.
        state_dict: What `Optimizer.state_dict` returned; only shapes and dtypes of its arrays are looked at.
        params: The parameters by name; only their shapes and dtypes are looked at.
        parts: What this process has.
        processes: Those that write.
        with_params: Write the parameters into the file. False: write only their dtypes and shapes.

    Raises:
        Exception: The file cannot be written; it is raised in each process, if in one.
    """
    arrays, document = _described(state_dict, params, with_params)
    write_parts(
        Path(path), arrays, lambda found: dataclasses.replace(document, checksums=dict(found)).dump(), parts, processes
    )


def _described(
    state_dict: Mapping[str, Any], params: Mapping[str, Array], with_params: bool
) -> tuple[dict[str, Array], Document]:
    """Return the arrays of a checkpoint by name, and all that it says of them but their checksums."""
    arrays = {array_name("params", name): array for name, array in params.items()} if with_params else {}
    for name, entry in state_dict["state"].items():
        for key, value in entry.items():
            if isinstance(value, np.ndarray):
                arrays[array_name("states", name, key)] = value
    for name, array in arrays.items():
        if array.dtype.name not in _DTYPES or not array.dtype.isnative:
            raise TypeError(f"{name}: checkpoints have no arrays of {array.dtype!r}")
    document = Document.of(state_dict, params, dict.fromkeys(arrays, 0))
    document.dump()  # refuses what cannot be written
    return arrays, document


def read(path: str | os.PathLike[str], *, check: bool = True) -> Checkpoint:
    """Read a checkpoint, and verify it.

    Args:
        path: Path of the file.
        check: Verify the checksum of every array, for which the whole file is read. False: verify only the description.

    Returns:
        The content: what `Optimizer.save` or `write` wrote. Arrays are mapped into memory.

    Raises:
        CheckpointError: The file is not a checkpoint, or is damaged.
        OSError: The file cannot be read.
        ValueError: The path has another ending than ``.safetensors`` or ``.npz``.

    Example:
        >>> import os, tempfile
        >>> import numpy as np
        >>> import adamas
        >>> opt = adamas.SGD({"w": np.ones(2)}, lr=0.1, momentum=0.9)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     opt.save(os.path.join(folder, "run.npz"))
        ...     found = adamas.checkpoint.read(os.path.join(folder, "run.npz"))
        >>> found.states["w"]["momentum_buffer"]
        array([0., 0.])
    """
    source = Path(path)
    _, load = _format_of(source)
    mode = source.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # which one would wait for, or read for ever
        raise CheckpointError(f"{source}: is a pipe or a device, not a file")
    text, arrays = load(source)
    document = Document.parse(text, str(source))
    if document.checksums.keys() != arrays.keys():
        differing = sorted(document.checksums.keys() ^ arrays.keys())
        raise CheckpointError(
            f"{source}: is damaged: {differing[0]} is in its description or among its arrays, not both"
        )
    if check:
        check_arrays(source, document, arrays)
    return Checkpoint(str(source), document, *_sorted_out(arrays, str(source)))


def check_arrays(path: str | os.PathLike[str], document: Document, arrays: Mapping[str, Array]) -> None:
    """Compare arrays of a checkpoint, all or some, with their checksums.

    Raises:
        CheckpointError: Some are damaged.
    """
    damaged = [name for name, value in checksums(arrays).items() if document.checksums[name] != value]
    if damaged:
        raise CheckpointError(f"{path}: is damaged: {', '.join(damaged[:5])}: other bytes than were written")


def _sorted_out(arrays: Mapping[str, Array], path: str) -> tuple[dict[str, Array], dict[str, dict[str, Array]]]:
    """Split ``params/NAME`` and ``states/NAME/STATE``; names of parameters may hold slashes."""
    params: dict[str, Array] = {}
    states: dict[str, dict[str, Array]] = {}
    for full_name, array in arrays.items():
        kind, _, rest = full_name.partition("/")
        name, slash, key = rest.rpartition("/")
        if kind == "params":
            params[rest] = array
        elif kind == "states" and slash:
            states.setdefault(name, {})[key] = array
        else:
            raise CheckpointError(f"{path}: holds an array that checkpoints do not have, {full_name!r}")
    return params, states


def _format_of(path: Path) -> tuple[_Write, _Read]:
    try:
        return _FORMATS[path.suffix]
    except KeyError:
        raise ValueError(f"path: expected one that ends in {' or '.join(_FORMATS)}, got {str(path)!r}") from None
