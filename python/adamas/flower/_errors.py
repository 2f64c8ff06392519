"""What is raised for a reply that cannot be used."""

from __future__ import annotations

from flwr.serverapp.exception import InconsistentMessageReplies


class ReplyError(InconsistentMessageReplies, ValueError):
    """A reply does not fit the model, or is not finite; the message names the node. Nothing has changed.

    It is both what Flower raises for replies that do not fit, which ends a ServerApp with Flower's exit code, and a
    ValueError.
    """
