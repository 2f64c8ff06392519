"""Checks of what users pass in, and every message that refuses it."""
