"""The `lianxi` command: reads arguments, wires one program together, and starts it.

This is the one place that may import every program. It decides nothing: a line of logic that a test would want to call
belongs to the program it starts.
"""
