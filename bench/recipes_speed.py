"""The optimizer's share of training in the loops of other libraries, before and after the changes of docs/recipes.md.

    python bench/recipes_speed.py
    python bench/recipes_speed.py cartpole text_fsdp --rounds 9

Both programs of each recipe run alternately in one process, or the same two processes, with one thread each; the
figures are medians. What is clocked: the optimizer's ``step``, without the forward and backward pass that some loops
hand it as a closure; its ``zero_grad``; and ``clip_grad_norm_``, since adamas clips within the step where a recipe
says ``max_norm``. A share is that time divided by the time of training: of the framework's function that trains, or
from the first call of the optimizer to the last.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import importlib
import json
import logging
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "recipes"))

from recipe_page import CHANGES, LAUNCHED, Change, launch, load

#: The functions whose time is that of training, by the beginning of the program's name.
_TRAINING = {
    "cartpole_stable_baselines3": ("stable_baselines3", "PPO", "learn"),
    "digits_lightning": ("lightning", "Trainer", "fit"),
    "digits_optuna": ("sklearn.neural_network", "MLPClassifier", "fit"),
    "digits_skorch": ("skorch", "NeuralNet", "fit"),
    "digits_transformers": ("transformers", "Trainer", "train"),
}
#: What is clocked, under which name. Where a class has no such method of its own, that of its base is.
_CLOCKED = [
    *(("torch.optim", name, "step", "step") for name in ("Adam", "AdamW")),
    *(("adamas.torch", name, "step", "step") for name in ("Optimizer", "Offload")),
    ("torch.optim", "Optimizer", "zero_grad", "zero_grad"),
    *(("adamas.torch", name, "zero_grad", "zero_grad") for name in ("Optimizer", "Offload")),
    ("torch.nn", "utils", "clip_grad_norm_", "clip_grad_norm_"),
]
_CLOCKED_SKLEARN = [
    ("sklearn.neural_network._stochastic_optimizers", "BaseOptimizer", "update_params", "step"),
    *(("adamas.sklearn", name, "update_params", "step") for name in ("AdamOptimizer", "SGDOptimizer")),
]


class Clock:
    """Adds up seconds by name. A call within another one counts for the outer one alone."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.calls: defaultdict[str, int] = defaultdict(int)
        self.first = self.last = 0.0
        self._running = False

    @contextlib.contextmanager
    def _paused(self) -> Iterator[None]:
        before, self._running = self._running, False
        try:
            yield
        finally:
            self._running = before

    def clocked(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        """Return a function that does the same, and whose time counts; but not that of a closure which it is given."""

        @functools.wraps(function)
        def call(owner: Any, *args: Any, **kwargs: Any) -> Any:
            if self._running:
                return function(owner, *args, **kwargs)
            away = 0.0

            def without(closure: Any) -> Any:
                def evaluate() -> Any:
                    nonlocal away
                    start = time.perf_counter()
                    with self._paused():
                        loss = closure()
                    away += time.perf_counter() - start
                    return loss

                return evaluate

            if name == "step" and callable(kwargs.get("closure")):
                kwargs["closure"] = without(kwargs["closure"])
            elif name == "step" and args and callable(args[0]):
                args = without(args[0]), *args[1:]
            start = time.perf_counter()
            self.first = self.first or start
            self._running = True
            try:
                return function(owner, *args, **kwargs)
            finally:
                self._running = False
                self.last = time.perf_counter()
                self.seconds[name] += self.last - start - away
                self.calls[name] += 1

        return call

    def training(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that does the same, and whose time is that of training."""

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            start = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds["training"] += time.perf_counter() - start

        return call


def _owner_of(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)


@contextlib.contextmanager
def _wrapped(program: str, clock: Clock) -> Iterator[None]:
    """Let the clock see the functions that a program calls."""
    import torch

    made = []
    with contextlib.ExitStack() as stack:

        def replace(owner: Any, name: str, new: Any) -> None:
            old = owner.__dict__[name]
            setattr(owner, name, new)
            stack.callback(setattr, owner, name, old)

        for module, of, method, name in _CLOCKED + (_CLOCKED_SKLEARN if "optuna" in program else []):
            owner = _owner_of(module, of)
            function = owner.__dict__.get(method)
            if function is None:
                continue
            if method == "step" and module == "torch.optim" and not hasattr(function, "hooked"):
                function = torch.optim.Optimizer.profile_hook_step(function)  # as its constructor would, later
            made.append((owner, method, clock.clocked(function, name)))
        for beginning, (module, of, method) in _TRAINING.items():
            if program.startswith(beginning):
                owner = _owner_of(module, of)
                owner = next(cls for cls in owner.__mro__ if method in cls.__dict__)
                made.append((owner, method, clock.training(owner.__dict__[method])))
        for owner, method, function in made:
            replace(owner, method, function)
        yield


def _time_once(program: str, folder: Path) -> dict[str, float]:
    """Run a program, and return seconds of training and shares of it."""
    clock = Clock()
    with _wrapped(program, clock):
        load(program, folder)
    training = clock.seconds["training"] or clock.last - clock.first
    stepping = clock.seconds["step"] + clock.seconds["zero_grad"]
    return {
        "training": training,
        "optimizer": stepping / training,
        "optimizer and clipping": (stepping + clock.seconds["clip_grad_norm_"]) / training,
        "microseconds": 1e6 * stepping / clock.calls["step"],
    }


def compare(change: Change, rounds: int) -> dict[str, dict[str, float]]:
    """Return medians of what `_time_once` measures, of the program before and after a change."""
    found: dict[str, list[dict[str, float]]] = {change.old: [], change.new: []}
    with tempfile.TemporaryDirectory() as name:
        before = Path.cwd()
        os.chdir(name)
        try:
            for turn in range(rounds + 1):
                for program in [*found][:: 1 if turn % 2 else -1]:
                    measured = _time_once(program, Path(name))
                    if turn:  # the first one warms up
                        found[program].append(measured)
        finally:
            os.chdir(before)
    return {
        side: {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        for side, runs in zip(("before", "after"), found.values(), strict=True)
    }


def _quietly(change: Change, rounds: int) -> dict[str, dict[str, float]]:
    import torch

    import adamas

    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    adamas.set_num_threads(1)
    with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stderr(nowhere):
        return compare(change, rounds)


@contextlib.contextmanager
def _one_process_group() -> Iterator[None]:
    """Let all programs that run in these processes have one group; a second one would take the first one's keys."""
    import torch.distributed as dist

    dist.init_process_group("gloo")
    destroy, dist.destroy_process_group = dist.destroy_process_group, dist.barrier
    dist.init_process_group = lambda backend: None
    yield
    destroy()


def _row(change: Change, found: dict[str, dict[str, float]]) -> str:
    before, after = found["before"], found["after"]
    cells = [f"`{change.new}`"]
    for key in ("optimizer", "optimizer and clipping"):
        cells += [f"{100 * before[key]:.1f} %", f"{100 * after[key]:.1f} %", f"{after[key] / before[key]:.2f}"]
    cells += [f"{before['microseconds']:.0f}", f"{after['microseconds']:.0f}"]
    cells.append(f"{after['training'] / before['training']:.2f}")
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Measure the recipes, and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="parts of the names of recipes; without any, all are measured")
    parser.add_argument("--rounds", type=int, default=5, help="timed runs of each program, after one untimed")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)  # one of several processes
    arguments = parser.parse_args()
    chosen = [
        change
        for change in CHANGES
        if change.is_ours and (not arguments.names or any(name in change.new for name in arguments.names))
    ]
    if arguments.inside:
        with _one_process_group():
            found = _quietly(chosen[0], arguments.rounds)
        if os.environ["RANK"] == "0":
            print(json.dumps(found))
        return
    columns = ["optimizer", "optimizer and clipping"]
    titles = [f"{column}, {each}" for column in columns for each in ("before", "after", "ratio")]
    titles += ["us a step, before", "us a step, after", "time of training, ratio"]
    print(f"| program | {' | '.join(titles)} |\n|---|{'---|' * len(titles)}", flush=True)
    for change in chosen:
        if change.old in LAUNCHED:
            printed = launch(__file__, change.new, "--inside", "--rounds", str(arguments.rounds))
            found = json.loads(printed.splitlines()[-1])
        else:
            found = _quietly(change, arguments.rounds)
        print(_row(change, found), flush=True)


if __name__ == "__main__":
    main()
