"""Sojourn: customer-journey simulation, what-ifs in money with honest uncertainty.

The public names below are imported on first use, so that `import sojourn` costs nothing:

    import sojourn as sj
    scenario = sj.load("point-of-no-return")
    print(sj.compare(scenario).verdict.sentence)
"""

from typing import TYPE_CHECKING

__all__ = [
    "Calibration",
    "Commitment",
    "Comparison",
    "Estimate",
    "Faults",
    "Fit",
    "Forecast",
    "Journeys",
    "LeverFit",
    "Optimum",
    "Payback",
    "Result",
    "RoundTrip",
    "Scenario",
    "Sensitivity",
    "Settling",
    "TargetFit",
    "Twins",
    "Uncertainty",
    "Verdict",
    "Worth",
    "calibrate",
    "check",
    "commitment",
    "compare",
    "evaluate_targets",
    "fit",
    "fit_targets",
    "forecast",
    "library",
    "load",
    "loads",
    "measure_lever",
    "optimise",
    "payback",
    "pictures",
    "read_log",
    "round_trip",
    "run",
    "sensitivity",
    "twins",
    "uncertainty",
    "validate_fit",
    "worth",
    "write_report",
]

if TYPE_CHECKING:
    __version__: str
    from sojourn.calibration.calibrate import Calibration as Calibration
    from sojourn.calibration.calibrate import calibrate as calibrate
    from sojourn.calibration.fit import Fit as Fit
    from sojourn.calibration.fit import fit as fit
    from sojourn.calibration.fitted import TargetFit as TargetFit
    from sojourn.calibration.forecast import Forecast as Forecast
    from sojourn.calibration.forecast import forecast as forecast
    from sojourn.calibration.levers import LeverFit as LeverFit
    from sojourn.calibration.levers import measure_lever as measure_lever
    from sojourn.calibration.logs import read as read_log
    from sojourn.calibration.round_trip import RoundTrip as RoundTrip
    from sojourn.calibration.round_trip import round_trip as round_trip
    from sojourn.calibration.targets import fit_targets as fit_targets
    from sojourn.calibration.validate import check as check
    from sojourn.calibration.validate_fit import validate_fit as validate_fit
    from sojourn.calibration.verdict import Verdict as Verdict
    from sojourn.experiments.commitment import Commitment as Commitment
    from sojourn.experiments.commitment import commitment as commitment
    from sojourn.experiments.compare import Comparison as Comparison
    from sojourn.experiments.compare import compare as compare
    from sojourn.experiments.doubted import Uncertainty as Uncertainty
    from sojourn.experiments.doubted import uncertainty as uncertainty
    from sojourn.experiments.optimise import Optimum as Optimum
    from sojourn.experiments.optimise import optimise as optimise
    from sojourn.experiments.payback import Payback as Payback
    from sojourn.experiments.payback import payback as payback
    from sojourn.experiments.sensitivity import sensitivity as sensitivity
    from sojourn.experiments.sensitivity_found import Sensitivity as Sensitivity
    from sojourn.experiments.sequential import Settling as Settling
    from sojourn.experiments.targets import evaluate_targets as evaluate_targets
    from sojourn.experiments.twins import Twins as Twins
    from sojourn.experiments.twins import twins as twins
    from sojourn.experiments.worth import Worth as Worth
    from sojourn.experiments.worth import worth as worth
    from sojourn.plots.pictures import pictures as pictures
    from sojourn.report import write as write_report
    from sojourn.scenarios.faults import Faults as Faults
    from sojourn.scenarios.files import library as library
    from sojourn.scenarios.files import load as load
    from sojourn.scenarios.files import loads as loads
    from sojourn.scenarios.model import Scenario as Scenario
    from sojourn.sim.estimates import Estimate as Estimate
    from sojourn.sim.journeys import Journeys as Journeys
    from sojourn.sim.run import Result as Result
    from sojourn.sim.run import run as run
else:
    _HOMES = {
        "Calibration": ("calibration.calibrate", "Calibration"),
        "Commitment": ("experiments.commitment", "Commitment"),
        "Comparison": ("experiments.compare", "Comparison"),
        "Estimate": ("sim.estimates", "Estimate"),
        "Faults": ("scenarios.faults", "Faults"),
        "Fit": ("calibration.fit", "Fit"),
        "Forecast": ("calibration.forecast", "Forecast"),
        "Journeys": ("sim.journeys", "Journeys"),
        "LeverFit": ("calibration.levers", "LeverFit"),
        "Optimum": ("experiments.optimise", "Optimum"),
        "Payback": ("experiments.payback", "Payback"),
        "Result": ("sim.run", "Result"),
        "RoundTrip": ("calibration.round_trip", "RoundTrip"),
        "Scenario": ("scenarios.model", "Scenario"),
        "Sensitivity": ("experiments.sensitivity_found", "Sensitivity"),
        "Settling": ("experiments.sequential", "Settling"),
        "TargetFit": ("calibration.fitted", "TargetFit"),
        "Twins": ("experiments.twins", "Twins"),
        "Verdict": ("calibration.verdict", "Verdict"),
        "Uncertainty": ("experiments.doubted", "Uncertainty"),
        "Worth": ("experiments.worth", "Worth"),
        "calibrate": ("calibration.calibrate", "calibrate"),
        "check": ("calibration.validate", "check"),
        "commitment": ("experiments.commitment", "commitment"),
        "compare": ("experiments.compare", "compare"),
        "evaluate_targets": ("experiments.targets", "evaluate_targets"),
        "fit": ("calibration.fit", "fit"),
        "fit_targets": ("calibration.targets", "fit_targets"),
        "forecast": ("calibration.forecast", "forecast"),
        "library": ("scenarios.files", "library"),
        "load": ("scenarios.files", "load"),
        "loads": ("scenarios.files", "loads"),
        "measure_lever": ("calibration.levers", "measure_lever"),
        "optimise": ("experiments.optimise", "optimise"),
        "payback": ("experiments.payback", "payback"),
        "pictures": ("plots.pictures", "pictures"),
        "read_log": ("calibration.logs", "read"),
        "round_trip": ("calibration.round_trip", "round_trip"),
        "run": ("sim.run", "run"),
        "sensitivity": ("experiments.sensitivity", "sensitivity"),
        "twins": ("experiments.twins", "twins"),
        "validate_fit": ("calibration.validate_fit", "validate_fit"),
        "uncertainty": ("experiments.doubted", "uncertainty"),
        "worth": ("experiments.worth", "worth"),
        "write_report": ("report", "write"),
    }

    def __getattr__(name):
        if name == "__version__":
            from importlib.metadata import version

            return version("sojourn")
        if name not in _HOMES:
            raise AttributeError(f"module 'sojourn' has no attribute {name!r}")
        from importlib import import_module

        module, attribute = _HOMES[name]
        value = globals()[name] = getattr(import_module(f"sojourn.{module}"), attribute)
        return value

    def __dir__():
        return [*globals(), *__all__]
