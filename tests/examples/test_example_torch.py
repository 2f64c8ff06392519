"""The examples with PyTorch, and the comparison of optimizers."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from example import PNG, figures, refusal, run_example

from adamas.demo.cifar import load_cifar10, write_binary


@pytest.mark.parametrize("optimizer", ["adamas", "torch"])
def test_fashion_cnn(optimizer: str, garments: Path, tmp_path: Path) -> None:
    options = ("--quick", "--epochs", 1, "--images", 2_000, "--data-dir", garments, "--output-dir", tmp_path)
    result = figures("fashion_cnn_torch", *options, "--optimizer", optimizer)
    assert float(result["test accuracy"].split(",")[0]) >= 0.9  # these garments are easy to tell apart
    assert result["optimizer"].startswith(f"{optimizer}.")
    assert (tmp_path / "curves.png").read_bytes().startswith(PNG)
    assert (tmp_path / "model.pt").exists()


def test_both_ways_to_update_come_to_the_same(tmp_path: Path) -> None:
    def losses(*options: str) -> str:
        return figures("cifar10_resnet_torch", "--quick", "--epochs", 1, "--output-dir", tmp_path, *options)[
            "test loss"
        ]

    assert losses() == losses("--in-backward")


def test_cifar10_resnet(tmp_path: Path) -> None:
    result = figures("cifar10_resnet_torch", "--quick", "--depth", 50, "--output-dir", tmp_path)
    assert float(result["test accuracy"].split(",")[0]) >= 0.8
    assert (tmp_path / "curves.png").read_bytes().startswith(PNG)


def test_cifar10_that_is_not_there(tmp_path: Path) -> None:
    said = refusal("cifar10_resnet_torch", "--data-dir", tmp_path)
    assert "no CIFAR-10 there; get cifar-10-binary.tar.gz" in said


def test_cifar10_that_is_not_what_was_published(tmp_path: Path) -> None:
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(b"something else")
    assert "its MD5 sum is not c58f30108f718f92721af3b95e74349a" in refusal(
        "cifar10_resnet_torch", "--data-dir", tmp_path
    )


def test_cifar10_files_that_were_cut_off(tmp_path: Path) -> None:
    parts = [(np.zeros((3, 3, 32, 32), np.uint8), np.arange(3)) for _ in range(6)]
    write_binary(tmp_path, parts)
    (x, y), (x_test, _) = load_cifar10(tmp_path, per_file=3)
    assert x.shape == (15, 3, 32, 32)
    assert y.tolist() == [0, 1, 2] * 5
    assert len(x_test) == 3
    assert "expected 30,730,000 bytes, got 9,219" in refusal("cifar10_resnet_torch", "--data-dir", tmp_path)


def test_comparison(tmp_path: Path) -> None:
    result = run_example("compare_optimizers", "--quick", "--output-dir", tmp_path)
    assert result.returncode == 0, result.stderr
    for name in ("SGD", "Nesterov", "AdamW"):
        accuracy = re.search(rf"^{name} .* (0\.\d+) ± ", result.stdout, re.MULTILINE)
        assert accuracy
        assert float(accuracy[1]) > 0.9
    assert (tmp_path / "comparison.png").read_bytes().startswith(PNG)
    assert "saved and read back" in result.stdout
    assert "there is no 'SDG'" in refusal("compare_optimizers", "--quick", "--only", "SDG")
