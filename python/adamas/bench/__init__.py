"""Benchmarks: the command ``adamas bench``, and what the scripts in the repository's folder ``bench`` use.

- `timing`: several sides of a comparison timed alternately; medians, ratios.
- `byte_limit`: the time to move the arrays through memory, the lower bound of a step.
- `workload`: the update that all sides of a comparison compute, and the check that they compute it.
- `scenarios`: the sizes and formats that are compared.
- `peers`: other libraries' optimizers, one small class for each.
- `comparison`: one peer against adamas and the byte limit, in a separate process.
- `rules_and_formats`: each rule and number format of adamas against the byte limit, without any peer.
- `memory`: the peak memory of a peer.
- `report`, `tables`, `draw`: tables and pictures.
- `command`, `progress`, `machine`: the command line, the share done, the machine.
"""
