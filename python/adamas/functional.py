"""Updates of one parameter, in place, for those who keep the states themselves: a function for each rule.

Each takes the parameter, its gradient, the rule's states (those that the optimizer's ``opt.state`` has with the same
hyperparameters, in that order, or by name) and, as keywords, the number of the step and the hyperparameters.
"""

from adamas._optimizer.single_update import make_functions

_FUNCTIONS = make_functions(__name__)
globals().update(_FUNCTIONS)

__all__ = sorted(_FUNCTIONS)  # noqa: PLE0605
