"""What the design promises in numbers, measured beside peers in the same run; see `python -m tests.benchmarks`."""
