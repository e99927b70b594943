"""What a run was made from, so that it can be made again. No dates and no machines: equal runs give equal files."""

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from sojourn.scenarios.model import Scenario
from sojourn.sim.run import Result

PACKAGES = ("numpy", "scipy", "numba", "simpy", "duckdb", "pyarrow", "pydantic", "matplotlib")


def schedule(result: Result) -> str:
    """Return how the engine went about it: everybody alone, or events in the order of time where customers compete."""
    if result.engine == "simpy":
        return "all events in order of time"
    coupled = any(outcome.network.coupled for outcome in result.outcomes.values())
    return "each customer alone between shared events" if coupled else "each customer alone"


def manifest(result: Result, command: str, *, variant: str | None, files: Sequence[str]) -> dict[str, Any]:
    """Return the facts of a run as a document."""
    settings = {
        "strategies": list(result.outcomes),
        "customers": result.customers,
        "replications": result.replications,
        "seed": result.seed,
        "engine": result.engine,
        "schedule": schedule(result),
    }
    return facts(result.scenario, command, settings, variant=variant, files=files)


def facts(
    scenario: Scenario, command: str, settings: Mapping[str, Any], *, variant: str | None, files: Sequence[str]
) -> dict[str, Any]:
    """Return what something was made from: the scenario, the settings of the command, versions and files."""
    return {
        "command": command,
        "scenario": scenario.about.name,
        "digest": scenario.digest,
        "variant": variant,
        **settings,
        "versions": {
            "sojourn": version("sojourn"),
            "python": platform.python_version(),
            **{name: version(name) for name in PACKAGES},
        },
        "files": sorted(files),
    }
