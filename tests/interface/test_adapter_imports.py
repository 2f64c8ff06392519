"""Adapters import nothing of adamas but its public modules and the seam, `adamas.adapters`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import adamas

PACKAGE = Path(adamas.__file__).parent
ADAPTERS = ("torch", "keras", "jax", "sklearn", "scipy", "autograd", "thinc", "flower")
#: What they may import, beside their own modules.
ALLOWED = {
    "adamas",
    "adamas.adapters",
    "adamas.adapters.checkpoints",
    "adamas.adapters.checks",
    "adamas.adapters.docstrings",
    "adamas.optimizers",
    "adamas.rows",
    "adamas.averaging",
    "adamas.rules",
    "adamas.rules.flower_classes",
    "adamas.rules.keras_classes",
    "adamas.rules.optax_functions",
    "adamas.rules.thinc_classes",
}
#: Keras runs on PyTorch too, and has its tensors read by the other adapter.
ALSO = {"keras": {"adamas.torch.tensors", "adamas.jax.handler"}}


def imported_by(source: str) -> Iterator[str]:
    """Yield the full name of each module or object of adamas that is imported, wherever in the source."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def module_of(name: str) -> str:
    """Return the module of adamas that an imported name is, or is in."""
    path = PACKAGE.parent.joinpath(*name.split("."))
    is_module = path.is_dir() or any(path.parent.glob(f"{path.name}.*"))  # compiled ones too
    return name if is_module else name.rpartition(".")[0]


def forbidden(source: str, adapter: str) -> list[str]:
    """Return what a file of an adapter must not import."""
    names = [name for name in imported_by(source) if name.partition(".")[0] == "adamas"]
    own = f"adamas.{adapter}"
    return [
        name
        for name in names
        if (module := module_of(name)) not in ALLOWED | ALSO.get(adapter, set())
        and module != own
        and not module.startswith(f"{own}.")
    ]


@pytest.mark.parametrize(
    "path",
    [path for adapter in ADAPTERS for path in sorted((PACKAGE / adapter).rglob("*.py"))],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_adapters_import_the_seam_alone(path: Path) -> None:
    assert forbidden(path.read_text(), path.relative_to(PACKAGE).parts[0]) == []


@pytest.mark.parametrize(
    "source",
    [
        "from adamas._inputs.values import shown",
        "from adamas import _core",
        "import adamas._core",
        "def f():\n    from adamas.rules.spec import SPECS",
        "from adamas import checkpoint",
        "from adamas.adapters import host\n",
        "from adamas.torch._binding import Binding",
    ],
)
def test_other_imports_are_found(source: str) -> None:
    assert forbidden(source, "keras") != []


def test_what_is_allowed_is_public_and_there() -> None:
    for name in {*ALLOWED, *ALSO["keras"]}:
        assert not any(part.startswith("_") for part in name.split("."))
        path = PACKAGE.parent / name.replace(".", "/")
        assert path.is_dir() or path.with_suffix(".py").exists()
