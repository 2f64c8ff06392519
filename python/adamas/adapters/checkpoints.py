"""Checkpoints of an adapter's states, for libraries that have no file format for them.

`adamas.checkpoint` describes the file. An adapter may put entries of its own into the ``param_groups`` of the state
dict (numbers, texts, None), and arrays of its own beside the parameters: `read_checkpoint` gives them back.

::

    state = bound.optimizer.state_dict(copy=False)
    state["param_groups"][0]["round"] = 7
    write_checkpoint("server.safetensors", state, params)

    read = read_checkpoint("server.safetensors")
    bound.optimizer.load_state_dict(read.state_dict)
"""

from adamas.checkpoint import Checkpoint, CheckpointError
from adamas.checkpoint import read as read_checkpoint
from adamas.checkpoint import write as write_checkpoint

__all__ = ["Checkpoint", "CheckpointError", "read_checkpoint", "write_checkpoint"]
