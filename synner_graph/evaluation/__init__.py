"""Score what a run finds: entities, trees, mistakes, calibration, explanations."""
