"""Several systems as one: votes, means of probabilities, and a span model that judges.

What the systems say is pooled (`pool.py`), span by span: so much stands behind each label, so much
behind no entity. Methods differ in that alone. `decode.py` then chooses the best set of spans.
"""

from synner_graph.evaluation.combination.combiner import METHODS, Combiner, Dev, Judge
from synner_graph.evaluation.combination.pool import Opinions

__all__ = ["METHODS", "Combiner", "Dev", "Judge", "Opinions"]
