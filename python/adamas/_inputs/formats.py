"""Which number formats an optimizer uses, and the messages for combinations that do not fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from adamas._inputs.values import as_index, dtype_name, shown
from adamas._numerics.formats import BLOCK, Residue, StateFormat, bfloat16

#: What becomes of what rounding a parameter to 16 bits cuts off, by (master_weights, rounding).
_RESIDUES = {
    (False, "nearest"): Residue.NONE,
    (False, "stochastic"): Residue.STOCHASTIC,
    (False, "kahan"): Residue.KAHAN,
    (True, "nearest"): Residue.MASTER,
    ("split32", "nearest"): Residue.SPLIT32,
    ("split24", "nearest"): Residue.SPLIT24,
}

STATE_DTYPES = tuple(each.value for each in StateFormat)


def _is_word(value: Any, *words: str) -> bool:
    return isinstance(value, str) and value in words


@dataclass(frozen=True)
class FormatOptions:
    """How an optimizer keeps its numbers: the same for all its parameters, as far as their dtype allows."""

    state_dtype: str | None = None
    master_weights: bool | str = False
    rounding: str = "nearest"
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "state_dtype", dtype_name(self.state_dtype))
        if self.state_dtype is not None and (
            not isinstance(self.state_dtype, str) or self.state_dtype not in STATE_DTYPES
        ):
            raise ValueError(
                f"state_dtype: expected None or one of {', '.join(map(repr, STATE_DTYPES))}, "
                f"got {shown(self.state_dtype)}"
            )
        if not isinstance(self.master_weights, bool) and not _is_word(self.master_weights, "split32", "split24"):
            raise ValueError(
                f"master_weights: expected False, True, 'split32' or 'split24', got {shown(self.master_weights)}"
            )
        if not _is_word(self.rounding, "nearest", "stochastic", "kahan"):
            raise ValueError(f"rounding: expected 'nearest', 'stochastic' or 'kahan', got {shown(self.rounding)}")
        if self.master_weights and self.rounding != "nearest":
            raise ValueError(
                f"rounding: {self.rounding!r} and master_weights={self.master_weights!r} are two ways to the same end; "
                "choose one"
            )
        expected = "a whole number from 0 to 2**64 - 1"
        seed = as_index(self.seed)
        if seed is None:
            raise TypeError(f"seed: expected {expected}, got {shown(self.seed)}")
        if not 0 <= seed < 2**64:
            raise ValueError(f"seed: expected {expected}, got {shown(self.seed)}")
        object.__setattr__(self, "seed", seed)
        if self.state_dtype == "bfloat16":
            bfloat16()

    def of(self, dtype: np.dtype[Any], path: str) -> tuple[StateFormat, Residue]:
        """Return the state format and the residue of a parameter.

        Raises:
            ValueError: The optimizer's formats do not go with that dtype.
        """
        if dtype == np.float64:
            if self.state_dtype not in (None, "float64"):
                raise ValueError(
                    f"{path}: is float64, whose states are float64; state_dtype={self.state_dtype!r} is for "
                    "float32, bfloat16 and float16 parameters"
                )
            return StateFormat.FLOAT64, Residue.NONE
        if self.state_dtype == "float64":
            raise ValueError(f"{path}: is {dtype.name}; state_dtype='float64' is for float64 parameters alone")
        state_format = StateFormat(self.state_dtype or "float32")
        if dtype == np.float32:
            return state_format, Residue.NONE
        if dtype == np.float16 and (self.rounding == "stochastic" or isinstance(self.master_weights, str)):
            option = f"master_weights={self.master_weights!r}" if self.master_weights else "rounding='stochastic'"
            raise ValueError(f"{path}: is float16; {option} is for bfloat16 parameters alone")
        return state_format, _RESIDUES[self.master_weights, self.rounding]

    def saved(self) -> dict[str, Any]:
        """Describe the formats in a state dict."""
        saved = {
            "state_dtype": self.state_dtype,
            "block_size": BLOCK,
            "master_weights": self.master_weights,
            "rounding": self.rounding,
            "seed": int(self.seed),
        }
        if isinstance(self.master_weights, str):
            # How the parameter that the low bits go with was made; in versions that do not say so, it was cut short.
            saved["low_bits"] = "rounded"
        return saved
