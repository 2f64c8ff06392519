"""adamas under JAX: optimizers whose step runs inside ``jit``, in place, on JAX's own arrays on the CPU.

::

    import adamas.jax

    opt = adamas.jax.AdamW(1e-3, weight_decay=0.01, max_norm=1.0)
    state = opt.init(params)

    @functools.partial(jax.jit, donate_argnums=(0, 1))
    def train_step(params, state, batch):
        loss, grads = jax.value_and_grad(loss_of)(params, batch)
        params, state = opt.step(params, grads, state, after=loss)
        return params, state, loss

There is a class for each rule of adamas, with the arguments of the class in `adamas`, without the parameters. The
arguments may be schedules, as optax has them: functions of the number of steps taken so far, in JAX's operations.

For programs that are written for optax there are functions with the names and arguments of optax's, such as
`adamas.jax.adamw`. They return an ``optax.GradientTransformation``, which has the step in place, too.
"""

from __future__ import annotations

try:
    import jax
except ImportError as error:
    if not isinstance(error, ModuleNotFoundError) or error.name != "jax":
        raise ImportError(f"adamas.jax: JAX is installed, but cannot be imported: {error}") from error
    raise ImportError("adamas.jax: needs JAX; install it with: pip install 'adamas[jax]'") from error

if not hasattr(jax, "ffi"):
    raise ImportError(f"adamas.jax: needs JAX 0.6 or newer, got {jax.__version__}")

from adamas.jax import _optimizers, _transforms
from adamas.jax._flat import Flat, flat
from adamas.jax._optimizer import Optimizer
from adamas.jax._optimizers import *  # noqa: F403
from adamas.jax._state import State
from adamas.jax._transforms import *  # noqa: F403

__all__ = ["Flat", "Optimizer", "State", "flat"]
__all__ += _optimizers.__all__
__all__ += _transforms.__all__
