"""The petition regulations as pure functions: what happened, what is owed, by whom, and by when.

Everything here is computed from its arguments: events in, state out; state and command in, events or a refusal out.
It imports the standard library and pydantic and nothing else. It never asks for the time, never reads a file or the
environment, and never knows that databases, brokers or networks exist.
"""
