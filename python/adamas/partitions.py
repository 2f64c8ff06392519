"""Partitions for `adamas.AdamMini`: which parameters share a second moment, by their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from adamas._inputs.hyperparameters import whole_number
from adamas._inputs.values import shown, type_name

__all__ = ["transformer_blocks"]

# In the order of the authors' code, which looks for these in the names, in small letters.
_ELEMENTS = ("bias",)
_KEYS = ("k_proj", "wk", "key")
_QUERIES = ("q_proj", "wq", "query")
_ROWS = (
    *("embed", "embd", "wte"),  # a token each
    *("lm_head", "output", "final_layer"),
    *("v_proj", "wv", "value"),
    *("o_proj", "wo", "attn.proj"),
    *("feed_forward", "linear", "mlp"),
)


def transformer_blocks(
    params: Mapping[str, Any] | Iterable[tuple[str, Any]], heads: int, key_value_heads: int | None = None
) -> list[dict[str, Any]]:
    """Divide the parameters of a transformer into groups for `adamas.AdamMini`, as its authors do.

    Queries and keys (names with ``q_proj``, ``wq``, ``query``; ``k_proj``, ``wk``, ``key``) have a block for each head;
    embeddings, outputs, values, projections after attention and perceptrons (``embed``, ``wte``, ``lm_head``,
    ``v_proj``, ``o_proj``, ``linear``, ``mlp`` and a few more) one for each row, if they have two dimensions or more;
    biases (``bias``) one for each element; all else, such as the weights of norms, one for the whole parameter. Rows
    are outputs, as in PyTorch: for layers that compute ``x @ w``, transpose.

    Args:
        params: Arrays by name, or pairs of a name and a tensor, as from ``model.named_parameters()``.
        heads: Of attention, at least 1.
        key_value_heads: Of keys, where several queries share one; None for as many as ``heads``.

    Returns:
        Groups, with ``blocks``: of arrays by name if ``params`` is a mapping, else of pairs. None is empty, and each
        parameter is in one.

    Raises:
        TypeError: A name is no string, or what is given no pair.
        ValueError: Fewer heads than 1, or ``heads`` is no multiple of ``key_value_heads``.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> model = {"attention.wq": np.ones((8, 8)), "norm.weight": np.ones(8)}
        >>> groups = adamas.partitions.transformer_blocks(model, heads=2)
        >>> [group["blocks"] for group in groups]
        [2, 'tensor']
        >>> opt = adamas.AdamMini(groups, lr=0.1)
        >>> opt.state["attention.wq"]["exp_avg_sq"].shape
        (2, 1)

    References:
        Y. Zhang et al.: Adam-mini: Use Fewer Learning Rates To Gain More. ICLR 2025, arXiv:2406.16793, Section 2.3.
    """
    heads = whole_number(heads, "heads", 1)
    of_keys = heads if key_value_heads is None else whole_number(key_value_heads, "key_value_heads", 1)
    if heads % of_keys:
        raise ValueError(f"key_value_heads: expected a divisor of heads={heads}, got {of_keys}")
    if not isinstance(params, Iterable):
        raise TypeError(f"params: expected a mapping, or pairs of a name and a parameter, got {type_name(params)}")
    collect = dict if isinstance(params, Mapping) else list
    given: Iterable[Any] = params.items() if isinstance(params, Mapping) else params
    pairs: dict[int | str, list[tuple[str, Any]]] = {}
    for pair in given:
        if not isinstance(pair, tuple) or len(pair) != 2 or not isinstance(pair[0], str):
            raise TypeError(f"params: expected pairs of a name and a parameter, got {shown(pair)}")
        pairs.setdefault(_blocks_of(*pair, heads, of_keys), []).append(pair)
    return [{"params": collect(some), "blocks": blocks} for blocks, some in pairs.items()]


def _blocks_of(name: str, param: Any, heads: int, of_keys: int) -> int | str:
    name = name.lower()
    for words, blocks in ((_ELEMENTS, "elements"), (_KEYS, of_keys), (_QUERIES, heads), (_ROWS, "rows")):
        if any(word in name for word in words):
            return "tensor" if blocks == "rows" and np.ndim(param) < 2 else blocks
    return "tensor"
