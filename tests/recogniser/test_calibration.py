"""The calibration that a run keeps."""

from synner_graph.recogniser.calibration import Calibration, Reliability


def test_json_there_and_back() -> None:
    calibration = Calibration(1.5, {"dev": Reliability(3, 0.2, 0.1)})
    assert Calibration.from_json(calibration.to_json()) == calibration
