"""``adamas demo``: a multi-layer perceptron in plain NumPy, trained with `adamas.AdamW`. And what the examples share.

Read the demo in this order: ``mlp`` (the network and its gradients), ``train`` (the loop), ``data``, ``report``.

The examples of the repository import the other modules:

- ``command_line``, ``options``, ``program``, ``extras``: the command line, errors in one line, missing packages.
- ``images``, ``kinds``, ``cifar``, ``clients``, ``reviews``: data.
- ``run``, ``progress``, ``stopping``: the folder, the curves and the progress bar of a run, and when it stops.
- ``pictures``, ``table``: the results.
"""
