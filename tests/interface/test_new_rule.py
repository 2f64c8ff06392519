"""A new rule is a header, a specification and a line in each registry: everything else comes from those.

A rule that nobody needs is added to a copy of the sources. Its half in Python is run; its half in C++, which would take
minutes to build, is compiled far enough to know that it is there.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import adamas
from adamas import _core
from adamas.rules import FORMULAS, SPECS
from adamas.rules.keras_classes import keras_name

ROOT = Path(__file__).parents[2]
PACKAGE = Path(adamas.__file__).parent

SPECIFICATION = '''\
"""Throwaway: the sign of a momentum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adamas._types import Array
from adamas.rules.formula import Coefficients, Formula, beta_coefficients, with_sign
from adamas.rules.hyperparameter import BETAS, DECOUPLED, LR, MAXIMIZE, WEIGHT_DECAY
from adamas.rules.spec import RuleSpec, enter


class _ThrowawayFormula(Formula):
    name = "throwaway"
    states = {"exp_avg": "signed"}

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        return {**beta_coefficients(*group["betas"]), "step_size": group["lr"]}

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        m = state["exp_avg"] = c["beta1"] * state["exp_avg"] + c["one_minus_beta1"] * g
        new: Array = p - with_sign(c["step_size"], m)
        return new


@enter
class Throwaway(RuleSpec):
    r"""The sign of a momentum.

    ::

        m <- beta1*m + (1 - beta1)*g
        p <- p - lr*sign(m)

    Example:
        >>> import adamas

    References:
        Nobody: Nowhere.
    """

    hyperparameters = (LR.but(0.25), BETAS, WEIGHT_DECAY, MAXIMIZE, DECOUPLED)
    formulas = (_ThrowawayFormula(),)
'''

#: What is asked of the copy, in a process of its own.
QUESTIONS = """
import importlib.util
import inspect
import sys
from pathlib import Path

import numpy as np

import adamas
from adamas.bench import rules_and_formats

assert Path(adamas.__file__).parent == Path(sys.argv[1]), adamas.__file__
assert "Throwaway" in adamas.__all__ and "Throwaway" in adamas.reference.__all__

w = np.array([1.0, -2.0, 3.0], np.float32)
opt = adamas.reference.Throwaway({"w": w}, weight_decay=0.0)
opt.step({"w": np.array([0.5, -0.5, 0.0], np.float32)})
assert w.tolist() == [0.75, -1.75, 3.0], w
assert list(opt.state["w"]) == ["step", "exp_avg"]
assert repr(opt).startswith("Throwaway("), opt

own = "lr=0.25, betas=(0.9, 0.999), weight_decay=0.0, *, maximize=False, decoupled_weight_decay=False"
for cls in (adamas.Throwaway, adamas.reference.Throwaway):
    signature = inspect.signature(cls)
    bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in signature.parameters.values()]
    assert str(inspect.Signature(bare)) == f"(params, {own}, **options)", signature
    assert cls.__doc__.startswith("The sign of a momentum.")
    assert "    lr: Learning rate." in cls.__doc__ and "    num_threads: " in cls.__doc__
function = inspect.signature(adamas.functional.throwaway_)
assert list(function.parameters)[:4] == ["param", "grad", "exp_avg", "step"], function
assert "Nobody: Nowhere." in adamas.functional.throwaway_.__doc__
assert rules_and_formats.RULES["Throwaway"] == ("Throwaway", {})

if importlib.util.find_spec("torch"):
    import adamas.torch

    assert adamas.torch.Throwaway.__module__ == "adamas.torch._optimizers"
    assert "fused" in inspect.signature(adamas.torch.Throwaway).parameters
    assert "Throwaway" in adamas.torch.__all__
if importlib.util.find_spec("torch") and importlib.util.find_spec("keras"):
    import adamas.keras

    made = adamas.keras.Throwaway(beta_1=0.5)
    assert (made.learning_rate, made.beta_1, made.beta_2) == (0.25, 0.5, 0.999)
    assert made.fixed == {"decoupled_weight_decay": True}
    assert "learning_rate: Learning rate:" in made.__doc__
    assert "Throwaway" in adamas.keras.__all__

if importlib.util.find_spec("jax"):
    import adamas.jax

    assert adamas.jax.Throwaway(0.5).hyperparameters["lr"] == 0.5
    assert "Throwaway" in adamas.jax.__all__

import interface_stubs

assert len(interface_stubs.outdated()) == 10, interface_stubs.outdated()
interface_stubs.write()
assert interface_stubs.outdated() == []
"""

#: The C++ registry of the copy knows the rule.
PROGRAM = """
#include <cstring>
#include <adamas/rules.hpp>
int main() {
  adamas::Rule rule;
  if (!adamas::find_rule("throwaway", &rule)) return 1;
  return std::strcmp(adamas::rule_info(rule).states[0].name, "exp_avg") == 0 ? 0 : 2;
}
"""


def insert(path: Path, before: str, line: str) -> None:
    """Insert a line before the first that has ``before`` in it."""
    lines = path.read_text().splitlines(keepends=True)
    place = next(i for i, text in enumerate(lines) if before in text)
    path.write_text("".join([*lines[:place], line, *lines[place:]]))


def add_to_python(package: Path) -> None:
    (package / "rules" / "throwaway.py").write_text(SPECIFICATION)
    insert(package / "rules" / "__init__.py", "    lion,", "    throwaway,\n")


def add_to_cpp(sources: Path) -> None:
    rules = sources / "rules"
    twin = (rules / "lion.hpp").read_text().replace("LionRule", "ThrowawayRule")
    (rules / "throwaway.hpp").write_text(twin)
    insert(rules / "registry.hpp", '#include "rules/yogi.hpp"', '#include "rules/throwaway.hpp"\n')
    insert(rules / "registry.hpp", 'X("lion"', '  X("throwaway", ThrowawayRule) \\\n')


def copied(source: Path, target: Path) -> Path:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    return target


def touched(before: Path, after: Path) -> set[str]:
    """Return the files that are new or have changed, bytecode aside."""
    files = {path.relative_to(after) for path in after.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    return {
        str(file)
        for file in files
        if not (before / file).is_file() or (before / file).read_bytes() != (after / file).read_bytes()
    }


def test_the_python_half_is_one_file_and_one_line(tmp_path: Path) -> None:
    package = copied(PACKAGE, tmp_path / "adamas")
    extension = Path(_core.__file__)
    if extension.parent != PACKAGE:  # it is elsewhere in some editable installs
        shutil.copy(extension, package)
    untouched = copied(package, tmp_path / "before")
    add_to_python(package)
    assert touched(untouched, package) == {"rules/__init__.py", "rules/throwaway.py"}
    (tmp_path / "questions.py").write_text(QUESTIONS)
    shutil.copy(ROOT / "tests" / "helpers" / "interface_stubs.py", tmp_path)
    # Without site: an editable install would come first.
    paths = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    environment = {**os.environ, "PYTHONPATH": paths, "KERAS_BACKEND": "torch"}
    command = [sys.executable, "-S", str(tmp_path / "questions.py"), str(package)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    stubs = {file for file in touched(untouched, package) if file.endswith(".pyi")}
    assert len(stubs) == 10
    for file in stubs:
        text = (package / file).read_text()
        assert re.search(r"^(class (Fed)?Throwaway\(|def throwaway_\()", text, re.MULTILINE), file


def test_the_cpp_half_is_one_header_and_its_lines_in_the_registry(tmp_path: Path) -> None:
    sources = copied(ROOT / "cpp" / "src", tmp_path / "src")
    add_to_cpp(sources)
    assert touched(ROOT / "cpp" / "src", sources) == {"rules/registry.hpp", "rules/throwaway.hpp"}
    compiler = os.environ.get("CXX") or "c++"
    if shutil.which(compiler) is None:
        pytest.skip(f"no C++ compiler: {compiler} is not on the PATH")
    options = ["-std=c++17", f"-I{sources}", f"-I{ROOT / 'cpp' / 'include'}"]
    # All kernels of one instruction set, checked without making code of them.
    kernels = next(sources.rglob("kernels.cpp"))
    subprocess.run([compiler, *options, "-DADAMAS_ISA=scalar", "-fsyntax-only", str(kernels)], check=True, timeout=300)
    program, registry = tmp_path / "program", next(sources.rglob("rules.cpp"))
    (tmp_path / "program.cpp").write_text(PROGRAM)
    made_of = [f"{program}.cpp", str(registry), "-o", str(program)]
    subprocess.run([compiler, *options, *made_of], check=True, timeout=300)
    subprocess.run([str(program)], check=True, timeout=60)


def test_rules_are_known_by_name_in_their_own_files_alone() -> None:
    """A list or a comparison of rules elsewhere would have to be found by whoever adds one."""
    names = {name for spec in SPECS.values() for name in (spec.name, keras_name(spec), spec.function)} | set(FORMULAS)
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE)
        if place.parts[0] in ("rules", "autograd") or place.parts[:2] == ("bench", "peers"):  # other libraries' names
            continue
        nodes = list(ast.walk(ast.parse(path.read_text())))
        used = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        used |= {node.id for node in nodes if isinstance(node, ast.Name)}
        used |= {node.name for node in nodes if isinstance(node, ast.alias)}
        if used & names:
            found[str(place)] = used & names
    assert found == {}
