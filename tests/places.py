"""Where things lie that tests read."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The project's folder."""
SAMPLE = ROOT / "datasets" / "sample"
"""The folder of the bundled corpus."""
SHARED = ROOT.parent / "shared" / "data"
"""The real corpora, where somebody has put them; SYNNER_DATA_DIR may name another folder."""
