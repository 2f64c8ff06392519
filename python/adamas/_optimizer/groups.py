"""The hyperparameters of an optimizer's groups: their checks, at construction and before each step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adamas._inputs.hyperparameters import check_group
from adamas._inputs.names import meant
from adamas._inputs.sparse import check_sparse_hyperparameters
from adamas._inputs.values import is_a, shown, stored, type_name
from adamas._numerics.formats import RowMode
from adamas._optimizer.kind import Kind
from adamas._optimizer.options import Options
from adamas._optimizer.parameters import Parameters
from adamas.rules import Formula
from adamas.rules.common import with_largest_rate


@dataclass(frozen=True, slots=True)
class Group:
    """What is settled about a group at construction."""

    #: What serves it, except for parameters whose shape asks for another form.
    formula: Formula
    #: Hyperparameters that keep the values they had.
    frozen: Mapping[str, Any]


class Groups:
    """The groups of an optimizer. Their hyperparameters are the user's to change, in ``param_groups``.

    Args:
        kind: The optimizer's.
        defaults: The hyperparameters of groups that do not set their own.
    """

    def __init__(self, kind: Kind, defaults: dict[str, Any]) -> None:
        self.kind = kind
        self.defaults = defaults
        self.records: list[Group] = []
        self.check_one(with_largest_rate(defaults), "{}", None)

    def add(self, given: Mapping[str, Any], path: str) -> dict[str, Any]:
        """Settle a group, and return its dict of ``param_groups``.

        Args:
            given: As the user gave it; ``"params"``, and hyperparameters of its own.
            path: How messages name it.

        Raises:
            TypeError: A hyperparameter of the wrong type.
            ValueError: One out of range, or an entry that is none.
        """
        spec = self.kind.spec
        unknown = [key for key in given if key != "params" and key not in spec.argument_names]
        if unknown:
            raise ValueError(f"params{path}[{unknown[0]!r}]: {self._no_hyperparameter(unknown[0])}")
        own = {key: value for key, value in given.items() if key != "params"}
        merged = {"params": given["params"], **detached({**self.defaults, **own})}
        if not self.kind.foreign:  # those of another library it has settled itself
            merged = with_largest_rate(merged)
        self.check_one(merged, f"params{path}[{{!r}}]", None)
        self.records.append(Group(spec.formula_for(merged), {key: merged[key] for key in spec.frozen}))
        return merged

    def check(
        self,
        groups: Any,
        completed: int | None,
        scheduled: Sequence[Mapping[str, Any] | None] | None = None,
        *,
        keeping: Parameters | None = None,
        exact: Parameters | None = None,
    ) -> list[dict[str, Any]]:
        """Return the hyperparameters of each group, as plain numbers.

        Args:
            groups: What is, or is to become, ``param_groups``.
            completed: Steps taken so far, with which callables are called; None to leave them uncalled.
            scheduled: What callables have returned for this step already.
            keeping: The parameters that the groups must still hold; None to leave that unchecked.
            exact: The parameters, whose rows must be able to catch up; likewise.

        Raises:
            TypeError: A hyperparameter of the wrong type.
            ValueError: One missing, out of range or frozen, or an entry that nobody reads.
        """
        if not isinstance(groups, list) or len(groups) != len(self.records):
            raise ValueError(f"param_groups: expected a list of {len(self.records)} dicts, as it was at first")
        checked = []
        for i, (group, record) in enumerate(zip(groups, self.records, strict=True)):
            if not isinstance(group, dict):
                raise TypeError(f"param_groups[{i}]: expected a dict, got {type_name(group)}")
            called = scheduled[i] if scheduled else None
            checked.append(self.check_one(group, f"param_groups[{i}][{{!r}}]", completed, called))
            self._check_changes(i, group, record)
        if keeping is not None:
            keeping.check_kept(groups)
        self.kind.spec.check_together(checked, "param_groups[{}][{!r}]")
        if exact is not None and completed is not None:
            for i, hyperparameters in enumerate(checked):
                self.check_exact(i, hyperparameters, exact)
        return checked

    def check_exact(self, number: int, group: Mapping[str, Any], parameters: Parameters) -> None:
        """Refuse hyperparameters, checked and called, with which rows of the group could not be stepped or catch up."""
        for parameter in parameters.by_row():
            if parameter.group == number and group.get("cautious"):
                raise ValueError(
                    f"param_groups[{number}]['cautious']: {parameter.name!r} takes gradients of single rows (sparse), "
                    "but the mask of a cautious update is one of a whole parameter; leave it False"
                )
            if parameter.row_mode is RowMode.EXACT and parameter.group == number:
                check_sparse_hyperparameters(parameter.name, group, f"param_groups[{number}]")

    def check_one(
        self, group: Mapping[str, Any], path: str, completed: int | None, scheduled: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the hyperparameters of one group, as plain numbers; the arguments are those of `check_group`."""
        checked = check_group(group, path, self.kind.spec.hyperparameters, completed, scheduled)
        self.kind.spec.check_group(checked, path)
        return checked

    def _check_changes(self, number: int, group: dict[str, Any], record: Group) -> None:
        """Refuse entries that nobody reads, and values that the states there are do not go with."""
        if not self.kind.foreign:
            for key in dict.keys(group):
                if key not in ("params", *self.defaults):
                    raise ValueError(f"param_groups[{number}][{shown(key)}]: {self._no_hyperparameter(key)}")
        for each in self.kind.spec.hyperparameters:
            state = each.state
            if state and not each.frozen and group[each.name] and state not in record.formula.states:
                raise ValueError(
                    f"param_groups[{number}][{each.name!r}]: was 0 when this optimizer was made, and there is no "
                    f"{state}; make a new optimizer"
                )
        for key, value in record.frozen.items():
            if group[key] != value:
                raise ValueError(
                    f"param_groups[{number}][{key!r}]: cannot change after construction (it is {value!r}); make a new "
                    "optimizer"
                )

    def _no_hyperparameter(self, name: Any) -> str:
        """Say in a message that there is no such entry of a group."""
        owner, known = self.kind.name, self.kind.spec.argument_names
        if name in Options.__annotations__:
            return f"is an option, which is the same for all groups; write {owner}(params, {name}=...)"
        return f"{owner} has no such hyperparameter{meant(name, known)}; it has {', '.join(known)}"


def detached(group: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a group, lists of numbers included, so that nobody else's change is felt here."""
    return {
        key: tuple(stored(value)) if key != "params" and is_a(value, list) else value for key, value in group.items()
    }
