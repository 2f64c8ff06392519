"""SGD, Nesterov, Adam and their relatives on one network, one data set and the same seeds, each at its best rate.

A comparison of optimizers depends on their learning rates more than on anything else. So each optimizer is tried on a
grid of learning rates in steps of half a decade. The grid grows until its best rate, chosen by the validation loss, is
not at its edge. With that rate the optimizer is trained with several seeds. The table has the steps to a training loss,
the final losses on training and test data with the gap between them, and the factor by which the rate may vary.

The network is the perceptron of `adamas demo` on Fashion-MNIST. All learning rates fall to zero along a cosine, except
that of Schedule-Free, which needs no schedule. Prodigy finds its step size by itself: its learning rate is 1.

Copy this file alone: it needs ``pip install 'adamas[examples]'``, and the data: apt-get install dataset-fashion-mnist.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import adamas
from adamas.demo.command_line import add_image_options, make_parser, parse, positive_int
from adamas.demo.images import Images, batch_count, batches, load_images
from adamas.demo.mlp import Array, Layers, evaluate, init_mlp, loss_and_grads
from adamas.demo.pictures import GREY, MARKERS, picture, series_look
from adamas.demo.program import run_program
from adamas.demo.run import Run
from adamas.demo.table import check_reloaded
from adamas.schedules import Cosine

#: The factor between two learning rates of a grid.
_STEP = math.sqrt(10.0)
#: How much of the loss of the batches so far is kept at each step.
_SMOOTHING = 0.95
#: Of so many steps, the training loss of one is drawn.
_STRIDE = 8
#: Panels side by side.
_COLUMNS = 5
#: Validation losses above so many times the lowest are drawn at the edge.
_WORST = 1.5
#: A learning rate is good enough if its validation loss is at most so many times the lowest.
_LEEWAY = 1.1

Make = Callable[..., adamas.optimizers.CompiledOptimizer]


@dataclass(frozen=True)
class Contestant:
    """An optimizer, and the learning rate at which its grid begins, if it needs one."""

    make: Make
    lr: float
    is_scheduled: bool = True
    is_tuned: bool = True  # else the learning rate is that one


def contestants(weight_decay: float) -> dict[str, Contestant]:
    """Return all that are compared, by name."""

    def with_options(cls: Any, **options: Any) -> Make:
        return lambda layers, lr: cls(layers, lr=lr, **options)

    average = adamas.EMA(0.99, warmup=True)
    return {
        "SGD": Contestant(with_options(adamas.SGD), 0.3),
        "SGD, momentum": Contestant(with_options(adamas.SGD, momentum=0.9), 0.03),
        "Nesterov": Contestant(with_options(adamas.SGD, momentum=0.9, nesterov=True), 0.03),
        "Adagrad": Contestant(with_options(adamas.Adagrad), 0.02),
        "RMSprop": Contestant(with_options(adamas.RMSprop), 1e-3),
        "Adam": Contestant(with_options(adamas.Adam), 2e-3),
        "AMSGrad": Contestant(with_options(adamas.Adam, amsgrad=True), 2e-3),
        "NAdam": Contestant(with_options(adamas.NAdam), 2e-3),
        "Adam, L2 penalty": Contestant(with_options(adamas.Adam, weight_decay=1e-3), 2e-3),
        "AdamW": Contestant(with_options(adamas.AdamW, weight_decay=weight_decay), 2e-3),
        "AdamW, averaged": Contestant(with_options(adamas.AdamW, weight_decay=weight_decay, average=average), 2e-3),
        "AdamW, cautious": Contestant(with_options(adamas.AdamW, weight_decay=weight_decay, cautious=True), 2e-3),
        "AdamMini": Contestant(with_options(adamas.AdamMini, weight_decay=weight_decay), 2e-3),
        "Adafactor": Contestant(with_options(adamas.Adafactor, relative_step=False, weight_decay=weight_decay), 0.03),
        "Lion": Contestant(with_options(adamas.Lion, weight_decay=10 * weight_decay), 3e-4),
        "Schedule-Free": Contestant(
            with_options(adamas.ScheduleFreeAdamW, weight_decay=weight_decay), 5e-3, is_scheduled=False
        ),
        "Prodigy": Contestant(with_options(adamas.Prodigy, weight_decay=weight_decay), 1.0, is_tuned=False),
    }


@dataclass
class Outcome:
    """One run: smoothed training loss at each step, and what is known at the end of each epoch."""

    losses: list[float]
    test_accuracies: list[float]
    train: tuple[float, float]
    validation: tuple[float, float]
    test: tuple[float, float]

    @property
    def score(self) -> float:
        """What learning rates are chosen by."""
        return self.validation[0] if math.isfinite(self.validation[0]) else math.inf

    def steps_to(self, loss: float) -> int | None:
        """Return the first step with that training loss, or None."""
        return next((step for step, value in enumerate(self.losses, 1) if value <= loss), None)


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser("compare_optimizers", __doc__, epochs=12, batch_size=128, lr=1.0)
    add_image_options(parser)
    parser.set_defaults(data="fashion-mnist")
    parser.add_argument("--images", type=positive_int, default=12_000, help="to train on; default: %(default)s")
    parser.add_argument("--seeds", type=positive_int, default=3, help="runs at the best rate; default: %(default)s")
    parser.add_argument("--target", type=float, default=0.3, help="training loss to reach; default: %(default)s")
    parser.add_argument("--weight-decay", type=float, default=0.1, help="decoupled; default: %(default)s")
    parser.add_argument("--only", nargs="*", help="some of the optimizers; default: all")
    return parse(
        parser,
        quick={"data": "digits", "epochs": 4, "batch_size": 32, "seeds": 2, "only": ["SGD", "Nesterov", "AdamW"]},
    )


def train(
    contestant: Contestant, lr: float, data: Images, arguments: argparse.Namespace, seed: int
) -> tuple[Outcome, Layers]:
    """Train once; return the network too, as it was evaluated."""
    x, y = (part[: arguments.images] for part in data.train)
    layers = new_layers(data, seed)
    steps = arguments.epochs * batch_count(len(y), arguments.batch_size)
    opt: Any = contestant.make(layers, Cosine(lr, 0.0, steps) if contestant.is_scheduled else lr)
    rng = np.random.default_rng([seed, 3])
    smoothed, losses, accuracies = math.nan, [], []
    with np.errstate(over="ignore", invalid="ignore"):  # a learning rate may be too high
        for _ in range(arguments.epochs):
            for rows in batches(len(y), arguments.batch_size, rng):
                loss, grads = loss_and_grads(layers, x[rows], y[rows])
                opt.step(grads)
                smoothed = loss if math.isnan(smoothed) else _SMOOTHING * smoothed + (1.0 - _SMOOTHING) * loss
                losses.append(smoothed)
            if not math.isfinite(smoothed):
                break
            with evaluated(opt):
                accuracies.append(evaluate(layers, *data.test)[1])
        with evaluated(opt):
            parts = [evaluate(layers, *part) for part in ((x, y), data.validation, data.test)]
            network = copy.deepcopy(layers)
    return Outcome(losses, accuracies, *parts), network


@contextmanager
def evaluated(opt: Any) -> Iterator[None]:
    """Have the network be what is to be evaluated: some optimizers keep an average."""
    if isinstance(opt, adamas.ScheduleFreeAdamW):
        opt.eval()
        yield
        opt.train()
    elif "average" in opt.state[0]:
        with opt.averaged():
            yield
    else:
        yield


def new_layers(data: Images, seed: int) -> Layers:
    """Make the network."""
    return init_mlp([data.train[0].shape[1], 128, 64, len(data.kind.classes)], np.random.default_rng(seed))


def tune(
    contestant: Contestant, data: Images, arguments: argparse.Namespace, tell: Callable[[], None]
) -> dict[float, float]:
    """Return the score of each learning rate of a grid whose best lies inside it."""
    scores: dict[float, float] = {}

    def try_out(lr: float) -> None:
        scores[lr] = train(contestant, lr, data, arguments, arguments.seed)[0].score
        tell()

    if not contestant.is_tuned:
        try_out(contestant.lr)
        return scores
    for power in (-1, 0, 1):
        try_out(arguments.lr * contestant.lr * _STEP**power)
    while len(scores) < 9:
        best = min(scores, key=lambda lr: scores[lr])
        if best == min(scores):
            try_out(best / _STEP)
        elif best == max(scores):
            try_out(best * _STEP)
        else:
            break
    return scores


def leeway(scores: dict[float, float]) -> str:
    """Return by what factor the learning rate may vary while the score stays within a tenth of the best."""
    if len(scores) == 1:
        return "not tuned"
    good = [lr for lr, score in scores.items() if score <= _LEEWAY * min(scores.values())]
    return f"{max(good) / min(good):.0f}"


def table(found: dict[str, Any], target: float) -> str:
    """Return the results as aligned lines."""
    lines = [
        ["", "best lr", "rate within", f"steps to {target:g}", "training loss", "test loss", "gap", "test accuracy"]
    ]
    for name, (lr, scores, outcomes) in found.items():
        steps = [outcome.steps_to(target) for outcome in outcomes]
        reached = [step for step in steps if step is not None]
        train_loss, test_loss = (statistics.mean(getattr(o, part)[0] for o in outcomes) for part in ("train", "test"))
        accuracies = [outcome.test[1] for outcome in outcomes]
        spread = f" ± {statistics.stdev(accuracies):.4f}" if len(accuracies) > 1 else ""
        lines.append(
            [
                name,
                f"{lr:.2g}",
                leeway(scores),
                f"{statistics.median(reached):.0f}" if len(reached) == len(steps) else "not reached",
                f"{train_loss:.3f}",
                f"{test_loss:.3f}",
                f"{test_loss - train_loss:.3f}",
                f"{statistics.mean(accuracies):.4f}{spread}",
            ]
        )
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def draw(found: dict[str, Any], target: float, path: Path) -> None:
    """Draw the training loss of each optimizer in a panel of its own; below, the validation loss at each rate."""
    columns = min(_COLUMNS, len(found))
    lines = -(-len(found) // columns)
    heights = (1.0 + 1.75 * lines, 1.8 + 0.36 * len(found))
    with picture(path, 10.0, sum(heights), "Each optimizer at its best learning rate") as figure:
        upper, lower = figure.subfigures(2, 1, height_ratios=heights)
        draw_losses(upper, found, target, lines, columns)
        draw_rates(lower.subplots(), {name: (best, scores) for name, (best, scores, _) in found.items()})


def draw_losses(figure: Any, found: dict[str, Any], target: float, lines: int, columns: int) -> None:
    """Draw the mean loss of each optimizer; grey is the range of all of them."""
    curves = {}
    for name, (_, _, outcomes) in found.items():
        losses: Array = np.array([outcome.losses for outcome in outcomes])[:, _STRIDE - 1 :: _STRIDE]
        curves[name] = losses.mean(axis=0)
    panels = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, (name, own) in zip(panels, curves.items(), strict=False):
        steps = _STRIDE * np.arange(1, len(own) + 1)
        of_all = np.array([other[: len(own)] for other in curves.values()])
        axes.fill_between(steps, of_all.min(axis=0), of_all.max(axis=0), color="0.87", linewidth=0)
        axes.axhline(target, color=GREY, linestyle=":", linewidth=1.5)
        axes.plot(steps, own, color=series_look(0)["color"], linewidth=2.5)
        axes.set_title(name)
        accuracy = statistics.mean(outcome.test[1] for outcome in found[name][2])
        axes.text(0.95, 0.86, f"{100 * accuracy:.1f} %", transform=axes.transAxes, ha="right")
    low = min(float(own.min()) for own in curves.values())
    panels[0].set(yscale="log", ylim=(0.9 * low, 1.5))
    ticks = [tick for tick in (0.02, 0.05, 0.1, 0.2, 0.5, 1.0) if tick > 0.9 * low]
    panels[0].set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    panels[0].minorticks_off()
    for axes in panels[len(found) :]:
        axes.remove()
    figure.supylabel("training loss, smoothed (nats); grey: range of all", fontsize=13)
    figure.supxlabel(f"step; dotted: loss {target:g}; in the corner: accuracy on test images", fontsize=13)


def draw_rates(axes: Any, tried: dict[str, tuple[float, dict[float, float]]]) -> None:
    """Draw the validation loss at each learning rate: a row for each optimizer, a marker for each rate / the best."""
    edge = _WORST * min(min(scores.values()) for _, scores in tried.values())
    dots: dict[int, list[tuple[float, float]]] = {}
    for place, (best, scores) in enumerate(tried.values()):
        for lr, score in scores.items():
            power = round(math.log(lr / best, _STEP))
            dots.setdefault(power, []).append((min(score, edge), place + 0.15 * power))
    for number, power in enumerate(sorted(dots, key=abs)):
        look = {"color": series_look(number)["color"], "markersize": 8, "clip_on": False}
        label = f"{_STEP**power:.2g} x the best rate" if power else "the best learning rate"
        axes.plot(*zip(*dots[power], strict=True), MARKERS[number % len(MARKERS)], label=label, **look)
    axes.set_yticks(range(len(tried)), tried)
    axes.set_ylim(len(tried) - 0.4, -0.6)
    axes.set_xlim(right=edge)
    axes.set(xlabel="validation loss (nats); at the right edge: as high or higher")
    axes.figure.legend(loc="outside lower center", ncols=3, frameon=False)


def main() -> None:
    """Tune, train, keep the best network, read it back, and report."""
    arguments = options()
    data = load_images(arguments)
    chosen = contestants(arguments.weight_decay)
    if arguments.only:
        unknown = [name for name in arguments.only if name not in chosen]
        if unknown:
            raise ValueError(f"--only: there is no {unknown[0]!r}; there are {', '.join(chosen)}")
        chosen = {name: chosen[name] for name in arguments.only}
    found: dict[str, Any] = {}
    with Run(arguments, len(chosen) * (5 + arguments.seeds), data.kind.name) as run:
        for name, contestant in chosen.items():
            scores = tune(contestant, data, arguments, run.step)
            best = min(scores, key=lambda lr: scores[lr])
            outcomes = []
            for seed in range(arguments.seeds):
                outcomes.append(train(contestant, best, data, arguments, arguments.seed + seed)[0])
                run.step()
            found[name] = best, scores, outcomes
            run.epoch(**{name: outcomes[0].test[1]})
        checkpoint, picture, figures = (
            run.path(name) for name in ("best.safetensors", "comparison.png", "results.json")
        )

    winner = max(found, key=lambda name: statistics.mean(outcome.test[1] for outcome in found[name][2]))
    outcome, layers = train(chosen[winner], found[winner][0], data, arguments, arguments.seed)
    adamas.SGD(layers).save(checkpoint)  # the network as it was evaluated, whatever its optimizer
    reloaded = new_layers(data, arguments.seed + 1)
    adamas.SGD(reloaded).load(checkpoint)
    check_reloaded(outcome.test, evaluate(reloaded, *data.test), checkpoint)

    draw(found, arguments.target, picture)
    figures.write_text(
        json.dumps(
            {
                name: {"lr": lr, "scores": scores, "test": [o.test for o in outcomes]}
                for name, (lr, scores, outcomes) in found.items()
            },
            indent=1,
        )
    )
    print(table(found, arguments.target))
    print(f"\nbest on the test images: {winner}, saved and read back\n")
    print("\n".join(str(path.resolve()) for path in (checkpoint, picture, figures)))


if __name__ == "__main__":
    sys.exit(run_program(main))
