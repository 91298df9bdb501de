import pytest

from synner_graph.config import HeadConfig
from synner_graph.errors import InputError
from synner_graph.heads import HEADS, CRFHead, SpanHead, build_head

LABELS = ("LOC", "PER")


def test_settings_reach_the_heads() -> None:
    crf = build_head(HeadConfig(name="crf", dropout=0.25, options={"scheme": "bio"}), 6, LABELS)
    span = build_head(
        HeadConfig(
            name="span",
            dropout=0.25,
            options={
                "max_width": 3,
                "hidden_size": 7,
                "pooling": False,
                "morphology_size": 2,
                "length_size": 4,
                "decode": "nested",
            },
        ),
        6,
        LABELS,
    )

    assert isinstance(crf, CRFHead)
    assert (crf.scheme, crf.dropout.p, crf.labels) == ("bio", 0.25, LABELS)
    assert isinstance(span, SpanHead)
    assert (span.max_width, span.dropout.p, span.labels) == (3, 0.25, LABELS)
    assert list(span.features) == ["endpoints", "width", "morphology", "length"]
    assert span.features["morphology"].embedding.weight.shape == (5, 2)
    assert span.features["length"].embedding.weight.shape == (3, 4)
    assert span.decoder == "nested"
    assert span.bias.shape == (7,)


def test_names_are_those_of_the_classes() -> None:
    assert list(HEADS) == [CRFHead.name, SpanHead.name] == ["crf", "span"]


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"Unknown head 'spam'\. Did you mean 'span'\?"):
        build_head(HeadConfig(name="spam"), 6, LABELS)


def test_the_span_head_needs_its_widest_span() -> None:
    with pytest.raises(InputError, match="max_width"):
        build_head(HeadConfig(name="span"), 6, LABELS)
