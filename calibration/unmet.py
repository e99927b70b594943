"""What a mapping names that a log does not have: stages in which nobody was seen, and exits that nobody took."""

from collections.abc import Iterator

import numpy as np

from sojourn.calibration.mapping_form import Mapping
from sojourn.calibration.stays import Stays
from sojourn.scenarios.faults import clipped

LISTED = 6


def unmet(mapping: Mapping, stays: Stays) -> Iterator[str]:
    """A sentence on stages, and one on each exit under [frailty]."""
    names = mapping.names
    seen = np.bincount(stays.stage, minlength=len(names))
    empty = [name for name, number in zip(names, seen, strict=True) if number == 0]
    if empty:
        more = f" and {len(empty) - LISTED} more" if len(empty) > LISTED else ""
        told = ", ".join(clipped(name) for name in empty[:LISTED])
        yield f"Nobody was seen in {told}{more}: look at the events that mean it if somebody should have been."
    for exit_, law in mapping.frailty.items():
        stage, _, to = exit_.partition(" -> ")
        if law in ("auto", "none") or stage in empty or to in empty:
            continue
        if not np.any((stays.stage == names.index(stage)) & (stays.following == names.index(to))):
            yield f"[frailty] asks what customers differ in at {exit_}, but nobody was seen to go from {stage} to {to}."
