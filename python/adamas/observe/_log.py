"""The log of the measurements of observed steps."""

from __future__ import annotations

import csv
import math
import os
from pathlib import Path
from typing import Any

import numpy as np

from adamas._inputs.values import any_of, shown, type_name
from adamas._optimizer.observed import Observed
from adamas._types import Array
from adamas.observe import _events, _picture
from adamas.observe._findings import Findings, find


class Log:
    """The log of the observed steps of one optimizer.

    Args:
        optimizer: An optimizer of `adamas`, `adamas.reference`, `adamas.torch` or `adamas.keras`, which `add` asks for
            its ``observed``. None: `add` is given what it adds, as under `adamas.jax`.

    Attributes:
        observations: What was added, in order, an `Observed` for each step.

    Raises:
        TypeError: ``optimizer`` is none of these.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.ones(4)
        >>> opt = adamas.SGD({"w": w}, lr=0.1, observe=2)
        >>> log = adamas.observe.Log(opt)
        >>> for _ in range(5):
        ...     _ = opt.step({"w": w.copy()})
        ...     _ = log.add()
        >>> log.steps
        [1, 3, 5]
        >>> log.table("update_ratio").round(6)
        array([[0.1],
               [0.1],
               [0.1]])
    """

    def __init__(self, optimizer: Any = None) -> None:
        observed = getattr(type(optimizer), "observed", None)
        if callable(observed):
            raise TypeError(
                f"optimizer: {type_name(optimizer)} keeps nothing itself; make a Log without it, and add what "
                "observed(params, state) returns"
            )
        if optimizer is not None and observed is None:
            raise TypeError(f"optimizer: expected an optimizer of adamas, got {type_name(optimizer)}")
        self._optimizer = optimizer
        self.observations: list[Observed] = []

    def add(self, observed: Observed | None = None) -> bool:
        """Add the measurements of the last observed step, unless the log has them already.

        Call it after each step, or at least once after each observed step: the optimizer keeps the last one only.

        Args:
            observed: What to add. None: ``optimizer.observed``.

        Returns:
            Whether something was added.

        Raises:
            TypeError: ``observed`` is no `Observed`, or None in a log without an optimizer.
            ValueError: It is of other parameters than those before it, or of an earlier step.
        """
        if observed is None:
            if self._optimizer is None:
                raise TypeError("observed: expected an Observed, since this log was made without an optimizer")
            observed = self._optimizer.observed
            if observed is None:
                return False
        if not isinstance(observed, Observed):
            raise TypeError(f"observed: expected an Observed, got {type_name(observed)}")
        if self.observations:
            last = self.observations[-1]
            if observed.names != last.names:
                raise ValueError("observed: is of other parameters than those in this log; make a new log")
            if observed.step == last.step:
                return False
            if observed.step < last.step:
                raise ValueError(
                    f"observed: is of step {observed.step}, before step {last.step}, the last one in this log; make a "
                    "new log"
                )
        self.observations.append(observed)
        return True

    def __len__(self) -> int:
        return len(self.observations)

    def __repr__(self) -> str:
        return f"<Log: {len(self)} observed steps of {len(self.names)} parameters>"

    @property
    def steps(self) -> list[int]:
        """The numbers of the steps."""
        return [observed.step for observed in self.observations]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the parameters; none in an empty log."""
        return self.observations[0].names if self.observations else ()

    def table(self, quantity: str) -> Array:
        """Return one quantity: a row for each step, a column for each parameter.

        Args:
            quantity: Its name, one of ``Observed.quantities``.

        Raises:
            ValueError: There is no such quantity.
        """
        if quantity not in Observed.quantities:
            raise ValueError(f"quantity: expected {any_of(Observed.quantities)}, got {shown(quantity)}")
        rows = [getattr(observed, quantity) for observed in self.observations]
        return np.array(rows).reshape(len(rows), len(self.names))

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write a CSV file: a line for each step and parameter, a column for each quantity.

        Numbers have all digits that it takes to read them back as they were. A field is empty where the number is NaN.

        Args:
            path: Path of the file.

        Raises:
            OSError: The file cannot be written.
        """
        with Path(path).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["step", "parameter", *Observed.quantities])
            for observed in self.observations:
                columns = [getattr(observed, quantity).tolist() for quantity in Observed.quantities]
                for name, *values in zip(observed.names, *columns, strict=True):
                    written = ["" if math.isnan(value) else repr(value) for value in values]
                    writer.writerow([observed.step, name, *written])

    def to_tensorboard(self, directory: str | os.PathLike[str]) -> None:
        """Write an event file for TensorBoard, with its own writer: a scalar ``<quantity>/<parameter>`` each.

        Numbers that are NaN are left out. An event file is complete: write into another directory, or after training.

        Args:
            directory: Where the event file goes; it is made if it is not there.

        Raises:
            ImportError: The package tensorboard is missing; the message says what to install.
            OSError: The file cannot be written.
        """
        _events.write(self.observations, os.fspath(directory))

    def draw(self, path: str | os.PathLike[str], quantity: str = "update_ratio") -> None:
        """Draw one quantity, with `findings` beside it: a row for each parameter, a column for each step.

        The colour is the log10 of the quantity.

        Args:
            path: Of the picture. Its ending says which format, as for ``matplotlib``: ``.png``, ``.svg``, ``.pdf``.
            quantity: Which; one that is not negative: not ``"cosine"``.

        Raises:
            ImportError: The package matplotlib is missing; the message says what to install.
            OSError: The file cannot be written.
            ValueError: There is no such quantity, one has no logarithm, or the log is empty.
        """
        if quantity == "cosine":
            raise ValueError(
                "quantity: 'cosine' may be negative, and has no logarithm; draw log.table('cosine') yourself"
            )
        values = self.table(quantity)
        if not self.observations:
            raise ValueError("draw: nothing has been added to this log")
        if quantity == "update_ratio":
            values = np.where(self.table("update_rms") == 0.0, 0.0, values)  # also of a parameter that is zero itself
        _picture.draw(values, self.steps, self.names, quantity, self.findings(), os.fspath(path))

    def findings(self) -> Findings:
        """Return the problems that the log shows; as text, a table with a sentence of advice for each."""
        return find(self.observations)
