"""``adamas demo``: a multi-layer perceptron in plain NumPy, trained with `adamas.AdamW`.

Read it in this order: ``mlp`` (the network and its gradients), ``train`` (the loop), ``data``, ``report``.
"""
