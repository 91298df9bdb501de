"""Documents are the units of differences, wherever a record knows them."""

from typing import Any

import numpy as np
import pytest

from synner_graph.errors import InputError
from synner_graph.evaluation.significance import paired_bootstrap, same_trainings
from synner_graph.study.differences import change, difference, judged_documents, unit_counts


def record(counts: str, **more: Any) -> dict[str, Any]:
    return {"per_sentence": counts, "test": None, **more}


ONE = record("0:1/1/1 2:2/1/1 3:1/0/0 5:1/1/1", documents=[3, 1, 2])
OTHER = record("0:1/0/0 1:0/1/0 2:2/2/2 3:1/1/1 5:1/0/0")


def test_sentences_are_gathered_by_document_which_records_without_them_borrow() -> None:
    one, other = unit_counts([[ONE], [OTHER]])
    assert one.tolist() == [[[3, 2, 2], [1, 0, 0], [1, 1, 1]]]
    assert other.tolist() == [[[3, 3, 2], [1, 1, 1], [1, 0, 0]]]


def test_where_no_record_knows_documents_sentences_are_the_units() -> None:
    one, other = unit_counts([[record(ONE["per_sentence"])], [OTHER]])
    assert judged_documents([OTHER]) is None
    assert one.tolist() == [[[1, 1, 1], [0, 0, 0], [2, 1, 1], [1, 0, 0], [1, 1, 1]]]
    assert other.shape == (1, 5, 3)


def test_a_difference_is_that_of_the_documents() -> None:
    assert difference([ONE], [OTHER]) == paired_bootstrap(*unit_counts([[ONE], [OTHER]]))


def test_protocols_have_differences_where_both_rows_are_scored_by_them() -> None:
    own = {"per_sentence": "0:1/1/1 3:1/1/0"}
    ours = ONE | {"protocols": {"own": own, "raw": {"per_document": "0:3/3/3 2:1/1/0"}}}
    control = OTHER | {"protocols": {"own": None, "raw": {"per_document": "1:1/1/1"}}}
    assert difference([ours], [control], "own") is None
    assert change([control], "own") is None
    (counts,) = unit_counts([[ours]], "own")
    assert counts.tolist() == [[[1, 1, 1], [1, 1, 0], [0, 0, 0]]]
    assert change([ours], "own") == same_trainings(counts, unit_counts([[ours]])[0])
    raw = unit_counts([[ours], [control]], "raw")
    assert [side.tolist() for side in raw] == [
        [[[3, 3, 3], [0, 0, 0], [1, 1, 0]]],
        [[[0, 0, 0], [1, 1, 1], [0, 0, 0]]],
    ]
    assert difference([ours], [control], "raw") == paired_bootstrap(*raw)


def test_records_of_different_splits_are_not_compared() -> None:
    with pytest.raises(InputError, match="judged on test, the others on dev"):
        difference([ONE], [OTHER | {"test": {"f1": 50.0}}])
    with pytest.raises(InputError, match="different documents"):
        difference([ONE], [OTHER | {"documents": [6]}])
    with pytest.raises(InputError, match="counts of row 5, but its documents end at 4"):
        unit_counts([[record(ONE["per_sentence"], documents=[5])]])


def test_seeds_may_differ_in_number() -> None:
    ours, control = unit_counts([[ONE, OTHER], [OTHER]])
    assert (ours.shape, control.shape) == ((2, 3, 3), (1, 3, 3))
    assert np.array_equal(ours[1], control[0])
