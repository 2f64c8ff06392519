"""Nested parameters, and gradients with the same nesting.

A model's parameters come as one array, a list or tuple, a mapping with string or integer keys, or any nesting of
these. The description made here is what the compiled core reads gradients with (``cpp/bindings/structure.cpp``);
`leaves_like` is the same walk in Python, which also says what does not fit.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from adamas._inputs.values import is_a, shown, stored, type_name


@dataclass(frozen=True, slots=True)
class Description:
    """How parameters nest; ``cpp/bindings/structure.cpp`` reads these attributes by name."""

    kind: Literal["leaf", "sequence", "mapping", "group"]
    #: Of a group, the one description of its parameters.
    children: Sequence[Description] = ()
    #: Of a mapping, a key for each child.
    keys: Sequence[str | int] = ()
    #: Of a group: ``{"params": gradients}`` is as good as the gradients.
    may_be_wrapped: bool = False


_LEAF = Description("leaf")

#: No model nests deeper; a list that contains itself does.
MAX_DEPTH = 100

#: So many entries that should not be there are looked at: a mapping may have no end.
_MOST_EXTRA = 1_000


class Named(Protocol):
    """A parameter with its name, and its path as messages show it: ``params['encoder']['w']``."""

    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def array(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Leaf:
    """One parameter: its name (``"encoder.w"``), its path as in Python (``"['encoder']['w']"``), and the array."""

    name: str
    path: str
    array: Any


def split_groups(params: Any, options: Collection[str]) -> list[dict[str, Any]] | None:
    """Return the group dicts if ``params`` is a list of them (every item a dict with a ``"params"`` entry).

    Args:
        params: What the optimizer was given.
        options: Names of the hyperparameters, to tell a lone group dict from a mapping of parameters.
    """
    if is_a(params, Mapping) and "params" in params and any(name in params for name in options):
        raise TypeError("params: looks like a group dict, with its hyperparameters; put it into a list: [{...}]")
    if not is_a(params, list | tuple):
        return None
    items = stored(params)
    is_group = [is_a(item, Mapping) and "params" in item for item in items]
    if not any(is_group):
        return None
    if not all(is_group):
        odd = is_group.index(False)
        raise TypeError(
            f"params[{odd}]: expected a group dict with an entry 'params', as params[{is_group.index(True)}] is, "
            f"got {type_name(items[odd])}"
        )
    return [dict(item) for item in items]


def describe(params: Any, prefix: str = "", first: int = 0) -> tuple[Description, list[Leaf]]:
    """Walk nested parameters.

    Args:
        params: An array or nested containers of arrays. What is no container is taken for a leaf; checking that it
            is an array is the caller's job.
        prefix: Path of ``params`` itself.
        first: Number at which the names of a top-level sequence start (groups are numbered on from one another).
    """
    leaves: list[Leaf] = []
    return _describe(params, "", prefix, first, leaves, 0), leaves


def check_names(leaves: Sequence[Named]) -> None:
    """Refuse two parameters of one name, such as ``{"a.b": x, "a": {"b": y}}`` makes."""
    seen: dict[str, str] = {}
    for leaf in leaves:
        if leaf.name in seen:
            raise ValueError(
                f"{leaf.path} and {seen[leaf.name]} would both be named {leaf.name!r}: rename one of the keys"
            )
        seen[leaf.name] = leaf.path


def _describe(tree: Any, name: str, path: str, first: int, leaves: list[Leaf], depth: int) -> Description:
    if depth > MAX_DEPTH:
        raise ValueError(f"params{path[:60]}...: nested more than {MAX_DEPTH} levels deep; does it contain itself?")
    if is_a(tree, Mapping):
        keys: list[str | int] = []
        children: list[Description] = []
        length = len(tree)
        for key, child in tree.items():
            if is_a(key, bool) or not is_a(key, str | int):
                raise TypeError(f"params{path}: expected keys of type str or int, got {some([key])}")
            if len(children) == length:
                raise ValueError(f"params{path}: has more entries than its length, which is {length}")
            keys.append(key)
            children.append(_describe(child, _join(name, str(key)), f"{path}[{key!r}]", 0, leaves, depth + 1))
        return Description("mapping", children, keys)
    if is_a(tree, list | tuple):
        return Description(
            "sequence",
            [
                _describe(child, _join(name, str(first + i)), f"{path}[{i}]", 0, leaves, depth + 1)
                for i, child in enumerate(stored(tree))
            ],
        )
    leaves.append(Leaf(name or str(first), path, tree))
    return _LEAF


def group_description(child: Description) -> Description:
    """Describe one group; its gradients may come as they are, or wrapped as ``{"params": gradients}``."""
    names_params_itself = child.kind == "mapping" and "params" in child.keys
    return Description("group", [child], may_be_wrapped=not names_params_itself)


def leaves_like(description: Description, tree: Any, path: str = "grads") -> Iterator[tuple[str, Any]]:
    """Yield path and value of each leaf of ``tree``, which must nest as described.

    Raises:
        TypeError: A container is of another kind than that of the parameters.
        ValueError: A container has too few, too many or other entries.
    """
    kind = description.kind
    if kind == "leaf":
        yield path, tree
    elif kind == "sequence":
        yield from _sequence_leaves(description.children, tree, path)
    elif kind == "mapping":
        yield from _mapping_leaves(description, tree, path)
    else:
        if description.may_be_wrapped and type(tree) is dict and list(tree) == ["params"]:
            tree, path = tree["params"], f"{path}['params']"
        yield from leaves_like(description.children[0], tree, path)


def filled(description: Description, leaves: Iterator[Any]) -> Any:
    """Return what nests as described, with these leaves."""
    if description.kind == "leaf":
        return next(leaves)
    if description.kind == "mapping":
        children = zip(description.keys, description.children, strict=True)
        return {key: filled(child, leaves) for key, child in children}
    children_of = [filled(child, leaves) for child in description.children]
    return children_of[0] if description.kind == "group" else children_of


def _sequence_leaves(children: Sequence[Description], tree: Any, path: str) -> Iterator[tuple[str, Any]]:
    if not is_a(tree, list | tuple):
        raise TypeError(
            f"{path}: expected a list or tuple of {_count(len(children))}, as the parameters are, got {type_name(tree)}"
        )
    items = stored(tree)
    if len(items) != len(children):
        raise ValueError(
            f"{path}: expected {_count(len(children))}, got {len(items)}; use None for a parameter that has no gradient"
        )
    for i, child in enumerate(children):
        yield from leaves_like(child, items[i], f"{path}[{i}]")


def _mapping_leaves(description: Description, tree: Any, path: str) -> Iterator[tuple[str, Any]]:
    keys = list(description.keys)
    if not is_a(tree, Mapping):
        raise TypeError(
            f"{path}: expected a mapping with the keys {some(keys)}, as the parameters are, got {type_name(tree)}"
        )
    missing = [key for key in keys if key not in tree]
    known = set(keys)
    extra = [key for key in itertools.islice(tree, len(keys) + _MOST_EXTRA) if key not in known]
    if missing and extra:
        found = f"missing {some(missing)}, and unexpected {some(extra)}"
        raise ValueError(f"{path}: {found}; the parameters are {some(keys)}")
    if missing:
        raise ValueError(f"{path}: missing {some(missing)}; use None for a parameter that has no gradient")
    if extra:
        raise ValueError(f"{path}: {some(extra)} not among the parameters, which are {some(keys)}")
    if len(tree) != len(keys):
        raise ValueError(f"{path}: expected {_count(len(keys))}, and its length is {len(tree)}")
    for key, child in zip(keys, description.children, strict=True):
        yield from leaves_like(child, tree[key], f"{path}[{key!r}]")


def _join(name: str, key: str) -> str:
    return f"{name}.{key}" if name else key


def _count(n: int) -> str:
    return "1 entry" if n == 1 else f"{n} entries"


def some(keys: list[Any], most: int = 5) -> str:
    """List the first few keys for a message."""
    text = ", ".join(map(shown, keys[:most]))
    return text if len(keys) <= most else f"{text} and {len(keys) - most} more"
