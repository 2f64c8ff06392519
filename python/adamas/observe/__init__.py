"""Observation of training: logs the measurements of observed steps, writes and draws them, and names problems.

::

    opt = adamas.AdamW(params, observe=10)   # every 10th step is observed, the first one on
    log = adamas.observe.Log(opt)
    for batch in batches:
        opt.step(gradients(batch))
        log.add()                            # does nothing after steps that were not observed
    print(log.findings())                    # what looks wrong, with a sentence of advice each
    log.draw("training.png")                 # layers down, steps across
    log.to_csv("training.csv")
    log.to_tensorboard("runs/1")

What is measured is in `Observed`. ``docs/observe.md`` says what it costs and how findings are decided.
"""

from adamas._optimizer.observed import Observed
from adamas.observe._findings import Finding, Findings
from adamas.observe._log import Log

__all__ = ["Finding", "Findings", "Log", "Observed"]
