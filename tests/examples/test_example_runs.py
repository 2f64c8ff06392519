"""Each example with --quick: it learns something, leaves its files, and its checkpoint gives the same figures.

In an environment of its own: ``pip install '.[examples-test]' && python -m pytest tests/examples``.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from example import FOLDER, PNG, figures, run_example
from PIL import Image

from adamas import checkpoint

#: Example, options, the figure in its table, what that must reach at least, its picture.
RUNS = [
    ("digits_numpy", (), "test accuracy", 0.93, "curves.png"),
    ("sub_models", (), "test accuracy", 0.90, "parts.png"),
    ("autograd_numpy", (), "test accuracy", 0.85, "curves.png"),
    ("autograd_numpy", ("--backend", "jax"), "test accuracy", 0.85, "curves.png"),
    ("text_classification", (), "test accuracy", 0.80, "curves.png"),
    ("text_classification", ("--dense",), "test accuracy", 0.80, "curves.png"),
    ("cartpole_reinforce", (), "mean return of 100, tested", 150.0, "curve.png"),
]


@pytest.mark.parametrize(("name", "options", "figure", "least", "picture"), RUNS)
def test_quick(name: str, options: tuple[str, ...], figure: str, least: float, picture: str, tmp_path: Path) -> None:
    result = figures(name, "--quick", "--output-dir", tmp_path / "out", *options)
    assert float(result[figure].split(",")[0]) >= least
    assert any("the same" in value for value in result.values())
    assert (tmp_path / "out" / picture).read_bytes().startswith(PNG)
    (saved,) = (tmp_path / "out").glob("*.safetensors")
    assert checkpoint.read(saved).params


def test_the_same_seed_gives_the_same_figures(tmp_path: Path) -> None:
    def result(seed: int) -> str:
        options = ("--epochs", 2, "--seed", seed, "--output-dir", tmp_path)
        return figures("digits_numpy", "--quick", *options)["test loss"]

    assert result(3) == result(3) != result(4)


def test_both_updates_of_the_table_come_to_the_same(tmp_path: Path) -> None:
    result = figures("text_classification", "--quick", "--compare", "--output-dir", tmp_path)
    exact, dense = (float(result[update].split()[0]) for update in ("exact", "dense"))
    assert abs(exact - dense) <= 0.01


def test_both_parts_are_worse_than_their_combination(tmp_path: Path) -> None:
    result = figures("sub_models", "--quick", "--output-dir", tmp_path)
    assert float(result["gain over the better part"]) > 0.02


def test_each_mistake_is_named(tmp_path: Path) -> None:
    result = figures("observe_digits", "--quick", "--tensorboard", "--output-dir", tmp_path)
    assert {name: value.split("; ")[1] for name, value in result.items()} == {
        "healthy": "nothing looks wrong",
        "learning rate x 100": "exploding ratio",
        "a dead layer": "dead layer",
        "a large eps": "eps dominates",
    }
    for name in result:
        file = tmp_path / f"{name.replace(' ', '_')}.png"
        assert file.read_bytes().startswith(PNG)
        assert file.with_suffix(".csv").read_text().startswith("step,parameter,grad_rms")
        assert any((tmp_path / "tensorboard" / name.replace(" ", "_")).iterdir())


def test_tensorboard_events(tmp_path: Path) -> None:
    figures("digits_numpy", "--quick", "--epochs", 2, "--tensorboard", "--output-dir", tmp_path)
    (events,) = (tmp_path / "tensorboard").iterdir()
    content = events.read_bytes()
    for tag in (b"training_loss", b"validation_loss", b"validation_accuracy"):
        assert content.count(tag) == 2


def test_gif(tmp_path: Path) -> None:
    options = ("--epochs", 7, "--gif", "--output-dir", tmp_path)
    figures("cartpole_reinforce", "--quick", *options)
    with Image.open(tmp_path / "episode.gif") as gif:
        assert gif.format == "GIF"
        assert gif.n_frames >= 5


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_help(path: Path) -> None:
    result = run_example(path.stem, "--help")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(f"usage: {path.name}")


def test_the_gallery_has_all_examples() -> None:
    gallery = (FOLDER / "README.md").read_text(encoding="utf-8")
    for path in FOLDER.glob("*.py"):
        assert f"[{path.stem}]({path.name})" in gallery
    for path in (FOLDER / "pictures").iterdir():
        assert f"(pictures/{path.name})" in gallery
        assert path.stat().st_size < 100_000
