"""Progress messages and callbacks of a minimization."""

from __future__ import annotations

import inspect
from typing import Any

from adamas.adapters import Array
from adamas.adapters.checks import shown
from adamas.scipy._objective import Objective


class Report:
    """Calls the callback, and moves the progress bar, after each iteration; a context manager.

    Args:
        callback: A function of ``intermediate_result`` or of ``xk``, or None.
        result_class: The class of ``intermediate_result``.
        most: How many iterations there are at most.
        progress: Show a progress bar.
    """

    def __init__(self, callback: Any, result_class: Any, most: int, progress: bool) -> None:
        if callback is not None and not callable(callback):
            raise TypeError(f"callback: expected a function, got {shown(callback)}")
        self._callback = callback
        self._takes_result = callback is not None and _only_argument(callback) == "intermediate_result"
        self._result_class = result_class
        self._bar = _new_bar(most) if progress else None

    def __enter__(self) -> Report:
        return self

    def __exit__(self, *details: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def after(self, nit: int, x: Array, objective: Objective) -> bool:
        """Tell of an iteration; return whether the callback wants to stop."""
        if self._bar is not None:
            self._bar.set_postfix(fun=f"{objective.value():.6g}", refresh=False)
            self._bar.update()
        if self._callback is None:
            return False
        try:
            if self._takes_result:
                state = self._result_class(x=x.copy(), fun=objective.value(), nit=nit)
                self._callback(intermediate_result=state)
            else:
                self._callback(x.copy())
        except StopIteration:
            return True
        return False


def summarize(result: Any) -> None:
    """Print how a minimization ended."""
    print(result.message)
    print(f"         Current function value: {result.fun}")
    print(f"         Iterations: {result.nit}")
    print(f"         Function evaluations: {result.nfev}")
    print(f"         Gradient evaluations: {result.njev}")


def _only_argument(callback: Any) -> str | None:
    try:
        names = list(inspect.signature(callback).parameters)
    except (TypeError, ValueError):  # a function that Python knows nothing of
        return None
    return names[0] if len(names) == 1 else None


def _new_bar(most: int) -> Any:
    try:
        from tqdm import tqdm  # noqa: PLC0415
    except ImportError as error:
        raise ImportError("adamas.minimize: progress=True needs tqdm; install it with: pip install tqdm") from error
    return tqdm(total=most, unit="it")
