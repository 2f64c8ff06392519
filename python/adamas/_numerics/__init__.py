"""Arithmetic and number formats in NumPy, shared by the reference and the checkpoints."""
