"""adamas in scikit-learn's neural networks: ``MLPClassifier`` and ``MLPRegressor`` that train with adamas.

::

    from adamas.sklearn import MLPClassifier   # instead of sklearn.neural_network

    MLPClassifier((512, 512)).fit(X, y)                                       # scikit-learn's Adam, in less time
    MLPClassifier((512, 512), optimizer="adamw", weight_decay=0.1).fit(X, y)  # another rule

The classes are subclasses of scikit-learn's and have all their arguments, attributes and methods. Two arguments are
new: ``optimizer`` and ``weight_decay``. Without them the results are those of scikit-learn: bit for bit in float64 with
``solver="adam"``, and up to rounding otherwise. Estimators can be cloned, copied and pickled as usual; a pickled one
goes on with ``partial_fit`` exactly where it stopped.

`AdamOptimizer` and `SGDOptimizer` are what replaces scikit-learn's private classes of these names.
"""

from __future__ import annotations

try:
    import sklearn
except ImportError as error:
    if isinstance(error, ModuleNotFoundError) and error.name == "sklearn":
        raise ImportError(
            "adamas.sklearn: needs scikit-learn; install it with: pip install 'adamas[sklearn]'"
        ) from error
    raise ImportError(f"adamas.sklearn: scikit-learn is installed, but cannot be imported: {error}") from error

if tuple(int(part) for part in sklearn.__version__.split(".")[:2]) < (1, 3):
    raise ImportError(
        f"adamas.sklearn: needs scikit-learn 1.3 or newer, got {sklearn.__version__}; "
        "install it with: pip install 'adamas[sklearn]'"
    )

from adamas.sklearn._estimators import MLPClassifier, MLPRegressor
from adamas.sklearn._optimizers import AdamOptimizer, SGDOptimizer

__all__ = [
    "AdamOptimizer",
    "MLPClassifier",
    "MLPRegressor",
    "SGDOptimizer",
]
