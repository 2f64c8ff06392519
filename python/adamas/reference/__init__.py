"""The optimizers in plain NumPy: the definition of what the compiled ones compute, bit for bit.

``adamas.reference.AdamW`` has the interface of ``adamas.AdamW`` and gives the same bits, slowly. NaN is NaN: its sign
and payload, which IEEE 754 leaves open, may differ.
"""

from adamas.reference.adabelief import AdaBelief
from adamas.reference.adagrad import Adagrad
from adamas.reference.adam import Adam, AdamW
from adamas.reference.adamax import Adamax
from adamas.reference.adan import Adan
from adamas.reference.ademamix import AdEMAMix
from adamas.reference.adopt import ADOPT
from adamas.reference.lamb import LAMB
from adamas.reference.lion import Lion
from adamas.reference.nadam import NAdam
from adamas.reference.radam import RAdam
from adamas.reference.rmsprop import RMSprop
from adamas.reference.schedule_free import ScheduleFreeAdamW
from adamas.reference.sgd import SGD
from adamas.reference.yogi import Yogi

__all__ = [
    "ADOPT",
    "LAMB",
    "SGD",
    "AdEMAMix",
    "AdaBelief",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Adan",
    "Lion",
    "NAdam",
    "RAdam",
    "RMSprop",
    "ScheduleFreeAdamW",
    "Yogi",
]
