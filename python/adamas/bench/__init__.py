"""Benchmarks: what ``python -m adamas bench`` runs, and what the scripts of the repository's ``bench`` folder build on.

- `timing`: sides in turns, medians, ratios.
- `work`: what all sides of a comparison do, and the proof that they did.
- `scenarios`: the sizes and formats that are compared.
- `peers`: other libraries' optimizers, one small class for each.
- `duel`: one peer against adamas and the byte limit, in a process of their own.
- `survey`: where each rule and number format lies on this machine, without any peer.
- `report`, `draw`, `command`: tables, pictures, the command line.
"""
