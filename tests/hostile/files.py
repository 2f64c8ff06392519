"""Paths and files that checkpoints are written to and read from, and the command line."""

# What is given here is of the wrong type on purpose.
# mypy: disable-error-code="arg-type, assignment, call-overload, func-returns-value, index, misc, no-untyped-call"

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hostile.driver import Act, Case, correct, refused
from hostile.liars import EqualsAll
from hostile.scenes import Scene, numbers

from adamas import checkpoint, cli


class Raises(os.PathLike[str]):
    def __fspath__(self) -> str:
        raise RuntimeError("no path")


class GivesNumber:
    def __fspath__(self) -> int:
        return 3


class Stepping(os.PathLike[str]):
    """A path that steps the optimizer when it is asked for."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    def __fspath__(self) -> str:
        self.scene.opt.step(self.scene.grads())
        return "never.npz"


def _closed() -> int:
    descriptor = os.open(os.devnull, os.O_RDONLY)
    os.close(descriptor)
    return descriptor


_PATHS: dict[str, tuple[Callable[[Scene], Any], type[Exception] | tuple[type[Exception], ...], str]] = {
    "None": (lambda s: None, TypeError, "path|str"),
    "number": (lambda s: 1, TypeError, "path|str"),
    "closed descriptor": (lambda s: _closed(), TypeError, "path|str"),
    "bytes": (lambda s: bytes(s.folder / "a.npz"), TypeError, "path|str"),
    "list": (lambda s: [s.folder / "a.npz"], TypeError, "path|str"),
    "file": (lambda s: (s.folder / "a.npz").open("wb"), TypeError, "path|str"),
    "equal to all": (lambda s: EqualsAll(), TypeError, "path|str"),
    "raises": (lambda s: Raises(), RuntimeError, "no path"),
    "gives a number": (lambda s: GivesNumber(), TypeError, "str"),
    "empty": (lambda s: "", ValueError, "path: expected one that ends in .npz or .safetensors, got '.'"),
    "other ending": (lambda s: s.folder / "a.pt", ValueError, "path: expected one that ends in .npz or .safetensors"),
    "ending in capitals": (lambda s: s.folder / "a.NPZ", ValueError, "path: expected one that ends in"),
    "only an ending": (lambda s: s.folder / ".npz", ValueError, "path: expected one that ends in"),
    "NUL": (lambda s: f"{s.folder}/a\0b.npz", ValueError, "null"),
    "NUL in the ending": (lambda s: f"{s.folder}/a.npz\0", ValueError, "path: expected one|null"),
    "too long": (lambda s: s.folder / ("x" * 5000 + ".npz"), OSError, "name too long"),
    "no folder": (lambda s: s.folder / "no" / "such" / "a.safetensors", OSError, "No such file"),
    "file for a folder": (lambda s: _touched(s.folder / "f") / "a.npz", OSError, "Not a directory|File exists"),
    "link to itself": (lambda s: _linked(s.folder / "a.npz"), OSError, "symbolic links|File exists"),
    "folder": (lambda s: _made(s.folder / "a.npz"), OSError, "Is a directory|not empty|exists"),
    "folder that is not empty": (
        lambda s: _made(_made(s.folder / "a.safetensors") / "b").parent,
        OSError,
        "Is a directory|not empty",
    ),
}


def _touched(path: Path) -> Path:
    path.touch()
    return path


def _made(path: Path) -> Path:
    path.mkdir(exist_ok=True)
    return path


def _linked(path: Path) -> Path:
    if not path.is_symlink():
        path.symlink_to(path)
    return path


def _both(make: Callable[[Scene], Any]) -> tuple[Act, ...]:
    return lambda s: s.opt.save(make(s)), lambda s: s.opt.load(make(s)), lambda s: checkpoint.read(make(s))


PATHS = {f"path {name}": refused(error, message, *_both(make)) for name, (make, error, message) in _PATHS.items()}
PATHS |= {
    "path that steps": refused(
        RuntimeError, "in use, by another thread or by a step under way", lambda s: s.opt.save(Stepping(s))
    ),
    "path of a pipe": refused(
        ValueError,
        "is a pipe or a device, not a file",
        lambda s: s.opt.load(_pipe(s)),
        lambda s: checkpoint.read(_pipe(s)),
    ),
    "path of a device without end": refused(
        ValueError,
        "is a pipe or a device, not a file",
        lambda s: s.opt.load(_device(s, "zero")),
        lambda s: s.opt.load(_device(s, "null")),
    ),
    "path that is not there": refused(OSError, "No such file", lambda s: s.opt.load(s.folder / "a.npz")),
    "path with odd letters": correct(None, lambda s: _roundtrip(s, "ü \n'\"$(x)\\.npz")),
    "path that is not unicode": correct(None, lambda s: _roundtrip(s, "\udc80.safetensors")),
}


def _pipe(scene: Scene) -> Path:
    path = scene.folder / "pipe.safetensors"
    if not path.exists():
        os.mkfifo(path)
    return path


def _device(scene: Scene, name: str) -> Path:
    path = scene.folder / f"{name}.npz"
    if not path.is_symlink():
        path.symlink_to(f"/dev/{name}")
    return path


def _roundtrip(scene: Scene, name: str) -> None:
    scene.opt.save(scene.folder / name)
    scene.opt.load(scene.folder / name)


_FLAGS = {
    "params": lambda s, value: s.opt.load(s.folder / "a.npz", params=value),
    "strict": lambda s, value: s.opt.load(s.folder / "a.npz", strict=value),
    "convert": lambda s, value: s.opt.load(s.folder / "a.npz", convert=value),
    "check_finite": lambda s, value: s.opt.load(s.folder / "a.npz", check_finite=value),
}
FLAGS = {
    f"option {name}": refused(
        TypeError, f"{name}: expected True or False", lambda s, act=act: act(s, 1), lambda s, act=act: act(s, "yes")
    )
    for name, act in _FLAGS.items()
}
FLAGS["option params of save"] = refused(
    TypeError, "params: expected True or False, got None", lambda s: s.opt.save(s.folder / "a.npz", params=None)
)

_KEYS = {
    "slashes": "../../a/b",
    "NUL": "a\0b",
    "line break": "a\nb",
    "escape": "\x1b[31m",
    "half a character": "\udc80",
    "name of metadata": "__metadata__",
    "nothing but a dot": ".",
    "very long": "x" * 10_000,
}


def _named(key: str, ending: str) -> Act:
    def act(scene: Scene) -> Any:
        param = numbers(3)
        opt = scene.module.AdamW({key: param})
        opt.step({key: numbers(3)})
        opt.save(scene.folder / f"named{ending}")
        before = param.copy()
        opt.step({key: numbers(3)})
        opt.load(scene.folder / f"named{ending}")
        assert param.tobytes() == before.tobytes()
        assert [path.name for path in scene.folder.iterdir()] == [f"named{ending}"]
        (scene.folder / f"named{ending}").unlink()

    return act


KEYS = {
    f"parameter's name: {name}": correct(None, _named(key, ".npz"), _named(key, ".safetensors"))
    for name, key in _KEYS.items()
    if name != "half a character"
}
KEYS["parameter's name: half a character"] = refused(
    ValueError, "surrogates not allowed", _named("\udc80", ".safetensors")
)

_CONTENTS: dict[str, bytes] = {
    "empty": b"",
    "a byte": b"\0",
    "seven bytes": b"\0" * 7,
    "zeros": bytes(4096),
    "ones": b"\xff" * 4096,
    "a header without end": (1 << 63).to_bytes(8, "little") + b"{}",
    "a header of itself": (4).to_bytes(8, "little") + b"null",
    "a header of lists": (1000).to_bytes(8, "little") + b"[" * 1000,
    "a header of numbers": (5008).to_bytes(8, "little") + b'{"a":' + b"9" * 5002 + b"}",
    "no text": (8).to_bytes(8, "little") + b"\xff\xfe{}    ",
    "only an end": b"PK\x05\x06" + bytes(18),
}


def _written(scene: Scene, ending: str, content: bytes) -> Path:
    path = scene.folder / f"file{ending}"
    path.write_bytes(content)
    return path


CONTENTS = {
    f"file: {name}": refused(
        checkpoint.CheckpointError,
        r"file\.(npz|safetensors): is ",
        *(lambda s, e=ending, c=content: s.opt.load(_written(s, e, c)) for ending in (".npz", ".safetensors")),
        *(
            lambda s, e=ending, c=content: checkpoint.read(_written(s, e, c), check=False)
            for ending in (".npz", ".safetensors")
        ),
    )
    for name, content in _CONTENTS.items()
}

_COMMANDS: dict[str, tuple[list[str], int]] = {
    "nothing": ([], 2),
    "unknown": (["train"], 2),
    "inspect nothing": (["inspect"], 2),
    "inspect what is not there": (["inspect", "/no/such/file.npz"], 1),
    "inspect NUL": (["inspect", "a\0.npz"], 1),
    "inspect a folder": (["inspect", "/"], 1),
    "inspect half a character": (["inspect", "\udc80.npz"], 1),
    "inspect with an unknown option": (["inspect", "--slow", "a.npz"], 2),
    "bench on no threads": (["bench", "--threads", "-1"], 1),
    "bench on too many threads": (["bench", "--threads", str(1 << 70)], 1),
    "bench on a text": (["bench", "--threads", "all"], 2),
    "demo for ever": (["demo", "--epochs", "inf"], 2),
    "demo on no batches": (["demo", "--batch-size", "0"], 2),
    "demo on other data": (["demo", "--data", "\0"], 2),
    "demo on a negative seed": (["demo", "--seed", "-1"], 2),
    "info as YAML": (["info", "--yaml"], 2),
}


def _command(arguments: list[str]) -> int:
    try:
        return cli.main(arguments)
    except SystemExit as end:
        return int(str(end.code))


COMMANDS = {
    f"command: {name}": correct(
        lambda s, status=status: status, lambda s, given=given: _command(given), modules=("compiled",)
    )
    for name, (given, status) in _COMMANDS.items()
}

CASES: dict[str, Case] = {**PATHS, **FLAGS, **KEYS, **CONTENTS, **COMMANDS}
