"""Optimizers under attack: small models with a history, of which every byte can be compared."""

from __future__ import annotations

import functools
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from bits import Array

import adamas
from adamas._numerics.formats import bfloat16


@dataclass
class Scene:
    """An optimizer, what it was given, and everything else that an attack must leave alone.

    Attributes:
        module: `adamas` or `adamas.reference`.
        params: The parameters, nested.
        opt: Over them.
        copies: What its ``copy_out`` writes.
        watched: Arrays that the attack brings along, and their bytes at first.
        folder: For files, made when it is first asked for.
    """

    module: Any
    params: Any
    opt: Any
    copies: list[Array] = field(default_factory=list)
    watched: list[tuple[Array, bytes]] = field(default_factory=list)

    @functools.cached_property
    def folder(self) -> Path:
        return Path(tempfile.mkdtemp(prefix="hostile-"))

    def leave(self) -> None:
        """Remove the folder, if there is one."""
        if "folder" in self.__dict__:
            shutil.rmtree(self.folder, ignore_errors=True)

    def grads(self, seed: int = 1) -> Any:
        """Make gradients that nest as the parameters do."""
        return like(self.params, seed)

    def watch(self, array: Any) -> Any:
        """Remember the bytes of an array that must not change."""
        self.watched.append((array, array.tobytes()))
        return array

    def step(self, **changes: Any) -> Any:
        """Step on gradients of which some are changed, by the keys of the mapping of parameters."""
        grads = self.grads()
        for grad in leaves(grads):
            self.watch(grad)
        return self.opt.step(grads | changes)


def like(tree: Any, seed: int) -> Any:
    """Make random numbers for each array of a tree."""
    if isinstance(tree, dict):
        return {key: like(child, seed) for key, child in tree.items()}
    if isinstance(tree, list):
        return [like(child, seed) for child in tree]
    return _normal(tree.shape, seed).astype(tree.dtype)


def leaves(tree: Any) -> list[Any]:
    """List the arrays of a tree."""
    if isinstance(tree, dict | list):
        return [leaf for child in (tree.values() if isinstance(tree, dict) else tree) for leaf in leaves(child)]
    return [tree]


def numbers(*shape: int, dtype: Any = np.float32) -> Any:
    """Make random numbers, the same ones for the same shape."""
    return _normal(shape, sum(shape)).astype(dtype)


@functools.cache
def _normal(shape: tuple[int, ...], seed: int) -> Array:
    return np.random.default_rng(seed).standard_normal(shape)


def nested() -> Any:
    return {"w": numbers(3, 4), "deep": [numbers(5, dtype=np.float64), numbers(2)]}


def _trained(module: Any, params: Any, copies: list[Array] | None = None, name: str = "AdamW", **options: Any) -> Scene:
    opt = getattr(module, name)(params, **{"lr": 0.1, **options})
    scene = Scene(module, params, opt, copies or [])
    if isinstance(params, list) and params and isinstance(params[0], dict):
        scene.params = [group["params"] for group in params]
    opt.step(scene.grads(0))
    return scene


def plain(module: Any) -> Scene:
    return _trained(module, nested())


def single(module: Any) -> Scene:
    return _trained(module, {"w": numbers(6)})


def groups(module: Any) -> Scene:
    return _trained(module, [{"params": {"w": numbers(4)}}, {"params": {"b": numbers(3)}, "lr": 0.01}])


def momentum(module: Any) -> Scene:
    return _trained(module, {"w": numbers(4)}, name="SGD", momentum=0.9)


def rows(module: Any) -> Scene:
    return _trained(module, {"t": numbers(10, 3), "b": numbers(3)}, sparse={"t": "lazy"})


def exact(module: Any) -> Scene:
    return _trained(module, {"t": numbers(10, 3), "b": numbers(3)}, sparse={"t": "exact"})


def copied(module: Any) -> Scene:
    params, copies = {"w": numbers(6), "b": numbers(3)}, [np.zeros(6, np.float16), np.zeros(3, bfloat16())]
    return _trained(module, params, copies, copy_out=dict(zip(params, copies, strict=True)))


def averaged(module: Any) -> Scene:
    return _trained(
        module, {"w": numbers(6), "h": numbers(5, dtype=np.float16)}, average=adamas.EMA(0.5), rounding="nearest"
    )


def half(module: Any) -> Scene:
    params = {"b": numbers(6, dtype=bfloat16()), "f": numbers(6, dtype=np.float16)}
    return _trained(module, params, state_dtype="int8", master_weights=True)


SCENES: dict[str, Callable[[Any], Scene]] = {
    made.__name__: made for made in (plain, single, groups, momentum, rows, exact, copied, averaged, half)
}
