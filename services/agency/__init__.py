"""What an agency does with its cases, over gRPC: commands into the log, and reads of what it holds and owes.

One command's road: `service.py` (who calls), `commands.py` (what is asked), `handle.py` (load, decide, append), then
`views.py` folds what was recorded and `queries.py` reads it. The rules are all in `domain`.
"""
