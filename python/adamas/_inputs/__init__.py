"""Checks of user input, and the error messages for invalid input."""
