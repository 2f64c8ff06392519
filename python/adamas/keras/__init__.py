"""adamas under Keras 3: its optimizers as ``keras.optimizers.Optimizer``.

::

    import adamas.keras

    model.compile(optimizer=adamas.keras.AdamW(learning_rate=1e-3), loss="mse")   # instead of keras.optimizers.AdamW

Names, arguments, defaults and results are those of ``keras.optimizers`` where Keras has the rule, else those of
`adamas` in Keras's words. All that Keras does around an update holds: learning-rate schedules, ``clipnorm``,
``clipvalue`` and ``global_clipnorm``, ``exclude_from_weight_decay``, averages (``use_ema``),
``gradient_accumulation_steps``, ``loss_scale_factor`` and ``LossScaleOptimizer``, configs, and ``.keras`` files with
the optimizer in them. Steps are counted by ``iterations``. Weight decay is Keras's for every rule: before the update,
``variable *= 1 - learning_rate * weight_decay``. Beside Keras's arguments each class takes ``state_dtype``,
``num_threads`` and ``observe``, as `adamas.Options` has them, and, where the rule has them in `adamas`, ``decay``,
``max_lr`` and ``cautious``, all by name; where ``max_lr`` is None, it is the learning rate at construction.

What a step costs depends on Keras's backend:

========== ============================================================================================================
torch      No copies: a step is one call of the compiled core for all variables, in their own memory, and
           ``optimizer.variables`` are views of the core's states. Variables have to be on the CPU
           (``KERAS_TORCH_DEVICE=cpu`` where there is a GPU).
jax        In a compiled training step, XLA calls the core on its own arrays, which the step updates in place where they
           are donated, as ``fit`` has it. ``observe`` is reached by ``jax.pure_callback`` instead, which copies
           variables, states and gradients to the host and back; and so is everything before JAX 0.6. One device.
tensorflow Each step copies variables, states and gradients to the host, and variables and states back, by
           ``tf.numpy_function``; the host keeps a second set of both: 12 bytes more for each parameter with Adam. The
           results are right, but a step takes several times as long as Keras's own: this is for rules and
           ``state_dtype`` that Keras does not have, not for speed. XLA cannot compile it: TensorFlow refuses
           ``jit_compile=True`` (on the CPU Keras's default is without). One replica.
numpy      Each step copies everything, as under tensorflow, without a callback. (Keras cannot train with this backend,
           but ``apply`` works.)
========== ============================================================================================================

Where results differ from Keras's by more than rounding: `Adamax` takes epsilon into the maximum, which shows for
gradients of its size; `RMSprop` with momentum applies the present learning rate to the whole buffer, so the two part
when the learning rate changes.

``master_weights`` and ``average`` of `adamas` are not offered: Keras writes into variables at any time
(``set_weights``, early stopping), behind the back of whatever the optimizer keeps of them; ``use_ema`` is there.
"""

from __future__ import annotations

try:
    import keras
except ImportError as error:
    if isinstance(error, ModuleNotFoundError) and error.name == "keras":
        raise ImportError("adamas.keras: needs Keras 3; install it with: pip install 'adamas[keras]'") from error
    if error.name in ("tensorflow", "torch", "jax", "openvino"):
        raise ImportError(
            f"adamas.keras: Keras is installed, but its backend, {error.name}, is not: install it, or choose one that "
            "is, by the environment variable KERAS_BACKEND: torch, jax, tensorflow or numpy"
        ) from error
    raise ImportError(f"adamas.keras: Keras is installed, but cannot be imported: {error}") from error

if tuple(int(part) for part in keras.__version__.split(".")[:2]) < (3, 10):
    raise ImportError(
        f"adamas.keras: needs Keras 3.10 or newer, got {keras.__version__}; "
        "install it with: pip install 'adamas[keras]'"
    )

from adamas.keras import _optimizers
from adamas.keras._optimizer import Optimizer
from adamas.keras._optimizers import *  # noqa: F403

__all__ = [
    "Optimizer",
]
__all__ += _optimizers.__all__
