"""The README.md of a run folder."""

from typing import Any

_TEMPLATE = """---
library_name: synner_graph
tags: [token-classification, named-entity-recognition, dependency-syntax]
---

# {title}

A named entity recogniser trained with synner_graph on `{corpus}`.

| part | setting |
|---|---|
| encoder | `{encoder}` |
| GNN | `{gnn}` |
| recurrent layer | `{recurrent}` |
| head | `{head}` |
| trees | `{parser}` |
| parameters | {parameters:,} |

{scores}
{signatures}Counts are entities; an entity is correct when its boundaries and its label are.
Trained on {sentences:,} sentences in {seconds:.0f} s on {device} with seed {seed}.
`metrics.json` holds every setting and version.

```python
from synner_graph import SynNER

ner = SynNER.from_pretrained("path/to/this/folder")
ner.predict(sentences)
```
"""


def model_card(metrics: dict[str, Any]) -> str:
    """Write the model card of a run, given its metrics, in Markdown."""
    config = metrics["config"]
    rows = [
        (split, *metrics[split]["overall"].values())
        for split in ("dev", "test")
        if split in metrics
    ]
    lines = ["| split | precision | recall | F1 | gold | predicted | correct |", "|---" * 7 + "|"]
    lines += [
        f"| {s} | {p:.2f} | {r:.2f} | {f:.2f} | {g} | {n} | {c} |" for s, p, r, f, g, n, c in rows
    ]
    return _TEMPLATE.format(
        title=f"{config['recurrent']['name']} + {config['gnn']['name']} + {config['head']['name']}",
        corpus=metrics["corpus"]["name"],
        encoder=config["encoder"]["name"],
        gnn=config["gnn"]["name"],
        recurrent=config["recurrent"]["name"],
        head=config["head"]["name"],
        parser=metrics["parser"]["name"],
        parameters=metrics["parameters"],
        scores="\n".join(lines) + "\n"
        if rows
        else "Not evaluated: the corpus had no dev or test split.\n",
        signatures="".join(
            f"Signature of the scores on {split}: `{signature}`\n\n"
            for split, signature in metrics["signatures"].items()
        ),
        sentences=metrics["counts"]["train"]["sentences"],
        seconds=metrics["seconds"],
        device=metrics["device"],
        seed=metrics["seed"],
    )
