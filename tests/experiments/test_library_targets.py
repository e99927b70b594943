"""Every shipped scenario meets what its numbers were tuned to, and says what that leaves open."""

import pytest

import sojourn as sj
from sojourn.experiments.attained import MANY
from sojourn.scenarios.files import library


@pytest.mark.parametrize("name", library())
def test_it_meets_its_targets(name: str) -> None:
    """By simulation with the seed and replications that everybody gets; where theory has the figure, by theory too."""
    found = sj.evaluate_targets(sj.load(name))
    assert found.attained
    for one in found.attained:
        assert one.met, one.target.name
        assert one.within == "tolerance", one.target.name
        if one.exact is not None:
            assert one.exact == pytest.approx(one.target.value, rel=one.target.tolerance)
        assert one.target.tuned, one.target.name
        assert one.target.cannot_tell, one.target.name
    if len(found.attained) > MANY:  # of many, one is told
        assert found.sentence.startswith(f"All {len(found.attained)} targets are met; the farthest is ")
        assert found.sentence.count("off by") == 1
