"""Misplaced settings of the optimizers under PyTorch, and warnings about 16-bit parameters."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from twins import CLASSES, give_gradients, make_params, ours, params_of

import adamas
import adamas.torch
from adamas._inputs import precision as _precision

ATTRIBUTES: dict[str, tuple[Any, str]] = {
    "lr": (0.5, "lr: is not an attribute of the optimizer; write opt.param_groups[0]['lr'] = 0.5"),
    "amsgrad": (True, "amsgrad: is not an attribute of the optimizer; write opt.param_groups[0]['amsgrad'] = True"),
    "learning_rate": (
        0.5,
        "learning_rate: is not an attribute of the optimizer; write opt.param_groups[0]['lr'] = ...",
    ),
    "beta1": (0.5, "write opt.param_groups[0]['betas'] = ..."),
    "max_norm": (1.0, "max_norm: is not an attribute of the optimizer; write opt.step_defaults.max_norm = 1.0"),
    "state_dtype": ("int8", "state_dtype: is fixed at construction; make a new optimizer"),
    "num_threads": (1, "num_threads: is fixed at construction; make a new optimizer"),
    "sparse": ("exact", "sparse: is fixed at construction; make a new optimizer"),
}


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_attributes(name: str) -> None:
    value, message = ATTRIBUTES[name]
    optimizer = ours("AdamW", make_params())
    for opt in (optimizer, copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        with pytest.raises(AttributeError) as caught:
            setattr(opt, name, value)
        assert message in str(caught.value)
        assert not hasattr(opt, name)


@pytest.mark.parametrize("name", CLASSES)
def test_what_torch_and_its_tools_set(name: str) -> None:
    """`GradScaler`, schedulers and wrappers put attributes of theirs on an optimizer, and entries into groups."""
    optimizer = ours(name, make_params())
    optimizer.grad_scale = optimizer.found_inf = None
    optimizer.foreach = optimizer.fused = True
    optimizer.my_own, optimizer._private = 1, 2
    torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
    optimizer.param_groups[0].update(lr_scale=0.5, lrr=1.0)
    give_gradients(params_of(optimizer), 0)
    optimizer.step()
    assert optimizer.report.updated > 0
    assert optimizer.param_groups[0]["initial_lr"] == optimizer.param_groups[0]["lr"]


def test_an_attribute_of_a_subclass() -> None:
    class Own(adamas.torch.AdamW):
        @property
        def lr(self) -> Any:
            return self.param_groups[0]["lr"]

        @lr.setter
        def lr(self, value: float) -> None:
            self.param_groups[0]["lr"] = value

    optimizer = Own(make_params())
    optimizer.lr = 0.5
    assert optimizer.param_groups[0]["lr"] == 0.5


@pytest.mark.parametrize(("name", "likely"), [("learning_rate", "lr"), ("beta1", "betas"), ("clipnorm", "max_norm")])
def test_arguments(name: str, likely: str) -> None:
    with pytest.raises(TypeError) as caught:
        ours("AdamW", make_params(), **{name: 1})
    said = str(caught.value)
    assert said.startswith(f"{name}: no such hyperparameter or option (did you mean {likely!r}?); AdamW has the ")
    for each in ("lr", "betas", "eps", "weight_decay", "fused", "state_dtype", "max_norm", "average"):
        assert f" {each}," in said


def warned(act: Any) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        act()
    found = [warning for warning in caught if warning.category is adamas.PrecisionWarning]
    assert all(warning.filename == __file__ for warning in found)
    return [str(warning.message) for warning in found]


def test_options_without_effect() -> None:
    """At construction alone: not when states are laid out, at a new group, in copies."""
    made: list[Any] = []
    (said,) = warned(lambda: made.append(adamas.torch.AdamW(make_params(torch.float32), master_weights=True)))
    assert said.startswith("master_weights=True: changes nothing, since no parameter is bfloat16 or float16 (they are")
    optimizer = made[0]

    def use() -> None:
        for step in range(2):
            give_gradients(params_of(optimizer), step)
            optimizer.step()
            optimizer.add_param_group({"params": make_params(torch.float32)})
        copy.deepcopy(optimizer).load_state_dict(optimizer.state_dict())

    assert warned(use) == []
    assert warned(lambda: adamas.torch.AdamW(make_params(torch.bfloat16), master_weights=True)) == []


def test_lost_updates() -> None:
    _precision._told.clear()
    (said,) = warned(lambda: adamas.torch.AdamW(make_params(torch.bfloat16)))
    assert said.startswith("parameters are bfloat16, with 8 significant bits: an update that is smaller than half")
    assert warned(lambda: adamas.torch.AdamW(make_params(torch.bfloat16))) == []
    _precision._told.clear()
    assert warned(lambda: adamas.torch.AdamW(make_params(torch.bfloat16), rounding="nearest")) == []
    assert warned(lambda: adamas.torch.AdamW(make_params(torch.bfloat16), master_weights="split32")) == []
    optimizer = adamas.torch.AdamW(make_params(torch.float32))
    assert warned(optimizer.step) == []
    (said,) = warned(lambda: optimizer.add_param_group({"params": make_params(torch.float16)}))
    assert "float16, with 11 significant bits" in said
    _precision._told.clear()
    params = make_params(torch.bfloat16)
    assert warned(lambda: adamas.torch.Offload(params, adamas.torch.AdamW)) == []  # its masters are float32


def test_tensors_given_to_an_optimizer_for_arrays() -> None:
    model = torch.nn.Linear(2, 2)
    advice = "for parameters of PyTorch, use adamas.torch.NAdam"
    for module in (adamas, adamas.reference):
        for params in (
            model.parameters(),
            model.named_parameters(),
            list(model.parameters()),
            dict(model.named_parameters()),
            model.state_dict(),
            [{"params": model.parameters(), "lr": 0.1}],
            model,
            model.weight,
            model.weight.detach(),
        ):
            with pytest.raises(TypeError, match=rf"^params.*: expected a numpy.ndarray, got .*torch.*; {advice}$"):
                module.NAdam(params)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("raise ModuleNotFoundError(name='torch')", "needs PyTorch; install it with: pip install 'adamas[torch]'"),
        ("raise ImportError('broken')", "PyTorch is installed, but cannot be imported: broken"),
        ("import no_such_module", "PyTorch is installed, but cannot be imported: No module named 'no_such_module'"),
    ],
)
def test_import_without_pytorch(code: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text(code)
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import adamas.torch"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert f"ImportError: adamas.torch: {message}" in result.stderr


def test_repr() -> None:
    plain = ours("AdamW", make_params())
    assert repr(plain).startswith("AdamW (\nParameter Group 0\n    amsgrad: False\n")
    assert "Options" not in repr(plain)
    params = make_params(torch.bfloat16)
    average = adamas.EMA(0.5)
    optimizer = ours("AdamW", params, state_dtype=torch.int8, master_weights=True, average=average, seed=0)
    optimizer.step_defaults.max_norm = 2
    assert repr(optimizer).endswith(
        "\n    weight_decay: 0.01\nOptions\n    state_dtype: 'int8'\n    master_weights: True\n"
        f"    average: {average!r}\n    max_norm: 2.0\n)"
    )
    copies: list[Any] = [None, *(torch.empty_like(param, dtype=torch.float16) for param in make_params()[1:])]
    assert f"copy_out: '{len(copies) - 1} tensors'" in repr(ours("AdamW", make_params(), copy_out=copies))
