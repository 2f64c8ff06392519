"""Names of hyperparameters and options: the likely meaning of an unknown name, and where each option is set."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import Any

from adamas._inputs.values import shown

#: Names of one thing, here and in other libraries.
_SYNONYMS = (
    ("lr", "learning_rate", "base_lr", "init_lr", "initial_lr", "rate", "eta", "step_size"),
    ("betas", "beta_1", "beta_2", "beta_3", "beta", "b1", "b2", "b3"),
    ("eps", "epsilon"),
    ("eps_root", "epsilon_root"),
    ("weight_decay", "wd", "decay", "l2", "weight_decay_rate"),
    ("alpha", "rho"),
    ("max_norm", "clipnorm", "global_clipnorm", "max_grad_norm", "grad_clip", "gradient_clip_val", "clip_grad_norm"),
    ("max_value", "clipvalue", "clip_grad_value"),
    ("num_threads", "threads", "n_threads", "n_jobs", "num_workers"),
    ("state_dtype", "dtype", "state_format", "optim_bits"),
    ("master_weights", "master_weight", "master_params"),
    ("average", "ema", "swa", "use_ema"),
    ("seed", "random_state", "random_seed"),
)

#: Those of them that nobody uses for anything else: setting one as an attribute of an optimizer is a mistake.
MISTAKES = frozenset(
    (
        "learning_rate",
        *("beta1", "beta2", "beta3", "beta_1", "beta_2", "beta_3"),
        "epsilon",
        "wd",
        *("clipnorm", "clip_norm", "max_grad_norm", "clipvalue", "clip_value"),
    )
)


def _bare(name: str) -> str:
    return name.lower().replace("_", "")


_GROUP_OF = {_bare(name): group for group in _SYNONYMS for name in group}


def likely(name: Any, known: Collection[str]) -> str | None:
    """Return the one of the known names that was probably meant; None if there is none.

    Args:
        name: The name that was given.
        known: The names that exist.
    """
    if not isinstance(name, str):
        return None
    same = [other for other in known if _bare(other) == _bare(name)]
    synonyms = [other for other in _GROUP_OF.get(_bare(name), ()) if other in known]
    close = difflib.get_close_matches(name, known, 1, 0.7)
    # Of several names for parts of one thing (beta_1, beta_2) the closest.
    found = same or [other for other in close if other in synonyms] or synonyms or close
    return found[0] if found else None


def meant(name: Any, known: Collection[str]) -> str:
    """Return a part of a message that asks whether a name that is known was meant, if there is a likely one."""
    found = likely(name, known)
    return "" if found is None else f" (did you mean {found!r}?)"


def no_argument(name: str, owner: str, hyperparameters: Collection[str], options: Collection[str] = ()) -> str:
    """Return the message for a keyword argument that does not exist.

    Args:
        name: The argument.
        owner: The optimizer or function that lacks it.
        hyperparameters: The names of the arguments that exist.
        options: The names of the options that exist.
    """
    kind, ours = "argument", f"the arguments {', '.join(hyperparameters)}"
    if options:
        kind = "hyperparameter or option"
        ours = f"the hyperparameters {', '.join(hyperparameters)}, and the options {', '.join(options)}"
    return f"{name}: no such {kind}{meant(name, [*hyperparameters, *options])}; {owner} has {ours}"


def refuse_attribute(
    name: str,
    value: Any,
    groups: list[dict[str, Any]],
    hyperparameters: Mapping[str, bool],
    options: Mapping[str, str | None],
) -> None:
    """Refuse to set an attribute that is none, but a setting with a place of its own.

    Args:
        name: Of the attribute.
        value: What it is set to.
        groups: The optimizer's ``param_groups``.
        hyperparameters: The optimizer's, and whether they may change.
        options: Its options, and what to write to change them, with ``{}`` for the value; None for those fixed.

    Raises:
        AttributeError: Saying what to write.
    """
    meant_by_it = name if name in hyperparameters or name in options else None
    if name in MISTAKES:
        meant_by_it = likely(name, [*hyperparameters, *options])
    if meant_by_it is None:
        return
    if not hyperparameters.get(meant_by_it, options.get(meant_by_it)):
        raise AttributeError(f"{name}: is fixed at construction; make a new optimizer")
    text = shown(value) if meant_by_it == name else "..."
    if place := options.get(meant_by_it):
        raise AttributeError(f"{name}: is not an attribute of the optimizer; write {place.format(text)}")
    key = f"[{meant_by_it!r}] = {text}"
    write = f"opt.param_groups[0]{key}" if len(groups) == 1 else f"for group in opt.param_groups: group{key}"
    raise AttributeError(f"{name}: is not an attribute of the optimizer; write {write}")
