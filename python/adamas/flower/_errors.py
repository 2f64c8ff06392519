"""Exceptions for replies that cannot be used."""

from __future__ import annotations

from flwr.serverapp.exception import AggregationError, InconsistentMessageReplies


class ReplyError(InconsistentMessageReplies, AggregationError, ValueError):
    """A reply does not fit the model, or is not finite; the message names the node. Nothing has changed.

    It is what Flower raises for replies that do not fit one another, and for those that do not fit the model: either
    ends a ServerApp with an exit code of Flower's. And it is a ValueError.
    """
