"""Every shipped scenario meets what its numbers were tuned to, and says what that leaves open."""

import pytest

import sojourn as sj
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


def test_of_many_targets_the_farthest_is_named() -> None:
    found = sj.evaluate_targets(sj.load("service-cycle"), customers=3000, replications=40)
    met = sum(one.met is True for one in found.attained)
    assert met > 4
    assert "targets are met; the farthest is " in found.sentence
    assert found.sentence.count(" is off by ") == len(found.attained) - met
