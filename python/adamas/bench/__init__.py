"""Benchmarks: what ``python -m adamas bench`` runs, and what the scripts of the repository's ``bench`` folder build on.

- `timing`: several sides of a comparison timed alternately; medians, ratios.
- `byte_limit`: the time that moving the arrays takes, which no step can beat for long.
- `workload`: what all sides of a comparison compute, and the check that they did.
- `scenarios`: the sizes and formats that are compared.
- `peers`: other libraries' optimizers, one small class for each.
- `comparison`: one peer against adamas and the byte limit, in a process of their own.
- `rules_and_formats`: each rule and number format of adamas against the byte limit, without any peer.
- `memory`: the most memory that a peer holds.
- `report`, `tables`, `draw`: tables and pictures.
- `command`, `progress`, `machine`: the command line, the share done, the machine.
"""
