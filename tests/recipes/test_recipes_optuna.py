"""What docs/recipes.md says of Optuna: with adamas.sklearn each trial has the result that it has with scikit-learn."""

from __future__ import annotations

from pathlib import Path

import pytest
from one_thread import one_thread
from recipe_page import load

__all__ = ["one_thread"]


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer. Maximum iterations:UserWarning")  # scikit-learn
def test_the_same_study(tmp_path: Path) -> None:
    theirs, ours = (load(name, tmp_path).study for name in ("digits_optuna.py", "digits_optuna.py with adamas"))
    assert [trial.params for trial in ours.trials] == [trial.params for trial in theirs.trials]
    assert [trial.values for trial in ours.trials] == [trial.values for trial in theirs.trials]
    assert len(ours.trials) == 8
