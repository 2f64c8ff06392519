"""The optimizer and its parts."""
