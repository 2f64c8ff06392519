"""Containers of gradients and parameters that lie, raise, or change while they are read."""

# What is given here is of the wrong type on purpose.
# mypy: disable-error-code="arg-type, assignment, call-overload, func-returns-value, index, misc, no-untyped-call"

from __future__ import annotations

import collections
import itertools
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from hostile.driver import Case, correct, refused
from hostile.liars import EqualsAll, HashRaises, ReprRaises, SaysDict, SaysList
from hostile.scenes import Scene, numbers


class Grads(Mapping[str, Any]):
    """An honest mapping, of which each attack spoils one method."""

    def __init__(self, content: dict[Any, Any]) -> None:
        self.content = content

    def __getitem__(self, key: str) -> Any:
        return self.content[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.content)

    def __len__(self) -> int:
        return len(self.content)


def raising(*_: Any) -> Any:
    raise RuntimeError("cannot read this")


def spoilt(**methods: Callable[..., Any]) -> Callable[[dict[str, Any]], Any]:
    """Make a class of mappings with other methods."""
    return type("Spoilt", (Grads,), {f"__{name}__": method for name, method in methods.items()})


class Fickle(Grads):
    """Has what it was asked for once, and then no more."""

    def __getitem__(self, key: str) -> Any:
        return self.content.pop(key)

    def __contains__(self, key: object) -> bool:
        return key in self.content


class Growing(Grads):
    def __getitem__(self, key: str) -> Any:
        self.content[f"more {len(self.content)}"] = None
        return self.content[key]


class LyingList(list[Any]):
    def __len__(self) -> int:
        return 1_000_000

    def __iter__(self) -> Any:
        raise RuntimeError("no iterator")

    def __getitem__(self, index: Any) -> Any:
        raise RuntimeError("no items")


class LyingTuple(tuple[Any, ...]):
    __slots__ = ()

    def __len__(self) -> int:
        return -1  # noqa: PLE0303

    def __getitem__(self, index: Any) -> Any:
        raise RuntimeError("no items")


class Key(str):
    __slots__ = ()


class KeyHashRaises(Key):
    __hash__ = raising


class KeyEqualRaises(Key):
    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("cannot compare")

    def __hash__(self) -> int:
        return str.__hash__(self)


def _pair(scene: Scene) -> list[Any]:
    made: list[Any] = scene.grads()["deep"]
    return made


def shrinking(scene: Scene) -> Any:
    """A list whose first entry removes the second when it is looked at."""
    pair: list[Any] = []

    class Shrinks(Grads):
        def __getitem__(self, key: str) -> Any:
            pair.clear()
            return self.content[key]

    pair += [Shrinks({"a": numbers(3)}), numbers(2)]
    return pair


def _nested_params(scene: Scene) -> Any:
    return scene.module.AdamW([{"a": numbers(3)}, numbers(2)])


_READ: dict[str, tuple[Callable[[dict[str, Any]], Any], type[Exception], str]] = {
    "getitem raises": (spoilt(getitem=raising), RuntimeError, "cannot read this"),
    "contains raises": (spoilt(contains=raising), RuntimeError, "cannot read this"),
    "len raises": (spoilt(len=raising), RuntimeError, "cannot read this"),
    "len is negative": (spoilt(len=lambda self: -1), ValueError, "__len__"),
    "len is no number": (spoilt(len=lambda self: "2"), TypeError, "str"),
    "len is beyond all": (spoilt(len=lambda self: 1 << 70), OverflowError, "int"),
    "says it has nothing": (spoilt(contains=lambda self, key: False), ValueError, "grads: missing 'w', 'deep'"),
    "gives None for a list": (spoilt(getitem=lambda self, key: None), TypeError, r"grads\['deep'\]: expected a list"),
    "gives itself": (spoilt(getitem=lambda self, key: self), TypeError, "expected a (numpy.ndarray|list)"),
    "raises KeyError for what it has": (
        spoilt(getitem=lambda self, key: {}[key], contains=lambda self, key: True),
        KeyError,
        "w",
    ),
}
READ = {
    f"mapping: {name}": refused(
        error,
        message,
        lambda s, make=make: s.opt.step(make(s.grads())),
        lambda s, make=make: s.opt.step_async(make(s.grads())).result(),
        lambda s, make=make: s.opt.accumulate(make(s.grads())),
    )
    for name, (make, error, message) in _READ.items()
}

LONGER: dict[str, Case] = {
    "mapping: says it is longer than it is": refused(
        ValueError,
        "grads: expected 2 entries, and its length is 3",
        lambda s: s.opt.step(spoilt(len=lambda self: 3)(s.grads())),
    ),
    "mapping: never ends": refused(
        ValueError,
        "not among the parameters",
        lambda s: s.opt.step(spoilt(iter=lambda self: itertools.count(), len=lambda self: 3)(s.grads())),
    ),
    "mapping: parameters never end": refused(
        ValueError,
        "params: has more entries than its length, which is 2",
        lambda s: s.module.AdamW(
            spoilt(
                iter=lambda self: map(str, itertools.count()),
                getitem=lambda self, key: 1,
                contains=lambda self, key: False,
            )({"a": 1, "b": 1})
        ),
    ),
    "mapping: forgets what it was asked for": correct(lambda s: s.step(), lambda s: s.opt.step(Fickle(s.grads()))),
    "mapping: grows while it is read": correct(
        lambda s: s.step(), lambda s: s.opt.step(Growing(s.grads())), modules=("compiled",)
    ),
    "mapping: parameters that grow": refused(
        RuntimeError, "changed size during iteration", lambda s: s.module.AdamW(Growing({"a": numbers(2)}))
    ),
    "mapping: items raise": refused(
        RuntimeError, "cannot read this", lambda s: s.module.AdamW(spoilt(iter=raising)({"a": numbers(2)}))
    ),
    "mapping: registered, without methods": refused(
        TypeError, "no len|not iterable", lambda s: s.opt.step(_registered()())
    ),
}


def _registered() -> Any:
    return Mapping.register(type("Registered", (), {}))


_KINDS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "OrderedDict": collections.OrderedDict,
    "UserDict": collections.UserDict,
    "ChainMap": lambda grads: collections.ChainMap({"w": grads["w"]}, {"deep": grads["deep"]}),
    "mapping proxy": types.MappingProxyType,
    "other order": lambda grads: dict(reversed(grads.items())),
    "key that equals all": lambda grads: {EqualsAll(): grads["w"], "deep": grads["deep"]},
    "keys of a subclass of str": lambda grads: {Key(key): value for key, value in grads.items()},
    "named tuple inside": lambda grads: grads | {"deep": collections.namedtuple("Pair", "a b")(*grads["deep"])},
    "list that lies": lambda grads: grads | {"deep": LyingList(grads["deep"])},
    "tuple that lies": lambda grads: grads | {"deep": LyingTuple(grads["deep"])},
}
KINDS = {
    f"kind: {name}": correct(lambda s: s.step(), lambda s, make=make: s.opt.step(make(s.grads())))
    for name, make in _KINDS.items()
}

_STRUCTURES: dict[str, tuple[Callable[[Scene], Any], type[Exception], str]] = {
    "deque": (lambda s: s.grads() | {"deep": collections.deque(_pair(s))}, TypeError, "expected a list or tuple of 2"),
    "array of arrays": (
        lambda s: s.grads() | {"deep": np.array([*_pair(s), None], object)},
        TypeError,
        r"grads\['deep'\]: expected a list or tuple",
    ),
    "views of a dict": (
        lambda s: s.grads() | {"deep": dict(enumerate(_pair(s))).values()},
        TypeError,
        "expected a list or tuple",
    ),
    "zip": (lambda s: zip(s.grads(), s.grads(), strict=True), TypeError, "grads: expected a mapping .*, got zip"),
    "text": (lambda s: s.grads() | {"deep": "ab"}, TypeError, "expected a list or tuple of 2 entries, .* got str"),
    "namespace": (lambda s: types.SimpleNamespace(**s.grads()), TypeError, "grads: expected a mapping"),
    "pairs": (lambda s: list(s.grads().items()), TypeError, "grads: expected a mapping .*, got list"),
    "one level too deep": (lambda s: {"params": s.grads()}, ValueError, "grads: missing 'w', 'deep'"),
    "list in the place of an array": (lambda s: s.grads() | {"w": [s.grads()["w"]]}, TypeError, "got list"),
    "dict in the place of an array": (lambda s: s.grads() | {"w": {0: s.grads()["w"]}}, TypeError, "got dict"),
    "dict in the place of a list": (
        lambda s: s.grads() | {"deep": dict(enumerate(_pair(s)))},
        TypeError,
        "expected a list or tuple of 2 entries, .*, got dict",
    ),
    "says it is a list": (lambda s: s.grads() | {"deep": SaysList()}, TypeError, "expected a list or tuple"),
    "says it is a dict": (lambda s: SaysDict(), TypeError, "grads: expected a mapping"),
    "key that cannot be shown": (
        lambda s: s.grads() | {ReprRaises(): None},
        ValueError,
        "a value of type .*ReprRaises",
    ),
    "key whose equality raises": (
        lambda s: {KeyEqualRaises("w"): None, "deep": None},
        RuntimeError,
        "cannot compare",
    ),
    "keys of bytes": (lambda s: {b"w": None, b"deep": None}, ValueError, "grads: missing 'w', 'deep'"),
    "numbers for keys": (lambda s: {0: None, 1: None}, ValueError, "grads: missing 'w', 'deep'"),
}
STRUCTURES = {
    f"structure: {name}": refused(
        error,
        message,
        lambda s, make=make: s.opt.step(make(s)),
        lambda s, make=make: s.opt.accumulate(make(s)),
    )
    for name, (make, error, message) in _STRUCTURES.items()
}

PARAMETERS: dict[str, Case] = {
    "parameters: entry that removes the next": refused(
        ValueError, "expected 2 entries, got 0", lambda s: _nested_params(s).step(shrinking(s)), modules=("compiled",)
    ),
    "parameters: key that cannot be shown": refused(
        TypeError, "params: expected keys of type str or int", lambda s: s.module.AdamW({ReprRaises(): numbers(2)})
    ),
    "parameters: key of which no text can be made": refused(
        ValueError, "digits", lambda s: s.module.AdamW({10**5000: numbers(2)})
    ),
    "parameters: bool for a key": refused(
        TypeError, "params: expected keys of type str or int, got True", lambda s: s.module.AdamW({True: numbers(2)})
    ),
    "parameters: bytes for a key": refused(
        TypeError, "params: expected keys of type str or int, got b'w'", lambda s: s.module.AdamW({b"w": numbers(2)})
    ),
    "parameters: None for a key": refused(
        TypeError, "params: expected keys of type str or int, got None", lambda s: s.module.AdamW({None: numbers(2)})
    ),
    "parameters: int and text of one name": refused(
        ValueError, "would both be named '1'", lambda s: s.module.AdamW({1: numbers(2), "1": numbers(3)})
    ),
    "parameters: empty name and number of one name": refused(
        ValueError, "would both be named '0'", lambda s: s.module.AdamW({"": numbers(2), "0": numbers(3)})
    ),
    "parameters: no hash": refused(RuntimeError, "no hash", lambda s: s.module.AdamW({HashRaises(): numbers(2)})),
    "parameters: group without parameters": refused(
        TypeError,
        r"params\[1\]: expected a group dict",
        lambda s: s.module.AdamW([{"params": numbers(2)}, {"lr": 1.0}]),
    ),
    "parameters: group in a group": refused(
        TypeError,
        r"params\[0\]\['params'\]",
        lambda s: s.module.AdamW([{"params": [{"params": numbers(2), "lr": 1.0}]}]),
    ),
    "parameters: list that lies": refused(
        (ValueError, RuntimeError),
        "no iterator|no items|at least one",
        lambda s: s.module.AdamW(LyingList([])),
    ),
    "parameters: says it is a list": refused(
        TypeError, "params: expected a numpy.ndarray, got", lambda s: s.module.AdamW(SaysList())
    ),
    "parameters: a hundred levels and two lists that hold one another": refused(
        ValueError, "nested more than 100 levels deep", lambda s: s.module.AdamW(_knot())
    ),
    "groups: gradients wrapped and beside them a hyperparameter": refused(
        ValueError,
        r"grads\[0\]: ('params', 'lr' not among|missing)",
        lambda s: s.opt.step([{"params": s.grads()[0], "lr": 1.0}, s.grads()[1]]),
        scene="groups",
    ),
    "groups: gradients wrapped": correct(
        lambda s: s.opt.step(s.grads()), lambda s: s.opt.step([{"params": g} for g in s.grads()]), scene="groups"
    ),
    "groups: wrapped twice": refused(
        ValueError,
        r"grads\[0\]\['params'\]: missing 'w'",
        lambda s: s.opt.step([{"params": {"params": g}} for g in s.grads()]),
        scene="groups",
    ),
    "groups: of one too few": refused(
        ValueError, "grads: expected 2 entries, got 1", lambda s: s.opt.step(s.grads()[:1]), scene="groups"
    ),
}


def _knot() -> Any:
    a: list[Any] = []
    b = [a]
    a.append(b)
    return a


CASES: dict[str, Case] = {**READ, **LONGER, **KINDS, **STRUCTURES, **PARAMETERS}
