"""Interpreters beside the main one, and those without a GIL: what adamas declares about them."""

from __future__ import annotations

import re
from pathlib import Path

from child import check_python

ROOT = Path(__file__).parents[2]


ATTEMPT = """
import sys
if sys.version_info >= (3, 13):
    import _interpreters as interpreters
else:
    import _xxsubinterpreters as interpreters

def attempt():
    other = interpreters.create()
    failure = interpreters.run_string(other, '''if True:
        import warnings
        warnings.simplefilter("ignore")  # of NumPy, which has something to say of sub-interpreters as well
        try:
            from adamas import AdamW
        except ImportError as error:
            print(error)
        else:
            raise AssertionError("imported")
    ''')
    assert failure is None, failure
    interpreters.destroy(other)
"""


def test_sub_interpreter() -> None:
    """The compiled core is refused there: where NumPy has not refused before, by adamas."""
    printed = check_python(ATTEMPT + "attempt()")
    assert "adamas works in the main interpreter of a process alone" in printed or "numpy" in printed


def test_sub_interpreter_beside_the_main_one() -> None:
    """And does the main one no harm."""
    printed = check_python(
        ATTEMPT
        + """
import numpy as np, adamas
def step():
    w, v = np.ones(300_000, np.float32), np.ones(300_000, np.float32)
    g = np.linspace(-1, 1, w.size, dtype=np.float32)
    adamas.AdamW(w, num_threads=2).step(g)
    adamas.reference.AdamW(v).step(g)
    assert w.tobytes() == v.tobytes()
step()
attempt()
step()
"""
    )
    assert "load module more than once" in printed or "interpreter" in printed


def test_the_gil_stays() -> None:
    """A CPython without a GIL turns it on when it imports a module that does not declare that it needs none."""
    source = (ROOT / "cpp/bindings/module.cpp").read_text()
    declared = re.sub(r"//.*", "", source)
    assert "PYBIND11_MODULE(_core, m)" in declared
    check_python(
        """
import sys
import adamas
assert getattr(sys, "_is_gil_enabled", lambda: True)()
"""
    )
