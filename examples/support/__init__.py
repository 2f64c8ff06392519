"""What the examples share, a file for each idea.

``options``: the command line. ``program``: errors as one line. ``images``, ``classes``, ``reviews``: data.
``run``: folder, progress bar, curves and TensorBoard events of a run. ``stopping``: when to stop. ``pictures``,
``table``: what is left to look at.
"""
