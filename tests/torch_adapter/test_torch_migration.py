"""The pages of docs/migration that are about PyTorch: their tables and their code, and the examples of errors."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from typing import Any

import bitsandbytes
import pytest
import torch
import torchao.optim
from deepspeed.ops.adam import DeepSpeedCPUAdam
from migration_tables import FOLDER, Line, Side, Table, check_line, check_names, lines_of, run_blocks, tables_of
from page_blocks import python_blocks
from page_examples import Example, check_that_it_leads, page_examples, run_example

import adamas
import adamas.torch

#: What torch.compile, which torchao uses, imports.
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")

PAGES = ["torch.md", "sparse-adam.md", "deepspeed.md", "bitsandbytes.md", "torchao.md"]
STEPS = 5
NAMES = {"torch": torch, "adamas": adamas}


def start(shape: tuple[int, ...], dtype: torch.dtype) -> list[Any]:
    return [torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).to(dtype).numpy()]


def train(
    make: Callable[..., Any], shape: tuple[int, ...], dtype: torch.dtype, sparse: bool, **kwargs: Any
) -> list[Any]:
    """Take some steps with gradients that depend on the number of the step alone."""
    param = torch.nn.Parameter(torch.from_numpy(start(shape, dtype)[0]))
    optimizer = make([param], **kwargs)
    for step in range(STEPS):
        data = torch.Generator().manual_seed(1 + step)
        grad = torch.randn(shape, dtype=torch.float64, generator=data).to(dtype)
        param.grad = grad.to_sparse(1) if sparse else grad
        optimizer.step()
    return [param.detach().numpy()]


def side(make: Callable[..., Any], page: str) -> Side:
    is_large, in_float64 = page in ("bitsandbytes.md", "torchao.md"), page in ("torch.md", "sparse-adam.md")
    shape, dtype = (128, 128) if is_large else (6, 3), torch.float64 if in_float64 else torch.float32
    run = functools.partial(train, make, shape, dtype, page == "sparse-adam.md")
    return Side(inspect.signature(make), run, start(shape, dtype), adamas.Options.__annotations__)


SIDES: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "torch.md": (torch.optim.AdamW, adamas.torch.AdamW),
    "sparse-adam.md": (torch.optim.SparseAdam, functools.partial(adamas.torch.Adam, eps_hat=True)),
    "deepspeed.md": (DeepSpeedCPUAdam, adamas.torch.Adam),
    "bitsandbytes.md": (bitsandbytes.optim.AdamW, adamas.torch.AdamW),
    "torchao.md": (torchao.optim.AdamW8bit, functools.partial(adamas.torch.AdamW, state_dtype="int8")),
}


@pytest.mark.parametrize(("table", "line"), [line for page in PAGES for line in lines_of(page)])
def test_line(table: Table, line: Line) -> None:
    theirs, ours = (side(each, table.page) for each in SIDES[table.page])
    if "functools.partial" in repr(SIDES[table.page][1]):  # the page gives what it adds; the defaults are the class's
        plain = getattr(adamas.torch, table.ours.rpartition(".")[2])
        ours = Side(inspect.signature(plain), ours.train, ours.start, ours.more)
    check_line(table, line, theirs, ours, NAMES)


@pytest.mark.parametrize("page", PAGES)
def test_every_argument_of_theirs_is_in_the_table(page: str) -> None:
    (table,) = tables_of(page)
    assert table.theirs.rpartition(".")[2] == SIDES[page][0].__name__
    check_names(table, side(SIDES[page][0], page), ["params", "model_params"])


def test_the_classes_of_torch() -> None:
    """All arguments of theirs are ours, with the same defaults; no class is left out."""
    text = (FOLDER / "torch.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|$", text.split("<!-- classes -->")[1], re.MULTILINE))
    theirs = {
        name: each
        for name, each in vars(torch.optim).items()
        if inspect.isclass(each) and issubclass(each, torch.optim.Optimizer) and name != "Optimizer"
    }
    assert rows.keys() == {name for name in theirs if name in adamas.torch.__all__}
    lacking = re.search(r"that adamas lacks: (.*?)\. `SparseAdam`", text)
    assert lacking is not None
    assert set(re.findall(r"`(\w+)`", lacking[1])) | rows.keys() | {"SparseAdam"} == theirs.keys()
    for name, differences in rows.items():
        here = inspect.signature(getattr(adamas.torch, name)).parameters
        found = [
            key
            for key, parameter in inspect.signature(theirs[name]).parameters.items()
            if key != "params" and (key not in here or here[key].default != parameter.default)
        ]
        assert (differences.strip() == "none") == (found == []), (name, found)


@pytest.mark.parametrize("page", PAGES)
def test_code(page: str) -> None:
    run_blocks(page)


def test_a_state_dict_of_sparse_adam_carries_over() -> None:
    def step(optimizer: Any, table: Any, k: int) -> None:
        optimizer.zero_grad()
        table(torch.tensor([0, k])).pow(2).sum().backward()
        optimizer.step()

    tables = [torch.nn.Embedding(4, 2, sparse=True, dtype=torch.float64) for _ in range(2)]
    old = torch.optim.SparseAdam(tables[0].parameters(), lr=0.1)
    for k in range(3):
        step(old, tables[0], k)
    tables[1].load_state_dict(tables[0].state_dict())
    new = adamas.torch.Adam(tables[1].parameters(), eps_hat=True)
    new.load_state_dict(old.state_dict())
    assert new.param_groups[0]["lr"] == 0.1
    step(old, tables[0], 3)
    step(new, tables[1], 3)
    torch.testing.assert_close(tables[1].weight, tables[0].weight, rtol=1e-12, atol=1e-14)


def test_a_row_that_comes_late_has_a_count_of_its_own() -> None:
    """Its first change is the learning rate; under SparseAdam, whose count is that of the table, it is another."""
    changes = []
    for make in (torch.optim.SparseAdam, adamas.torch.Adam):
        table = torch.nn.Embedding.from_pretrained(torch.ones(2, 1), freeze=False, sparse=True)
        optimizer = make(table.parameters(), lr=0.1)
        for row in (0, 0, 0, 1):
            optimizer.zero_grad()
            table(torch.tensor([row])).sum().backward()
            optimizer.step()
        changes.append(1.0 - table.weight[1].item())
    assert changes[1] == pytest.approx(0.1, rel=1e-5)
    assert abs(changes[0] - 0.1) > 0.01


@pytest.mark.parametrize(
    ("page", "make"),
    [
        ("bitsandbytes.md", bitsandbytes.optim.AdamW),
        ("bitsandbytes.md", bitsandbytes.optim.AdamW8bit),
        ("torchao.md", torchao.optim.AdamW8bit),
        ("deepspeed.md", DeepSpeedCPUAdam),
    ],
    ids=["bitsandbytes", "bitsandbytes8", "torchao", "deepspeed"],
)
def test_states_carry_over(page: str, make: Callable[..., Any]) -> None:
    """The function of the page converts the moments; then both go on alike, as far as theirs are exact."""
    names: dict[str, Any] = {"torch": torch, "converted": lambda optimizer: optimizer.state_dict()}
    text = (FOLDER / page).read_text(encoding="utf-8")
    for block in python_blocks(text):
        if "def converted" in block:
            exec(block.split("\n\n\nnew =")[0], names)
    layers = [torch.nn.Linear(128, 128, bias=False) for _ in range(2)]
    old = make(layers[0].parameters(), lr=0.01)
    step(old, layers[0])
    step(old, layers[0])
    layers[1].load_state_dict(layers[0].state_dict())
    before = layers[0].weight.detach().clone()
    new = adamas.torch.AdamW(layers[1].parameters())
    new.load_state_dict(names["converted"](old))
    assert new.param_groups[0]["lr"] == 0.01
    step(old, layers[0])
    step(new, layers[1])
    error = (layers[0].weight - layers[1].weight).abs().max() / (layers[0].weight - before).abs().max()
    assert error < (0.1 if "8bit" in make.__name__ else 1e-4)


def step(optimizer: Any, layer: Any) -> None:
    optimizer.zero_grad()
    data = torch.randn(8, 128, generator=torch.Generator().manual_seed(3))
    layer(data).pow(2).mean().backward()
    optimizer.step()


@pytest.mark.parametrize("example", page_examples("torch"), ids=str)
def test_example_of_an_error(example: Example) -> None:
    run_example(example)
    check_that_it_leads(example)
