"""The optimizers in plain NumPy: the definition of what the compiled ones compute, bit for bit.

``adamas.reference.AdamW`` has the interface of ``adamas.AdamW`` and gives the same bits, slowly. NaN is NaN: its sign
and payload, which IEEE 754 leaves open, may differ.
"""

from adamas.reference.adam import Adam, AdamW

__all__ = ["Adam", "AdamW"]
