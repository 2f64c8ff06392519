"""The interface for adapters of other libraries. `adamas.torch` and `adamas.keras` use no other internals.

An adapter makes an optimizer of another library that updates that library's parameters in their own memory. It finds
the memory, brings gradients, and shows the states in the library's own form; all the rest is done here:

- `describe`: what depends on an optimizer class alone, as an `OptimizerInfo`;
- `BoundOptimizer`: the parameters bound to an optimizer class; it takes gradients, steps, and has the states;
- `adamas.adapters.checks`: checks of arguments, with the messages of adamas;
- `Program`: a step for a runtime that holds all buffers itself, and `xla_handler`, a capsule with the function that XLA
  calls for it;
- `BackgroundThreads`: threads that Ctrl-C leaves in order;
- `atomic_write`: atomic replacement of files;
- `class_named`: an optimizer class by the name of its rule;
- `evaluated`: a ``with`` block in which parameters hold what is to be evaluated;
- `Lent`: copies of arrays for functions of users;
- `adamas.adapters.docstrings`: docstrings that spell out all arguments and options;
- `StepTable`, `SteppingCall`: steps of single parameters by key, for libraries that call for one tensor at a time;
- `Tensors`: the tensors of a library that has DLPack's exchange interface (PyTorch), read without making arrays.

What an adapter may touch is in ``docs/adapters.md``, with a whole adapter as an example.
"""

from __future__ import annotations

from adamas._core import xla_handler
from adamas._numerics.formats import bfloat16
from adamas._optimizer.base import Optimizer
from adamas._optimizer.observed import Observed
from adamas._optimizer.report import StepReport
from adamas._optimizer.step_defaults import StepDefaults
from adamas._optimizer.step_scope import StepScope
from adamas._system.atomic_file import atomic_write
from adamas._system.worker_thread import BackgroundThreads
from adamas._types import Array
from adamas.adapters.evaluation import evaluated, is_evaluated_elsewhere
from adamas.adapters.host import BoundOptimizer, SteppingCall, StepTable, Tensors
from adamas.adapters.lending import Lent
from adamas.adapters.naming import RULE_NAMES, class_named, is_optimizer_class
from adamas.adapters.optimizer_info import OptimizerInfo, all_state_names, describe
from adamas.adapters.program import Buffer, Operand, Part, Program
from adamas.rules import Formula

__all__ = [
    "RULE_NAMES",
    "Array",
    "BackgroundThreads",
    "BoundOptimizer",
    "Buffer",
    "Formula",
    "Lent",
    "Observed",
    "Operand",
    "Optimizer",
    "OptimizerInfo",
    "Part",
    "Program",
    "StepDefaults",
    "StepReport",
    "StepScope",
    "StepTable",
    "SteppingCall",
    "Tensors",
    "all_state_names",
    "atomic_write",
    "bfloat16",
    "class_named",
    "describe",
    "evaluated",
    "is_evaluated_elsewhere",
    "is_optimizer_class",
    "xla_handler",
]
