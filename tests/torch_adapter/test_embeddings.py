"""Gradients of single rows, as of torch.nn.Embedding(sparse=True)."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from cases import ROUNDED_STATES
from twins import CLASSES, assert_close, assert_same, ours, params_of, theirs

import adamas
from adamas.rules import SPECS

#: Rules that keep numbers for the whole parameter.
WHOLE = [name for name in CLASSES if not SPECS[name].formulas[0].works_on_rows]
ROWS = [name for name in CLASSES if name not in WHOLE]

BATCHES = [[1, 1, 3], [0, 3, 9], [7, 1, 1], [2, 2, 2], [9, 8, 0], [1, 4, 4]]


@pytest.fixture(autouse=True)
def _chosen_checks() -> Iterator[None]:
    """Torch warns where nobody has said whether indices are to be checked, as its own Adagrad does not."""
    with torch.sparse.check_sparse_tensor_invariants():
        yield


def make_table(dtype: torch.dtype = torch.float64, sparse: bool = True) -> Any:
    data = torch.Generator().manual_seed(0)
    return torch.nn.Embedding(10, 4, sparse=sparse, _weight=torch.randn(10, 4, generator=data).to(dtype))


def backward(table: Any, batch: list[int]) -> None:
    table(torch.tensor(batch)).pow(2).sum().backward()


def train_table(optimizer: Any, table: Any, batches: list[list[int]]) -> None:
    for batch in batches:
        optimizer.zero_grad()
        backward(table, batch)
        optimizer.step()


def test_who_can_take_rows() -> None:
    assert {"LAMB", "NAdam", "ScheduleFreeAdamW"} <= set(WHOLE)
    assert {"AdamW", "Lion", "SGD"} <= set(ROWS)


@pytest.mark.parametrize("name", ["Adagrad", "SGD"])
@pytest.mark.parametrize("coalesced", [True, False])
def test_as_torch(name: str, coalesced: bool) -> None:
    """Rules of torch.optim that take rows."""
    tables = []
    for make in (ours, theirs):
        table = make_table()
        optimizer = make(name, table.parameters(), lr=0.1)
        for batch in BATCHES:
            optimizer.zero_grad()
            backward(table, batch)
            if coalesced:
                table.weight.grad = table.weight.grad.coalesce()
            assert table.weight.grad.is_coalesced() is coalesced
            optimizer.step()
        tables.append(table.weight)
    assert_close(tables[:1], tables[1:])


def test_lazy_rows_as_sparse_adam() -> None:
    """Both leave other rows alone; torch's counts the steps of all, ours those of each row."""
    a, b = make_table(), make_table()
    train_table(ours("Adam", a.parameters(), eps_hat=True), a, [[1, 2, 3]] * 5)
    train_table(torch.optim.SparseAdam(b.parameters()), b, [[1, 2, 3]] * 5)
    assert_close([a.weight], [b.weight])


@pytest.mark.parametrize("name", ROWS)
def test_only_rows_with_a_gradient_change(name: str) -> None:
    table, dense = make_table(), make_table(sparse=False)
    before = table.weight.detach().clone()
    optimizer, peer = ours(name, table.parameters()), ours(name, dense.parameters())
    train_table(optimizer, table, [[1, 3]] * 4)
    assert torch.equal(table.weight[[0, 2, 4, 5, 6, 7, 8, 9]], before[[0, 2, 4, 5, 6, 7, 8, 9]])
    train_table(peer, dense, [[1, 3]] * 4)
    assert torch.equal(table.weight[[1, 3]], dense.weight[[1, 3]])
    state = optimizer.state[table.weight]
    assert state["row_step"].tolist() == [0, 4, 0, 4, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("name", "options", "dtype"),
    [
        *((name, {}, torch.float64) for name in WHOLE),
        *(("AdamW", {"state_dtype": name}, torch.float32) for name in ROUNDED_STATES),
        ("AdamW", {"average": adamas.EMA(0.9)}, torch.float64),
        ("AdamW", {}, torch.bfloat16),
    ],
)
def test_made_dense_for_those_that_need_all(name: str, options: dict[str, Any], dtype: torch.dtype) -> None:
    tables = []
    for sparse in (True, False):
        table = make_table(dtype, sparse=sparse)
        optimizer = ours(name, table.parameters(), **options)
        for batch in BATCHES:
            optimizer.zero_grad()
            backward(table, batch)
            if sparse:  # the order in which duplicates are summed is not ours
                table.weight.grad = table.weight.grad.coalesce()
                dense = table.weight.grad.to_dense()
            else:
                table.weight.grad = torch.sparse_coo_tensor(
                    torch.tensor([batch]), 2 * table(torch.tensor(batch)).detach(), (10, 4)
                ).to_dense()
                dense = table.weight.grad
            assert dense.shape == (10, 4)
            optimizer.step()
        tables.append(table.weight)
    assert_same(tables[:1], tables[1:])


def test_made_dense_with_a_copy() -> None:
    table, plain = make_table(torch.float32), make_table(torch.float32, sparse=False)
    out = torch.empty(10, 4, dtype=torch.bfloat16)
    optimizer = ours("AdamW", table.parameters(), copy_out=[out])
    train_table(optimizer, table, BATCHES)
    train_table(ours("AdamW", plain.parameters()), plain, BATCHES)
    assert_close([table.weight], [plain.weight], rtol=1e-6, atol=1e-6)
    assert torch.equal(out, table.weight.to(torch.bfloat16))


def test_rows_and_whole_gradients_in_turn() -> None:
    """A table may get both, and is laid out anew when the first rows come."""
    table = make_table()
    optimizer = ours("AdamW", table.parameters())
    for sparse in (False, True, False, True):
        table.sparse = sparse
        train_table(optimizer, table, BATCHES[:2])
    assert optimizer.state[table.weight]["step"] == 8
    assert optimizer.state[table.weight]["row_step"].max() == 8


@pytest.mark.parametrize("fresh", [True, False])
def test_exact_rows_are_as_dense(fresh: bool) -> None:
    """Rows catch up when they are needed, or the state dict is: also of the second parameter."""
    a, b = make_table(torch.float32), make_table(torch.float32, sparse=False)
    other, same = torch.nn.Parameter(torch.ones(3)), torch.nn.Parameter(torch.ones(3))
    optimizer = ours("AdamW", [other, *a.parameters()], sparse="exact", lr=0.1)
    peer = ours("AdamW", [same, *b.parameters()], lr=0.1)
    for batch in BATCHES:
        for param in (other, same):
            param.grad = torch.ones(3)
        for each, table in ((optimizer, a), (peer, b)):
            table.weight.grad = None
            rows = torch.tensor([batch])
            values = torch.arange(1.0, 13.0).view(3, 4)
            grad = torch.sparse_coo_tensor(rows, values, (10, 4)).coalesce()
            table.weight.grad = grad if table is a else grad.to_dense()
            each.step()
        needed = torch.tensor([0, 5, 9])
        optimizer.catch_up(a.weight, needed)
        assert_close([a.weight[needed]], [b.weight[needed]], rtol=1e-5, atol=1e-6)
    version = a.weight._version
    if fresh:
        optimizer = copy.deepcopy(optimizer)
        a.weight = params_of(optimizer)[1]
    else:
        optimizer.state_dict()
        assert a.weight._version > version
    assert_close([a.weight], [b.weight], rtol=1e-5, atol=1e-6)
    optimizer.catch_up()
    assert_close([a.weight], [b.weight], rtol=1e-5, atol=1e-6)


def test_exact_rows_are_not_lost_when_groups_change() -> None:
    a, b = make_table(torch.float32), make_table(torch.float32, sparse=False)
    optimizer, peer = ours("AdamW", a.parameters(), sparse="exact"), ours("AdamW", b.parameters())
    train_table(optimizer, a, BATCHES[:3])
    train_table(peer, b, BATCHES[:3])
    optimizer.add_param_group({"params": [torch.nn.Parameter(torch.ones(2))]})
    train_table(optimizer, a, BATCHES[3:])
    train_table(peer, b, BATCHES[3:])
    optimizer.catch_up()
    assert_close([a.weight], [b.weight], rtol=1e-5, atol=1e-6)


def test_resumed_with_the_same_bits() -> None:
    table = make_table()
    old = ours("AdamW", table.parameters())
    train_table(old, table, BATCHES[:3])
    again = copy.deepcopy(table)
    new = ours("AdamW", again.parameters())
    new.load_state_dict(copy.deepcopy(old.state_dict()))
    train_table(old, table, BATCHES[3:])
    train_table(new, again, BATCHES[3:])
    assert_same([table.weight], [again.weight])
    assert torch.equal(old.state[table.weight]["row_step"], new.state[again.weight]["row_step"])


def test_rows_of_a_bag() -> None:
    torch.manual_seed(0)
    bag = torch.nn.EmbeddingBag(10, 4, mode="sum", sparse=True)
    optimizer = ours("AdamW", bag.parameters())
    before = bag.weight.detach().clone()
    bag(torch.tensor([1, 2, 4, 5, 4, 3]), torch.tensor([0, 3])).sum().backward()
    optimizer.step()
    changed = (bag.weight != before).any(1)
    assert changed.tolist() == [False, True, True, True, True, True, False, False, False, False]


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="sparse: expected 'lazy' or 'exact', got 'dense'"):
        ours("AdamW", make_table().parameters(), sparse="dense")
