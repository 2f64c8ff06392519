"""The examples for scikit-learn and SciPy: what their tables promise."""

from __future__ import annotations

from pathlib import Path

from example import PNG, figures


def test_sklearn_rules(tmp_path: Path) -> None:
    result = figures("sklearn_rules", "--quick", "--output-dir", tmp_path)
    assert result["the same bits as scikit-learn"] == "yes"
    assert result["goes on from a pickle"] == "with the same bits"
    assert "optimizer=" in result["chosen"]
    assert float(result["accuracy on test data"]) > 0.93
    assert (tmp_path / "search.png").read_bytes().startswith(PNG)


def test_scipy_spectrum(tmp_path: Path) -> None:
    result = figures("scipy_spectrum", "--quick", "--output-dir", tmp_path)
    assert result["within the bounds"] == "yes"
    ours, theirs = (float(value) for value in result["largest error of a place"].split(", by L-BFGS-B "))
    assert ours < 0.03
    assert ours < theirs + 0.01
    assert (tmp_path / "spectrum.png").read_bytes().startswith(PNG)
