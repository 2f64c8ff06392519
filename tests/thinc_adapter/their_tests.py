"""Running the tests of thinc and spaCy with adamas in place."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import adamas


def run_their_tests(modules: list[str], folder: Path) -> str:
    """Run test modules by the plugin `adamas_in_place`; they must pass, without an update by thinc.

    Args:
        modules: Their names.
        folder: Where to run them.

    Returns:
        What pytest printed.
    """
    run = [sys.executable, "-m", "pytest", "-q", "-p", "adamas_in_place", "-p", "no:cacheprovider", "-c", os.devnull]
    places = [str(Path(__file__).parent), str(Path(adamas.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [*run, "--pyargs", *modules],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(places)},
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert ", 0 by thinc" in done.stdout
    return done.stdout
