"""Event files for TensorBoard."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from typing import Any

from adamas._optimizer.observed import Observed
from adamas._system.extras import require


def write(observations: Sequence[Observed], directory: str) -> None:
    """Write an event file with a scalar for each number."""
    require("to_tensorboard", ("tensorboard",), "observe")
    # The parts of tensorboard that need neither TensorFlow nor PyTorch.
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(directory)
    try:
        for observed in observations:
            values = [Summary.Value(tag=tag, simple_value=value) for tag, value in _scalars(observed)]
            event: Any = Event(wall_time=time.time(), step=observed.step, summary=Summary(value=values))
            writer.add_event(event)
    finally:
        writer.close()


def _scalars(observed: Observed) -> Iterator[tuple[str, float]]:
    for quantity in Observed.quantities:
        for name, value in zip(observed.names, getattr(observed, quantity).tolist(), strict=True):
            if not math.isnan(value):
                yield f"{quantity}/{name}", value
