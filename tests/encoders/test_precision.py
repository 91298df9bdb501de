"""Less than float32, against float32."""

import pytest
import torch
from torch import nn
from transformers import BertConfig, BertModel

from synner_graph.encoders.bert import Bert
from synner_graph.encoders.precision import BFLOAT16, INT8, ROWS, Int8Linear, narrow

CONFIG = BertConfig(
    hidden_size=32,
    num_hidden_layers=3,
    num_attention_heads=4,
    intermediate_size=64,
    vocab_size=60,
    max_position_embeddings=40,
)


@pytest.mark.parametrize("rows", [1, 7, ROWS, 2 * ROWS + 3])
@pytest.mark.parametrize("bias", [True, False])
def test_a_product_is_that_of_the_rounded_numbers(rows: int, bias: bool) -> None:
    torch.manual_seed(rows)
    linear, x = nn.Linear(24, 10, bias=bias), torch.randn(rows, 24) * torch.rand(rows, 1) * 9
    steps = x.abs().amax(1, keepdim=True) / 127
    weight_steps = linear.weight.abs().amax(1, keepdim=True) / 127
    rounded = nn.Linear(24, 10, bias=bias)
    rounded.load_state_dict(linear.state_dict())
    with torch.no_grad():
        rounded.weight.copy_((linear.weight / weight_steps).round() * weight_steps)
    expected = rounded((x / steps).round() * steps)
    torch.testing.assert_close(Int8Linear(linear)(x), expected, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(expected, linear(x), rtol=1e-4, atol=1e-4)


def test_a_row_does_not_depend_on_others_nor_on_the_shape() -> None:
    torch.manual_seed(0)
    linear, x = Int8Linear(nn.Linear(8, 4)), torch.randn(2, 3, 8)
    great = torch.cat([x, 1000 * torch.ones(1, 3, 8)])
    torch.testing.assert_close(linear(great)[:2], linear(x))
    torch.testing.assert_close(linear(x[1, 2:]), linear(x)[1, 2:])
    assert linear(torch.zeros(1, 8)).equal(linear.bias[None])


@pytest.mark.parametrize("precision, cosine", [(BFLOAT16, 0.999), (INT8, 0.995)])
@pytest.mark.parametrize("make", [Bert, lambda c: BertModel(c, add_pooling_layer=False)])
def test_states_are_near_those_in_float32(make, precision: str, cosine: float) -> None:
    torch.manual_seed(1)
    model = make(CONFIG).eval()
    ids, mask = torch.randint(1, 60, (3, 9)), torch.ones(3, 9, dtype=torch.long)
    with torch.inference_mode():
        plain = model(input_ids=ids, attention_mask=mask).last_hidden_state
        assert narrow(model, precision)
        found = model(input_ids=ids, attention_mask=mask).last_hidden_state
    near = torch.cosine_similarity(found.float(), plain, dim=-1)
    assert cosine < float(near.min()) and not found.float().equal(plain)


def test_what_has_no_linear_map_cannot_be_quantised() -> None:
    assert not narrow(nn.Sequential(nn.Embedding(3, 2)), INT8)
