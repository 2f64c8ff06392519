"""Saving and loading: state dicts and checkpoints."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from adamas import checkpoint
from adamas._inputs.arrays import check_array, check_overlap
from adamas._inputs.hyperparameters import SCHEDULABLE, check_flag, plain
from adamas._inputs.sparse import MODES, check_caught_up
from adamas._inputs.state_dicts import count_in, read_state_dict, scalar_in
from adamas._inputs.values import stored
from adamas._optimizer.diagnosis import StepChecks
from adamas._optimizer.model import detached
from adamas._system.interrupts import uninterrupted
from adamas._types import Array
from adamas.checkpoint import CheckpointError
from adamas.checkpoint._fit import Fit
from adamas.rows import check_row_numbers, check_rows


class Saving(StepChecks):
    """What optimizers have to save and load."""

    def catch_up(self, name: str | int | None = None, rows: Array | None = None) -> None:
        """Bring rows of ``sparse={name: "exact"}`` parameters to the last step, before they are read.

        Rows without a gradient are left as they are until they have one, and then go through all the steps they missed
        in closed form, as if their gradients had been zeros. The result is that of dense steps but for rounding:
        float32 rounds each of those, and this once. `state_dict` catches up with all rows by itself.

        Args:
            name: A parameter's name or number, as in ``opt.state``. None: all parameters.
            rows: Numbers of the rows that are needed, int64 or int32. None: all rows.

        Raises:
            KeyError: No such parameter.
            TypeError: Rows that are not such an array.
            ValueError: A row that the parameter does not have.
            RuntimeError: Another thread is stepping this optimizer.
        """
        for i in list(self._sparse) if name is None else [self.state.number(name)]:
            leaf = self._leaves[i]
            self._check_gradient(i, "", None, zero_grads=False)
            if rows is not None:
                check_rows(check_row_numbers(rows, "rows"), "rows", leaf.array, f"params{leaf.path}")
            if not self._plan.catch_up(i, rows):
                raise RuntimeError("an input changed while it was being checked; nothing was updated")

    def state_dict(self, *, copy: bool = True) -> dict[str, Any]:
        """Return all that is needed to go on later: states, step counts and hyperparameters.

        Args:
            copy: Copy the state arrays. With False they are the live ones, which later steps change.

        Returns:
            A dict with the class name under ``optimizer``, the number of steps under ``step``, the states by
            parameter name under ``state``, and the hyperparameters under ``param_groups``, where ``params`` lists
            names. Parameters are not included: they are the caller's arrays, to be kept beside it. Nor are callable
            hyperparameters, whose entries are None. So the dict can be pickled.

        Raises:
            TypeError: A hyperparameter has been set to a value of the wrong type.
            ValueError: A hyperparameter has been set to a value out of range.
            RuntimeError: The optimizer is not in the state that it trains in (`ScheduleFreeAdamW.eval`, `averaged`), or
                it is being stepped.
        """
        self._check_unlocked()
        self.catch_up()
        with self._plan:
            return self._state_dict(copy)

    def _check_unlocked(self) -> None:
        """Refuse saving and loading at times when parameters are not what they are trained as."""
        if self._refusal is not None:
            raise RuntimeError(self._refusal.replace("stepping", "saving or loading"))
        self._check_groups(self.param_groups, None)

    def _state_dict(self, copy: bool) -> dict[str, Any]:
        names: list[list[str]] = [[] for _ in self.param_groups]
        for leaf, index in zip(self._leaves, self._group_of, strict=True):
            names[index].append(leaf.name)
        state = {
            name: {
                key: np.copy(value) if copy and isinstance(value, np.ndarray) else value for key, value in entry.items()
            }
            for name, entry in self.state.items()
        }
        return {
            "optimizer": type(self).__name__,
            "step": self._plan.completed,
            "previous_norm": self._plan.previous_norm,
            "formats": {**self._formats.saved(), "average": None if self._average is None else repr(self._average)},
            "state": state,
            "param_groups": [
                {**_without_schedule(detached(group)), "params": n}
                for group, n in zip(self.param_groups, names, strict=True)
            ],
        }

    def save(self, path: str | os.PathLike[str], *, params: bool = True) -> None:
        """Write a checkpoint: parameters, states in their own formats, step counts, hyperparameters.

        The file takes the place of the old one at once, when all of it is on the disk: whatever happens meanwhile, the
        path holds the old checkpoint or the new one. See `adamas.checkpoint` for what is in it.

        Args:
            path: Of the file, which ends in ``.safetensors`` or ``.npz``.
            params: Write the parameters too. Without them they are yours to keep beside it.

        Raises:
            OSError: The file can't be written, or the disk is full; what was at the path is as it was.
            TypeError: A hyperparameter has been set to a value of the wrong type.
            ValueError: ... or out of range; or the path has another ending, or a parameter has been resized.
            RuntimeError: As `state_dict`; or there are accumulated gradients.
        """
        check_flag(params, "params")
        self._check_unlocked()
        self.catch_up()
        with self._plan:
            if self._plan.accumulated:
                raise RuntimeError(
                    "gradients have been accumulated, which checkpoints do not hold; "
                    "call step() or drop_accumulated() first"
                )
            for i, leaf in enumerate(self._leaves):
                if leaf.array.size != self._plan.size(i):
                    raise ValueError(f"params{leaf.path}: has been resized since the optimizer was made")
            state_dict = self._state_dict(copy=False)
            check_caught_up(state_dict, self._exact_names())
            arrays = {leaf.name: leaf.array for leaf in self._leaves}
            checkpoint.write(path, state_dict, arrays, with_params=params)

    def load(
        self,
        path: str | os.PathLike[str],
        *,
        params: bool | None = None,
        strict: bool = True,
        convert: bool = False,
        check_finite: bool = False,
    ) -> list[str]:
        """Read a checkpoint that `save` wrote, of an optimizer of the same class; training goes on with the same bits.

        The whole file is checked before anything is changed: that it is as it was written, and that rule, names,
        shapes, dtypes and formats fit.

        Args:
            path: Of the file.
            params: Load parameters too. None: if the file has them. False: leave them as they are.
            strict: Everything must fit. With False, parameters whose arrays do not fit keep what they have, and their
                names are returned; hyperparameters are loaded if the groups have the same parameters.
            convert: Bring states that were saved in another ``state_dtype`` into this optimizer's, rounding them.
            check_finite: Refuse arrays that hold an infinity or NaN.

        Returns:
            The names of parameters that kept what they had, or were in the file for nothing; with ``strict`` none.

        Raises:
            CheckpointError: No checkpoint, damaged, or one that does not fit; all mismatches are listed.
            OSError: The file can't be read.
            ImportError: It has arrays in bfloat16, and ml_dtypes is not installed.
            ValueError: A parameter has been made read-only.
            RuntimeError: As `load_state_dict`.

            After any of them nothing has changed.
        """
        for flag, name in ((strict, "strict"), (convert, "convert"), (check_finite, "check_finite")):
            check_flag(flag, name)
        if params is not None:
            check_flag(params, "params")
        self._check_unlocked()
        read = checkpoint.read(path)
        if not strict:
            self.catch_up()  # some rows may stay
        kinds = {
            leaf.name: self._info_of_group[group].states
            for leaf, group in zip(self._leaves, self._group_of, strict=True)
        }
        arrays = {leaf.name: leaf.array for leaf in self._leaves}
        with self._plan:
            live = self._state_dict(copy=False)
            fit = Fit(read, live, arrays, kinds)
            loading = fit.check(params=params, strict=strict, convert=convert, check_finite=check_finite)
            for leaf in self._leaves:
                if leaf.name in loading.params:
                    check_array(leaf.array, f"params{leaf.path}", writable=True)
            try:
                put = self._prepare_load(loading.state_dict, live, {*loading.left})
            except (TypeError, ValueError) as error:
                raise CheckpointError(f"{path}: {error}") from None

            def put_all() -> None:
                put()
                for name, value in loading.params.items():
                    np.copyto(arrays[name], value)
                for name in loading.left:  # no averages but of their own values
                    if name in arrays and "average" in live["state"][name]:
                        np.copyto(live["state"][name]["average"], arrays[name], casting="unsafe")
                self._renew_copies()

            uninterrupted(put_all)
        self._plan.drop_accumulated()
        return loading.left

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Restore what `state_dict` returned, into this optimizer's states and ``param_groups``.

        Hyperparameters become those that were saved; where one was callable, this optimizer keeps its own.

        Args:
            state_dict: From an optimizer of the same class over parameters of the same names, shapes and dtypes. The
                parameters themselves are the caller's to restore. An average that it does not have begins with the
                next step.

        Raises:
            TypeError: Not such a dict, or a hyperparameter of the wrong type.
            ValueError: It does not fit; the message lists every mismatch. Nothing has changed then.
            RuntimeError: Another thread is stepping this optimizer.
        """
        self._check_unlocked()
        self.catch_up()
        with self._plan:
            uninterrupted(self._prepare_load(state_dict, self._state_dict(copy=False)))
        self._plan.drop_accumulated()

    def _prepare_load(
        self, state_dict: Mapping[str, Any], live: Mapping[str, Any], left: Collection[str] = ()
    ) -> Callable[[], None]:
        """Find out whether a state dict can be loaded; return what loads it, which cannot fail.

        Args:
            state_dict: To be loaded.
            live: That of this optimizer, with live arrays.
            left: Names of parameters that keep what they have; they have no averages but of their own values.
        """
        state_dict = read_state_dict(state_dict, live)
        groups = stored(self.param_groups)
        loaded = [
            detached(
                {key: ours[key] if key in SCHEDULABLE and value is None else value for key, value in theirs.items()}
            )
            for theirs, ours in zip(state_dict["param_groups"], groups, strict=True)
        ]
        for i, group in enumerate(self._check_groups(loaded, None)):
            if not any(callable(group.get(key)) for key in SCHEDULABLE):
                self._check_exact(i, group)
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
        completed = count_in(state_dict["step"])
        hyperparameters = [{key: value for key, value in values.items() if key != "params"} for values in loaded]
        averaged = self._saved_average_counts(state_dict, completed, left)
        norm = state_dict.get("previous_norm")
        previous_norm = None if norm is None else scalar_in(norm)

        def put() -> None:
            # What may find no memory comes first, and is one call.
            self._plan.set_step_counts(counts, completed, scalars)
            for array, value in pairs:
                np.copyto(array, value)
            for group, values in zip(groups, hyperparameters, strict=True):
                dict.update(group, values)
            self._plan.previous_norm = previous_norm
            if averaged:
                self._plan.set_average_counts(averaged)
            self._renew_copies()

        return put

    def _saved_average_counts(
        self, state_dict: Mapping[str, Any], completed: int, left: Collection[str]
    ) -> list[int] | None:
        """Return how often each parameter has been averaged."""
        if self._average is None:
            return None
        before = self._average.count_until(completed)  # as in versions that did not write it
        entries = [(leaf.name, state_dict["state"][leaf.name]) for leaf in self._leaves]
        begins = {name for name, entry in entries if name in left or "average" not in entry}
        return [0 if name in begins else count_in(entry.get("n_averaged", before)) for name, entry in entries]

    def _saved_numbers(self, state_dict: Mapping[str, Any]) -> tuple[list[int], list[list[float]]]:
        """Return the steps taken by each parameter, and the other numbers that rules keep for each."""
        counts, scalars = [], []
        for leaf, group in zip(self._leaves, self._group_of, strict=True):
            entry = state_dict["state"][leaf.name]
            counts.append(count_in(entry["step"]))
            scalars.append([scalar_in(entry[key]) for key in self._info_of_group[group].scalars])
        return counts, scalars

    def _exact_names(self) -> list[str]:
        return [self._leaves[i].name for i, mode in self._sparse.items() if mode == MODES["exact"]]


def _without_schedule(group: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: None if key in SCHEDULABLE and callable(value) else value if key == "params" else plain(value)
        for key, value in group.items()
    }
