"""Saving and loading: state dicts and checkpoints."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from adamas import checkpoint
from adamas._inputs.arrays import check_array, check_overlap
from adamas._inputs.hyperparameters import LATER, SCHEDULABLE, check_flag, plain, scalar
from adamas._inputs.sparse import check_caught_up
from adamas._inputs.state_dicts import count_in, read_state_dict, scalar_in
from adamas._inputs.values import stored
from adamas._numerics.formats import RowMode
from adamas._optimizer.catch_up import catch_up
from adamas._optimizer.groups import detached
from adamas._optimizer.model import Model
from adamas._optimizer.state_view import States
from adamas._system.interrupts import uninterrupted
from adamas.checkpoint import Checkpoint, CheckpointError
from adamas.checkpoint._fit import Fit

#: ``param_groups`` of the optimizer.
Groups = list[dict[str, Any]]


class Saver:
    """What an optimizer has to save and load; the docstrings of `Optimizer` say what each method does."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def state_dict(self, groups: Groups, *, copy: bool) -> dict[str, Any]:
        """Return the state dict of the optimizer, whose ``param_groups`` are ``groups``."""
        self._check_unlocked(groups)
        catch_up(self._model)
        with self._model.engine:
            return self._state_dict(groups, copy)

    def _check_unlocked(self, groups: Groups) -> None:
        """Refuse saving and loading at times when parameters are not what they are trained as."""
        model = self._model
        if model.refusal is not None:
            raise RuntimeError(model.refusal.replace("stepping", "saving or loading"))
        model.groups.check(groups, None, keeping=None if model.kind.foreign else model.parameters)

    def _state_dict(self, groups: Groups, copy: bool) -> dict[str, Any]:
        model = self._model
        names: list[list[str]] = [[] for _ in groups]
        for parameter in model.parameters:
            names[parameter.group].append(parameter.name)
        state = {
            name: {
                key: np.copy(value) if copy and isinstance(value, np.ndarray) else value for key, value in entry.items()
            }
            for name, entry in States(model).items()
        }
        average = None if model.average is None else repr(model.average)
        shared = model.shared_scalars()
        return {
            "optimizer": model.kind.name,
            "step": model.engine.completed,
            "previous_norm": model.engine.previous_norm,
            **({"scalars": shared} if shared else {}),
            "formats": {**model.formats.saved(), "average": average},
            "state": state,
            "param_groups": [
                {**_without_schedule(detached(group)), "params": n} for group, n in zip(groups, names, strict=True)
            ],
        }

    def save(self, path: str | os.PathLike[str], groups: Groups, *, params: bool) -> None:
        """Write a checkpoint."""
        check_flag(params, "params")
        self._check_unlocked(groups)
        catch_up(self._model)
        model = self._model
        with model.engine:
            if model.engine.accumulated:
                raise RuntimeError(
                    "gradients have been accumulated, which checkpoints do not hold; "
                    "call step() or drop_accumulated() first"
                )
            for parameter in model.parameters:
                if parameter.array.size != parameter.size:
                    raise ValueError(f"{parameter.path}: has been resized since the optimizer was made")
            state_dict = self._state_dict(groups, copy=False)
            check_caught_up(state_dict, self._exact_names())
            self._write(path, state_dict, with_params=params)

    def _write(self, path: str | os.PathLike[str], state_dict: dict[str, Any], *, with_params: bool) -> None:
        arrays = {parameter.name: parameter.array for parameter in self._model.parameters}
        checkpoint.write(path, state_dict, arrays, with_params=with_params)

    def _read(self, path: str | os.PathLike[str], *, convert: bool) -> Checkpoint:
        """Read what this process has a place for; with `convert`, states of another format may be in this one's."""
        return checkpoint.read(path)

    def _change(self, put: Callable[[], None]) -> None:
        """Change the optimizer and its parameters."""

        def change() -> None:
            self._model.before_change("load")
            put()
            self._model.after_change()
            self._model.renew_copies()

        uninterrupted(change)

    def load(
        self,
        path: str | os.PathLike[str],
        groups: Groups,
        *,
        params: bool | None,
        strict: bool,
        convert: bool,
        check_finite: bool,
    ) -> list[str]:
        """Read a checkpoint; return the names of parameters that kept what they had."""
        for flag, name in ((strict, "strict"), (convert, "convert"), (check_finite, "check_finite")):
            check_flag(flag, name)
        if params is not None:
            check_flag(params, "params")
        self._check_unlocked(groups)
        read = self._read(path, convert=convert)
        if not strict:
            catch_up(self._model)  # some rows may stay
        model = self._model
        kinds = {parameter.name: parameter.formula.states for parameter in model.parameters}
        arrays = {parameter.name: model.own_part(parameter) for parameter in model.parameters}
        matrices = {parameter.name: parameter.matrix for parameter in model.parameters}
        with model.engine:
            live = self._state_dict(groups, copy=False)
            fit = Fit(read, live, arrays, kinds, matrices)
            loading = fit.check(params=params, strict=strict, convert=convert, check_finite=check_finite)
            for parameter in model.parameters:
                if parameter.name in loading.params:
                    check_array(parameter.array, parameter.path, writable=True)
            try:
                put = self._prepare_load(loading.state_dict, groups, live, {*loading.left})
            except (TypeError, ValueError) as error:
                raise CheckpointError(f"{path}: {error}") from None

            def put_all() -> None:
                put()
                for name, value in loading.params.items():
                    np.copyto(arrays[name], value)
                for name in loading.left:  # no averages but of their own values
                    if name in arrays and "average" in live["state"][name]:
                        np.copyto(live["state"][name]["average"], arrays[name], casting="unsafe")

            self._change(put_all)
        model.engine.drop_accumulated()
        return loading.left

    def load_state_dict(self, state_dict: Mapping[str, Any], groups: Groups) -> None:
        """Restore what `state_dict` returned."""
        self._check_unlocked(groups)
        catch_up(self._model)
        with self._model.engine:
            self._change(self._prepare_load(state_dict, groups, self._state_dict(groups, copy=False)))
        self._model.engine.drop_accumulated()

    def _prepare_load(
        self, state_dict: Mapping[str, Any], groups: Groups, live: Mapping[str, Any], left: Collection[str] = ()
    ) -> Callable[[], None]:
        """Find out whether a state dict can be loaded; return what loads it, which cannot fail.

        Args:
            state_dict: To be loaded.
            groups: The optimizer's ``param_groups``.
            live: That of this optimizer, with live arrays.
            left: Names of parameters that keep what they have; they have no averages but of their own values.
        """
        state_dict = read_state_dict(state_dict, live)
        model, groups = self._model, stored(groups)
        loaded = [
            detached(
                {key: value for key, value in LATER.items() if key in ours}
                | {key: ours[key] if key in SCHEDULABLE and value is None else value for key, value in theirs.items()}
            )
            for theirs, ours in zip(state_dict["param_groups"], groups, strict=True)
        ]
        for i, group in enumerate(model.groups.check(loaded, None)):
            if not any(callable(group.get(key)) for key in SCHEDULABLE):
                model.groups.check_exact(i, group, model.parameters)
        check_caught_up(state_dict, self._exact_names())
        pairs = [
            (array, state_dict["state"][name][key])
            for name, entry in live["state"].items()
            for key, array in entry.items()
            if isinstance(array, np.ndarray) and key in state_dict["state"][name]
        ]
        pairs = [(array, value if value.flags.c_contiguous else np.copy(value)) for array, value in pairs]
        try:
            check_overlap([("", array) for pair in pairs for array in pair])
        except ValueError:  # it holds live arrays, which must not change while they are being read
            pairs = [(array, np.copy(value)) for array, value in pairs]

        counts, scalars = self._saved_numbers(state_dict)
        names = model.kind.spec.shared_scalars
        shared = [scalar(state_dict["scalars"][name], "", signed=True) for name in names]
        completed = count_in(state_dict["step"])
        hyperparameters = [{key: value for key, value in values.items() if key != "params"} for values in loaded]
        averaged = self._saved_average_counts(state_dict, completed, left)
        norm = state_dict.get("previous_norm")
        previous_norm = None if norm is None else scalar_in(norm)

        def put() -> None:
            # What may find no memory comes first, and is one call.
            model.engine.set_step_counts(counts, completed, scalars, shared)
            for array, value in pairs:
                np.copyto(array, value)
            for group, values in zip(groups, hyperparameters, strict=True):
                dict.update(group, values)
            model.engine.previous_norm = previous_norm
            if averaged:
                model.engine.set_average_counts(averaged)

        return put

    def _saved_average_counts(
        self, state_dict: Mapping[str, Any], completed: int, left: Collection[str]
    ) -> list[int] | None:
        """Return how often each parameter has been averaged."""
        average = self._model.average
        if average is None:
            return None
        before = average.count_until(completed)  # as in versions that did not write it
        entries = [(parameter.name, state_dict["state"][parameter.name]) for parameter in self._model.parameters]
        begins = {name for name, entry in entries if name in left or "average" not in entry}
        return [0 if name in begins else count_in(entry.get("n_averaged", before)) for name, entry in entries]

    def _saved_numbers(self, state_dict: Mapping[str, Any]) -> tuple[list[int], list[list[float]]]:
        """Return the steps taken by each parameter, and the other numbers that rules keep for each."""
        counts, scalars = [], []
        for parameter in self._model.parameters:
            entry = state_dict["state"][parameter.name]
            counts.append(count_in(entry["step"]))
            scalars.append([scalar_in(entry[key]) for key in parameter.formula.scalars])
        return counts, scalars

    def _exact_names(self) -> list[str]:
        return [parameter.name for parameter in self._model.parameters if parameter.row_mode is RowMode.EXACT]


def _without_schedule(group: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: None if key in SCHEDULABLE and callable(value) else value if key == "params" else plain(value)
        for key, value in group.items()
    }
