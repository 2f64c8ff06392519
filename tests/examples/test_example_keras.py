"""The example with Keras."""

from __future__ import annotations

from pathlib import Path

from example import PNG, figures, refusal, without


def test_quick(tmp_path: Path) -> None:
    result = figures("binary_keras", "--quick", "--tensorboard", "--output-dir", tmp_path)
    assert float(result["test accuracy"].split(",")[0]) >= 0.93
    assert "the same after reloading" in result["test accuracy"]
    assert result["optimizer, read back"].startswith("AdamW, ")
    assert (tmp_path / "curves.png").read_bytes().startswith(PNG)
    (events,) = (tmp_path / "tensorboard").iterdir()
    for tag in (b"training_loss", b"validation_loss", b"validation_accuracy", b"validation_auc"):
        assert events.read_bytes().count(tag) == 12


def test_the_same_seed_gives_the_same_figures(tmp_path: Path) -> None:
    def result(seed: int) -> str:
        return figures("binary_keras", "--quick", "--epochs", 2, "--seed", seed, "--output-dir", tmp_path)["test loss"]

    assert result(3) == result(3) != result(4)


def test_refusals(tmp_path: Path) -> None:
    assert "try a lower --lr" in refusal("binary_keras", "--quick", "--lr", "1e30", "--output-dir", tmp_path)
    said = without("keras", "binary_keras", "--quick", "--output-dir", tmp_path)
    assert "needs keras; install with: pip install 'adamas[examples-keras]'" in said
