"""Charts: what is drawn has the lengths and the shades of the numbers."""

import pytest

from synner_graph.drawing.charts import BARS, Bars, bar_scene, matrix_scene, tone_of
from synner_graph.drawing.scene import Box, Group, Label, Scene


def groups(scene: Scene, kind: str) -> list[Group]:
    return [group for group in scene.groups if group.kind == kind]


def boxes(group: Group) -> list[Box]:
    return [shape for shape in group.shapes if isinstance(shape, Box)]


def texts(group: Group) -> list[str]:
    return [shape.text for shape in group.shapes if isinstance(shape, Label)]


def test_bars_are_as_long_as_their_values():
    rows = [Bars("PER", (50.0, 100.0), "7 gold"), Bars("LOC", (0.0, None))]
    scene = bar_scene(["one", "two"], rows, "F1")
    first, second = groups(scene, "bars")
    assert [box.width for box in boxes(first)] == [BARS / 2, BARS]
    assert [box.tone for box in boxes(first)] == [tone_of(0), tone_of(1)]
    assert texts(first) == ["PER", "7 gold", "50.0", "100.0"]
    assert boxes(second) == [] and texts(second) == ["LOC", "0.0", "-"]
    (legend,) = groups(scene, "legend")
    assert texts(legend) == ["one", "two"]
    assert all(box.x + box.width < scene.width for box in boxes(first))
    assert max(box.y + box.height for box in boxes(first)) < scene.height


def test_one_series_needs_no_legend():
    scene = bar_scene(["one"], [Bars("PER", (50.0,))], "F1")
    assert not groups(scene, "legend")
    assert bar_scene(["one"], [], "F1").height > 0


def test_cells_are_shaded_by_their_share_of_the_row():
    scene = matrix_scene(["a", "b"], ["a", "b"], [[3, 1], [0, 0]], "matrix")
    first, second = groups(scene, "row")
    assert [box.tint for box in boxes(first)] == pytest.approx([0.75 * 0.75, 0.25 * 0.75])
    assert [box.tint for box in boxes(second)] == [0, 0]
    assert [box.tone for box in boxes(first)] == ["c2", "c1"]  # right, wrong
    assert texts(first) == ["a", "3", "1"]
    wrong = matrix_scene(["a", "b"], ["a", "b"], [[3, 1], [0, 0]], "matrix", diagonal=False)
    assert [box.tone for box in boxes(groups(wrong, "row")[0])] == ["c1", "c1"]
    assert texts(groups(scene, "column")[1]) == ["b"]
