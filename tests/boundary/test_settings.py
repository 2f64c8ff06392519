"""Misplaced settings and unknown names: each raises an error."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from bits import assert_same_bits
from refusing import both

import adamas
from adamas import functional, reference
from adamas._inputs.hyperparameters import NAMES
from adamas._inputs.names import likely
from adamas._optimizer.options import PLACES, Options
from adamas.adapters import BoundOptimizer

GRADS = np.full(3, 0.5, np.float32)

#: What is set, and what the error says.
ATTRIBUTES: dict[str, tuple[Any, str]] = {
    "lr": (0.5, "lr: is not an attribute of the optimizer; write opt.param_groups[0]['lr'] = 0.5"),
    "betas": ((0, 0), "betas: is not an attribute of the optimizer; write opt.param_groups[0]['betas'] = (0, 0)"),
    "weight_decay": (0.0, "write opt.param_groups[0]['weight_decay'] = 0.0"),
    "learning_rate": (
        0.5,
        "learning_rate: is not an attribute of the optimizer; write opt.param_groups[0]['lr'] = ...",
    ),
    "beta1": (0.5, "beta1: is not an attribute of the optimizer; write opt.param_groups[0]['betas'] = ..."),
    "beta_2": (0.5, "beta_2: is not an attribute of the optimizer; write opt.param_groups[0]['betas'] = ..."),
    "epsilon": (0.5, "write opt.param_groups[0]['eps'] = ..."),
    "amsgrad": (True, "amsgrad: is fixed at construction; make a new optimizer"),
    "max_norm": (1.0, "max_norm: is not an attribute of the optimizer; write opt.step_defaults.max_norm = 1.0"),
    "on_nonfinite": ("skip", "write opt.step_defaults.on_nonfinite = 'skip'"),
    "clipnorm": (1.0, "write opt.step_defaults.max_norm = ..."),
    "state_dtype": ("int8", "state_dtype: is fixed at construction; make a new optimizer"),
    "average": (adamas.EMA(), "average: is fixed at construction; make a new optimizer"),
    "grad_scale": (2.0, "grad_scale: is not an attribute of the optimizer; write opt.step(grads, grad_scale=2.0)"),
}


@both
@pytest.mark.parametrize("name", ATTRIBUTES)
def test_attributes(module: Any, name: str) -> None:
    value, message = ATTRIBUTES[name]
    opt = module.AdamW([np.ones(3, np.float32)])
    with pytest.raises(AttributeError) as caught:
        setattr(opt, name, value)
    assert message in str(caught.value)
    assert not hasattr(opt, name)


@both
@pytest.mark.parametrize("cls", adamas.optimizers.__all__)
def test_every_hyperparameter_and_option_of_every_class(module: Any, cls: str) -> None:
    opt = getattr(module, cls)([np.ones(3, np.float32)])
    parameters = inspect.signature(type(opt)).parameters
    for name in [*parameters, *Options.__annotations__]:
        if name in ("params", "options", "num_threads"):
            continue
        with pytest.raises(AttributeError, match=f"^{name}: is "):
            setattr(opt, name, 0.5)
    opt.num_threads = 2
    assert opt.num_threads == 2


@both
def test_groups_are_all_named(module: Any) -> None:
    opt = module.SGD([{"params": [np.ones(3)]}, {"params": [np.ones(3)]}])
    with pytest.raises(AttributeError, match=r"write for group in opt.param_groups: group\['lr'\] = 0.5"):
        opt.lr = 0.5


@both
def test_subclasses_keep_attributes_of_their_own(module: Any) -> None:
    base: Any = module.AdamW

    class Own(base):  # type: ignore[misc]
        def __init__(self, params: Any, lr: float) -> None:
            self.lr = lr  # before there is an optimizer
            super().__init__(params, lr=lr)
            self._private, self.schedule, self.momentum = 1, "cosine", 0.9

        @property
        def betas(self) -> Any:
            return self.param_groups[0]["betas"]

        @betas.setter
        def betas(self, value: Any) -> None:
            self.param_groups[0]["betas"] = value

    opt = Own([np.ones(3)], 0.25)
    opt.lr, opt.betas, opt.decay_rate = 0.5, (0.5, 0.5), 3
    assert (opt.lr, opt.schedule, opt.momentum, opt.decay_rate) == (0.5, "cosine", 0.9, 3)
    assert opt.param_groups[0]["betas"] == (0.5, 0.5)


def ways_to_step(opt: Any) -> dict[str, Any]:
    def in_scope() -> None:
        with opt.step_scope():
            opt.step_param(0, GRADS)

    return {
        "step": lambda: opt.step([GRADS]),
        "step with options": lambda: opt.step([GRADS], max_norm=1.0),
        "async": lambda: opt.step_async([GRADS]).result(),
        "scope": in_scope,
        "accumulated": lambda: (opt.accumulate([GRADS]), opt.step()),
    }


@both
@pytest.mark.parametrize("way", ways_to_step(None))
def test_misspelt_entries_of_groups(module: Any, way: str) -> None:
    """At the next step, whichever way it is taken; and nothing has changed."""
    w = np.ones(3, np.float32)
    opt = module.AdamW([w])
    for key in ("lrr", "beta", "learning_rate", "decoupled_weight_decay ", 3):
        opt.param_groups[0][key] = 1.0
        with pytest.raises(ValueError, match=r"param_groups\[0\]\[.*\]: AdamW has no such hyperparameter"):
            ways_to_step(opt)[way]()
        with pytest.raises(ValueError, match=r"param_groups\[0\]\[.*\]: AdamW has no such hyperparameter"):
            opt.state_dict()
        del opt.param_groups[0][key]
        opt.drop_accumulated()
    assert (w == 1.0).all()
    ways_to_step(opt)[way]()
    assert (w != 1.0).all()


@both
def test_a_state_dict_with_an_entry_that_there_is_not(module: Any) -> None:
    opt = module.AdamW([np.ones(3)])
    saved = opt.state_dict()
    saved["param_groups"][0]["learning_rate"] = 0.1
    with pytest.raises(ValueError, match=r"param_groups\[0\]\['learning_rate'\]: AdamW has no such hyperparameter"):
        opt.load_state_dict(saved)
    assert "learning_rate" not in opt.param_groups[0]


def test_engines_of_other_libraries_take_their_groups() -> None:
    a, b = np.ones(3, np.float32), np.ones(3, np.float32)
    bound, plain = BoundOptimizer(adamas.AdamW, [{"params": {"a": a}}]), adamas.AdamW([b])
    entries: dict[Any, Any] = {"initial_lr": 1.0, "lr_scale": 2.0, 3: None}
    bound.param_groups = [{**bound.param_groups[0], **entries}]
    bound.step([GRADS])
    plain.step([GRADS])
    assert_same_bits(a, b, "param")
    bound.param_groups = [{key: value for key, value in plain.param_groups[0].items() if key != "params"}]
    bound.step([GRADS])


#: Arguments that there are not, and what is likely meant.
ARGUMENTS: dict[str, str | None] = {
    "learning_rate": "lr",
    "LR": "lr",
    "beta1": "betas",
    "beta_2": "betas",
    "b1": "betas",
    "epsilon": "eps",
    "wd": "weight_decay",
    "weight_deacy": "weight_decay",
    "clipnorm": "max_norm",
    "max_grad_norm": "max_norm",
    "threads": "num_threads",
    "state_format": "state_dtype",
    "fused": None,
    "foreach": None,
}


@both
@pytest.mark.parametrize("name", ARGUMENTS)
def test_arguments(module: Any, name: str) -> None:
    with pytest.raises(TypeError) as caught:
        module.AdamW([np.ones(3)], **{name: 1})
    hint = f" (did you mean {ARGUMENTS[name]!r}?)" if ARGUMENTS[name] else ""
    assert str(caught.value) == (
        f"{name}: no such hyperparameter or option{hint}; AdamW has the hyperparameters lr, betas, eps, weight_decay, "
        f"amsgrad, maximize, bias_correction, eps_hat, decay, max_lr, cautious, and the options "
        f"{', '.join(Options.__annotations__)}"
    )


@pytest.mark.parametrize("name", functional.__all__)
def test_arguments_of_functions(name: str) -> None:
    update = getattr(functional, name)
    with pytest.raises(TypeError, match=r"^learning_rate: no such argument \(did you mean 'lr'\?\); .* lr, "):
        update(np.ones(3), np.ones(3), step=1, learning_rate=1)
    with pytest.raises(TypeError, match=r"^fused: no such argument; "):
        update(np.ones(3), np.ones(3), step=1, fused=True)


def test_likely_names() -> None:
    assert likely("beta1", ["learning_rate", "beta_1", "beta_2", "epsilon"]) == "beta_1"
    assert likely("beta2", ["learning_rate", "beta_1", "beta_2", "epsilon"]) == "beta_2"
    assert likely("lr", ["learning_rate", "beta_1"]) == "learning_rate"
    assert likely("eps", ["learning_rate", "epsilon"]) == "epsilon"
    assert likely("xyz", NAMES) is likely(3, NAMES) is None
    assert set(PLACES) == set(Options.__annotations__)
    every_default = {name for cls in reference.__all__ for name in getattr(reference, cls)([np.ones(1)]).defaults}
    assert set(NAMES) == every_default
