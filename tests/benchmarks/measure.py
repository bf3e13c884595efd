"""A line of `bench.json`: a figure, what it is compared with in the same run, and the goal of the design."""

from typing import Any


def line(
    name: str, value: float, unit: str, peers: dict[str, float], goal: float, *, at_most: bool = False
) -> dict[str, Any]:
    """Return the line; `ratio` is the figure over its first peer, `at_most` turns the goal into an upper bound."""
    first = next(iter(peers.values()))
    return {
        "name": name,
        "value": round(value, 2),
        "unit": unit,
        "peers": {peer: round(figure, 2) for peer, figure in peers.items()},
        "ratio": round(value / first, 3),
        "goal": goal,
        "reached": value <= goal if at_most else value >= goal,
    }


def percentile(values: list[float], share: float) -> float:
    """Return the value below which that share of the values lies (nearest rank)."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]
