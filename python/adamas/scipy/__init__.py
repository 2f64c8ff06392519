"""Minimization by the rules of adamas, with the interface of ``scipy.optimize.minimize``.

::

    import adamas
    from scipy.optimize import minimize

    minimize(fun, x0, jac=jac, method=adamas.minimize, options=dict(rule="adamw", lr=0.01, maxiter=5000))

`minimize` is there under ``adamas.minimize``, too, and can be called by itself. SciPy is needed for the class of its
result, and for gradients by finite differences: ``pip install 'adamas[scipy]'``.
"""

from __future__ import annotations

from adamas.scipy._minimize import minimize

__all__ = ["minimize"]
