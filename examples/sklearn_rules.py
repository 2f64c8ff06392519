"""scikit-learn's network on handwritten digits, trained by adamas: the same results, and other rules to choose from.

First the network is trained by scikit-learn's own class and by that of adamas, which gives the same bits. Then
scikit-learn's grid search chooses learning rate and weight decay of each rule by cross-validation, in a pipeline with
scaled inputs. The best rule is trained again, pickled half way, and goes on from the file with the same bits.

Copy this file alone: it needs ``pip install 'adamas[sklearn]' matplotlib``.
"""

from __future__ import annotations

import argparse
import pickle
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from sklearn import neural_network
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from adamas.demo.pictures import MARKERS, new_picture, series_look
from adamas.sklearn import MLPClassifier  # the one line that changes

#: The learning rates to try with each rule.
RULES = {
    "adam": (1e-3, 3e-3, 1e-2),
    "adamw": (1e-3, 3e-3, 1e-2),
    "nadam": (1e-3, 3e-3, 1e-2),
    "lion": (1e-4, 3e-4, 1e-3),
    "schedule_free_adamw": (3e-3, 1e-2, 3e-2),
}
DECAYS = (0.0, 0.1)


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two rules with one learning rate each")
    parser.add_argument("--seed", type=int, default=0, help="seed of weights, batches and folds; default: %(default)s")
    parser.add_argument("--output-dir", type=Path, default=Path("example-runs/sklearn_rules"))
    return parser.parse_args()


def compare_fits(x: Any, y: Any, settings: dict[str, Any]) -> dict[str, str]:
    """Train by both classes; return whether the bits are the same, and the seconds of each."""
    networks, seconds = [], []
    for base in (neural_network.MLPClassifier, MLPClassifier):
        start = time.perf_counter()
        networks.append(base(**settings).fit(x, y))
        seconds.append(time.perf_counter() - start)
    same = all(np.array_equal(a, b) for a, b in zip(*(network.coefs_ for network in networks), strict=True))
    return {
        "the same bits as scikit-learn": "yes" if same else "NO",
        "seconds of a fit": f"{seconds[1]:.2f}, of scikit-learn {seconds[0]:.2f}",
    }


def search(x: Any, y: Any, settings: dict[str, Any], quick: bool) -> list[Any]:
    """Choose learning rate and weight decay of each rule by cross-validation; return scikit-learn's grid searches."""
    rules = {name: RULES[name][1:2] for name in ("adam", "adamw")} if quick else RULES
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(**settings))
    found: list[Any] = []
    for name, rates in rules.items():
        grid = {
            "mlpclassifier__optimizer": [name],
            "mlpclassifier__learning_rate_init": rates,
            "mlpclassifier__weight_decay": DECAYS[-1:] if quick else DECAYS,
        }
        found.append(GridSearchCV(pipeline, grid, cv=3, n_jobs=2).fit(x, y))
        print(f"search {100 * len(found) // len(rules):3d} %: {name}", file=sys.stderr, flush=True)
    return found


def goes_on_from_a_file(network: Any, x: Any, y: Any, path: Path) -> bool:
    """Train half way, save, and go on twice: with the network, and with what the file gives. Are the bits the same?"""
    network.partial_fit(x, y, classes=np.unique(y))
    for _ in range(2):
        network.partial_fit(x, y)
    path.write_bytes(pickle.dumps(network))
    restored = pickle.loads(path.read_bytes())  # of our own file: pickle runs what is in it
    for each in (network, restored):
        for _ in range(3):
            each.partial_fit(x, y)
    return all(np.array_equal(a, b) for a, b in zip(network.coefs_, restored.coefs_, strict=True))


def draw(found: list[Any], path: Path) -> None:
    """Draw the error of each candidate: a row for each rule and weight decay, a dot for each learning rate."""
    rows: dict[str, list[float]] = {}
    for results in (each.cv_results_ for each in found):
        for candidate, score in zip(results["params"], results["mean_test_score"], strict=True):
            rule, decay = candidate["mlpclassifier__optimizer"], candidate["mlpclassifier__weight_decay"]
            rows.setdefault(f"{rule}, decay {decay:g}", []).append(100 * (1 - score))  # in the order of learning rates

    title = "cross-validated errors of each rule and weight decay"
    with new_picture(path, title, 1, width=9.0, height=1.2 + 0.36 * len(rows)) as (axes,):
        for number, name in enumerate(("lowest", "middle", "highest")):
            # Each learning rate has its own height in a row, so that equal errors are told apart.
            dots = [
                (points[number], place + 0.2 * (number - 1))
                for place, points in enumerate(rows.values())
                if number < len(points)
            ]
            if dots:
                look = {"color": series_look(number)["color"], "markersize": 8, "label": f"{name} learning rate"}
                axes.plot(*zip(*dots, strict=True), MARKERS[number], **look)
        axes.set_yticks(range(len(rows)), rows)
        axes.invert_yaxis()
        axes.set_xscale("log")
        axes.set_xticks([2, 3, 5, 10, 20, 50], ["2", "3", "5", "10", "20", "50"])
        axes.minorticks_off()
        axes.set(xlabel="errors, cross-validated (%)")
        axes.legend(loc="lower right")


def main() -> None:
    """Compare, search, go on from a file, and report."""
    arguments = options()
    arguments.output_dir.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore", ConvergenceWarning)  # all networks stop after the same number of epochs
    x, y = load_digits(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(x, y, random_state=arguments.seed, stratify=y)
    settings = {"hidden_layer_sizes": (64,), "max_iter": 10 if arguments.quick else 30, "random_state": arguments.seed}

    table = compare_fits(x_train, y_train, settings)
    found = search(x_train, y_train, settings, arguments.quick)
    winner = max(found, key=lambda each: each.best_score_)
    best = {name.removeprefix("mlpclassifier__"): value for name, value in winner.best_params_.items()}
    table["chosen"] = ", ".join(f"{name}={value}" for name, value in best.items())
    table["accuracy, cross-validated"] = f"{winner.best_score_:.4f}"
    table["accuracy on test data"] = f"{winner.score(x_test, y_test):.4f}"
    network = MLPClassifier(**{**settings, **best})
    pickled = goes_on_from_a_file(network, x_train / 16, y_train, arguments.output_dir / "network.pickle")
    table["goes on from a pickle"] = "with the same bits" if pickled else "WITH OTHER BITS"
    draw(found, arguments.output_dir / "search.png")
    for name, value in table.items():
        print(f"{name:<32} {value}")
    print(f"picture{'':<26}{arguments.output_dir / 'search.png'}")


if __name__ == "__main__":
    main()
