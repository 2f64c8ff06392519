"""adamas under thinc and spaCy: its optimizers as ``thinc.optimizers.Optimizer``.

::

    python -m spacy train config.cfg --training.optimizer.@optimizers=adamas.Adam.v1    # the whole change

    from adamas.thinc import Adam                                      # instead of thinc.api.Adam

Every class is registered under ``adamas.<name>.v1``, and takes the arguments that thinc's have: ``learn_rate``,
``beta1``, ``beta2``, ``eps``, ``L2``, ``L2_is_weight_decay``, ``grad_clip``, ``use_averages``; learning rates and the
like may be schedules. ``state_dtype``, ``num_threads`` and ``on_nonfinite`` are as `adamas.Options` has them.

`Adam`, `RAdam` and `SGD` do what thinc does under these names: L2 regularisation before clipping, ``eps`` before the
bias correction, weight decay after the update, clipping by ``grad_clip / norm``. All other classes are the rules of
`adamas` in thinc's words: `AdamW` decays before the update, and has ``eps`` after the bias correction.

What thinc lacks: the optimizer's state can be saved and loaded (`Optimizer.to_disk`, `Optimizer.from_disk`; for
``spacy train`` the callback ``adamas.save_optimizer.v1`` and the argument ``resume_from``).

Not offered: rules that need all gradients at once (Prodigy), since thinc calls for one tensor after the other; and
rules that are evaluated at other weights than they train (schedule-free ones), since spaCy would evaluate the latter.
"""

from __future__ import annotations

try:
    import thinc
except ImportError as error:
    if isinstance(error, ModuleNotFoundError) and error.name == "thinc":
        raise ImportError("adamas.thinc: needs thinc; install it with: pip install 'adamas[thinc]'") from error
    raise ImportError(f"adamas.thinc: thinc is installed, but cannot be imported: {error}") from error

if not (
    (8, 3, 12) <= (_version := tuple(int(part) for part in thinc.__version__.split(".")[:3] if part.isdigit())) < (8, 4)
    or (9,) <= _version < (10,)
):
    raise ImportError(
        f"adamas.thinc: needs thinc 8.3.12 or a newer 8.3, or 9, got {thinc.__version__}; "
        "install it with: pip install 'adamas[thinc]'"
    )

from adamas.thinc import _optimizers
from adamas.thinc._optimizer import Optimizer
from adamas.thinc._optimizers import *  # noqa: F403
from adamas.thinc._spacy import save_optimizer

__all__ = [
    "Optimizer",
    "save_optimizer",
]
__all__ += _optimizers.__all__
