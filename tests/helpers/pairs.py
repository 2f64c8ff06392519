"""A compiled optimizer and its reference, side by side: the same is done to both, and they stay the same."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from bits import Array, assert_same_bits

import adamas
from adamas import RowGrad, reference

#: All that a call may raise; anything else is a failure of the test.
REFUSALS = (TypeError, ValueError, KeyError, FloatingPointError, RuntimeError, OSError)


@dataclass
class Side:
    """One of the two, with arrays of its own."""

    module: Any
    opt: Any = None
    #: Everything that was handed over to it, and that it may write.
    arrays: list[Array] = field(default_factory=list)

    def content(self) -> dict[str, Any]:
        """All that a call could change, live arrays included."""
        found: dict[str, Any] = {f"array {i}": array for i, array in enumerate(self.arrays)}
        opt = self.opt
        if opt is None:
            return found
        for name, entry in opt.state.items():
            found.update({f"state {name} {key}": value for key, value in entry.items()})
        groups = [{key: value for key, value in group.items() if key != "params"} for group in opt.param_groups]
        found["groups"] = repr(groups)
        found["counts"] = (opt._engine.completed, opt._engine.accumulated, opt.num_threads)
        found["previous_norm"] = opt._engine.previous_norm
        found["scalars"] = opt.scalars
        found["refusal"] = opt._model.refusal
        found["defaults"] = repr({k: v for k, v in vars(opt.step_defaults).items() if not k.startswith("_")})
        return found


def frozen(value: Any) -> Any:
    """Return what can be compared later: the bytes of arrays."""
    return (value.dtype, value.shape, value.tobytes()) if isinstance(value, np.ndarray) else repr(value)


def digest(content: dict[str, Any]) -> bytes:
    """Return a hash; NaN is NaN."""
    total = hashlib.sha256()
    for name, value in content.items():
        total.update(name.encode())
        if isinstance(value, np.ndarray) and value.dtype.kind not in "iu":
            nans = np.isnan(value)
            total.update(nans.tobytes() + np.where(nans, np.zeros_like(value), value).tobytes())
        else:
            total.update(value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode())
    return total.digest()


def assert_same(a: Any, b: Any, what: str) -> None:
    """Fail unless two results are the same, bit for bit in what arrays they hold."""
    assert type(a) is type(b), f"{what}: {a!r} instead of {b!r}"
    if isinstance(a, np.ndarray):
        assert_same_bits(a, b, what)
    elif isinstance(a, dict):
        assert list(a) == list(b), what
        for key in a:
            assert_same(a[key], b[key], f"{what}[{key!r}]")
    elif isinstance(a, list | tuple) and not hasattr(a, "_fields"):
        assert len(a) == len(b), what
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            assert_same(x, y, f"{what}[{i}]")
    elif isinstance(a, RowGrad):
        assert_same_bits(a.values, b.values, what)
    else:
        assert repr(a) == repr(b), what  # NaN, too


def held(side: Side, grads: Any) -> list[Any]:
    """Return all that a refused call must leave as it is."""
    return [frozen(value) for value in (*side.content().values(), *arrays_in(grads))]


def attempt(act: Callable[[], Any]) -> Any:
    """Call it; return what it returns, or the refusal that it raises."""
    try:
        return act()
    except REFUSALS as error:
        return error


#: What is done to a side; it gets the side and the gradients that were made for it.
Act = Callable[[Side, Any], Any]


class Pair:
    """The two of them.

    Attributes:
        sides: The compiled one and the reference.
        moves: What was done since the beginning, and how often it was refused.
    """

    moves = 0
    refused = 0

    def __init__(self) -> None:
        self.sides = [Side(adamas), Side(reference)]

    def do(self, act: Act, make: Callable[[Side], Any] = lambda side: None, *, stays: bool = True) -> Any:
        """Do the same to both, see that the outcome and all that they hold are the same; return the outcome.

        Args:
            act: What to do.
            make: Makes the gradients of a side.
            stays: If it is refused, nothing may have changed.

        Returns:
            What the compiled side returned, or the exception that both raised.
        """
        outcomes: list[Any] = []
        given = [make(side) for side in self.sides]
        for side, grads in zip(self.sides, given, strict=True):
            before = held(side, grads)
            outcomes.append(attempt(functools.partial(act, side, grads)))
            if stays and isinstance(outcomes[-1], Exception):
                assert held(side, grads) == before, (
                    f"{side.module.__name__} refused and changed something: {outcomes[-1]!r}"
                )
        ours, theirs = outcomes
        Pair.moves += 1
        if isinstance(ours, Exception) or isinstance(theirs, Exception):
            Pair.refused += 1
            assert (type(ours), str(ours)) == (type(theirs), str(theirs)), f"{ours!r} instead of {theirs!r}"
        else:
            assert_same(ours, theirs, "outcome")
        assert_same(arrays_in(given[0]), arrays_in(given[1]), "gradients")
        self.compare()
        return ours

    def compare(self) -> None:
        """Compare all that they hold."""
        assert_same(self.sides[0].content(), self.sides[1].content(), "content")


def arrays_in(tree: Any) -> list[Array]:
    """Return all arrays of nested gradients, whatever else they hold."""
    if isinstance(tree, np.ndarray):
        return [tree]
    if isinstance(tree, RowGrad):
        return [tree.values]
    if isinstance(tree, dict):
        tree = list(tree.values())
    return [array for item in tree for array in arrays_in(item)] if isinstance(tree, list | tuple) else []


def on_a_thread(act: Callable[[], Any]) -> Any:
    """Call it on a thread of its own; return what it returns, or raise what it raises."""
    outcome: list[Any] = []
    thread = threading.Thread(target=lambda: outcome.append(attempt(act)))
    thread.start()
    thread.join()
    if isinstance(outcome[0], Exception):
        raise outcome[0]
    return outcome[0]


def in_a_child(act: Callable[[], bytes]) -> bytes:
    """Call it in a fork of this process; return what it returned there, nothing if it failed."""
    read, write = os.pipe()
    with _without_warnings():
        child = os.fork()
    if child == 0:
        try:
            os.write(write, act())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        found = pipe.read()
    os.waitpid(child, 0)
    return found


@contextlib.contextmanager
def _without_warnings() -> Iterator[None]:
    """Python 3.12 and later warn of forks of processes that have threads, which is what is tested."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield
