"""scikit-learn's own tests, with the classes of adamas in place of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sklearn
from sklearn import neural_network
from sklearn.base import clone
from sklearn.utils import estimator_checks

import adamas.sklearn

#: A conftest.py that exchanges the classes before the tests import them.
EXCHANGE = """
import pytest
import sklearn.neural_network
import sklearn.neural_network._stochastic_optimizers
import adamas.sklearn

for module in (sklearn.neural_network, sklearn.neural_network._stochastic_optimizers):
    for name in adamas.sklearn.__all__:
        if hasattr(module, name):
            setattr(module, name, getattr(adamas.sklearn, name))


@pytest.fixture
def global_random_seed():
    return 42
"""


@pytest.mark.parametrize("name", ["test_mlp.py", "test_stochastic_optimizers.py"])
def test_their_tests_pass(name: str, tmp_path: Path) -> None:
    tests = Path(neural_network.__file__).parent / "tests"
    shutil.copy(tests / name, tmp_path)
    (tmp_path / "conftest.py").write_text(EXCHANGE)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    environment = {**os.environ, "PYTHONPATH": str(Path(adamas.__file__).parents[1])}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", name]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    print(run.stdout[-2000:])
    assert run.returncode == 0, run.stdout
    found = re.search(r"(\d+) passed", run.stdout)
    assert found is not None
    assert int(found[1]) >= (6 if "stochastic" in name else 45)


def passes(check: Any, instance: Any) -> bool:
    """Tell whether a check passes; some draw random numbers without a seed, and get three chances."""
    for _ in range(3):
        try:
            check(clone(instance))
        except Exception:  # whatever it is that the check found
            continue
        return True
    return False


def failing(estimator: Any) -> set[str]:
    """Return the names of scikit-learn's checks of estimators that fail."""
    if hasattr(estimator_checks, "estimator_checks_generator"):
        checks = list(estimator_checks.estimator_checks_generator(estimator, mark=None))
    else:
        checks = list(estimator_checks.check_estimator(estimator, generate_only=True))
    assert len(checks) > 30
    return {check.func.__name__ for instance, check in checks if not passes(check, instance)}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("base", ["MLPClassifier", "MLPRegressor"])
@pytest.mark.parametrize("optimizer", [None, "adamw"])
def test_their_checks_of_estimators(base: str, optimizer: str | None) -> None:
    theirs = failing(getattr(neural_network, base)(max_iter=50))
    ours = failing(getattr(adamas.sklearn, base)(max_iter=50, optimizer=optimizer))
    print(sklearn.__version__, sorted(theirs))
    assert ours <= theirs
