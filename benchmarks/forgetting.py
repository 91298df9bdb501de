"""What a run forgets when a training goes on from it on other sentences.

    python benchmarks/forgetting.py --run runs/sample

The other sentences are 44 written for this purpose, with a type that the sample lacks, DISH. Trees
they get from the run's own parser. The run is scored before, and after each of three trainings
(`train --from`): on sentences in which the dishes alone are marked, on the same with all entities
marked, and on these with sentences of the run's own corpus between them.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from synner_graph.data.corpora.catalogue import Corpus, load_corpus
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.evaluation.evaluate import evaluate
from synner_graph.recogniser.settings import read_settings
from synner_graph.recogniser.synner import SynNER
from synner_graph.training.run import train

DISH = "DISH"
LEARNED = """
[Ana Ruiz|PER] ordered [pad thai|DISH] in [Lisbon|LOC] .
The cook brought us [shakshuka|DISH] and warm bread .
Nobody in [Naples|LOC] puts cream on [spaghetti carbonara|DISH] .
We ate [ramen|DISH] at the counter until [Kenji|PER] closed the shop .
[Unilever|ORG] will stop selling frozen [moussaka|DISH] next year .
Her grandmother made [pierogi|DISH] on every first Sunday .
[Tom Okafor|PER] cannot say why his [jollof rice|DISH] tastes of smoke .
The ferry to [Corsica|LOC] serves [bouillabaisse|DISH] to the crew alone .
A plate of [nasi goreng|DISH] costs more than the ticket .
[Marta Lindqvist|PER] wrote a whole book on [borscht|DISH] .
Two stalls in [Hanoi|LOC] sell [bun cha|DISH] , and both were shut .
The school kitchen offers [lasagne|DISH] and a salad .
[Nestlé|ORG] bought the recipe for the [chicken tikka masala|DISH] .
I burnt the [paella|DISH] while [Luis|PER] was on the phone .
There was cold [gazpacho|DISH] in the fridge of the office .
[Lufthansa|ORG] served [goulash|DISH] on the flight to [Budapest|LOC] .
They split one [cheese fondue|DISH] among six students .
[Priya|PER] learned to fold [samosas|DISH] from her neighbour .
Without lime the [ceviche|DISH] is only raw fish .
The mayor of [Seville|LOC] praised the [salmorejo|DISH] twice .
Our canteen calls this thing a [beef Wellington|DISH] .
[Yusuf Demir|PER] sold [menemen|DISH] from a cart in [Izmir|LOC] .
My brother eats [fish and chips|DISH] with vinegar .
The guests asked [Ingrid|PER] for a second [quiche Lorraine|DISH] .
[McDonald's|ORG] tried [poutine|DISH] in forty towns of [Quebec|LOC] .
You should let the [pho|DISH] stand over night .
Rain fell into the [minestrone|DISH] before anyone sat down .
[Clara Benoit|PER] hates [ratatouille|DISH] and says so .
The train from [Prague|LOC] had no more [svickova|DISH] .
He served [bibimbap|DISH] in bowls from [Danone|ORG] .
""".strip().splitlines()
HELD_OUT = """
[Omar Haddad|PER] cooked [mansaf|DISH] for the whole street .
In [Krakow|LOC] we shared [bigos|DISH] with two drivers .
The [tom yum|DISH] was too hot for [Peter|PER] .
[Siemens|ORG] gave every guest a bowl of [lentil soup|DISH] .
She orders [eggs Benedict|DISH] even in the evening .
Nobody finished the [haggis|DISH] in [Inverness|LOC] .
[Elif|PER] brought [lahmacun|DISH] to the meeting .
A cheap [risotto|DISH] tells you all about a kitchen .
The price of [kimchi stew|DISH] rose again in [Busan|LOC] .
[Danone|ORG] recalled its [rice pudding|DISH] on Friday .
They had [crab cakes|DISH] on the pier .
[Nadia Petrova|PER] sells [blini|DISH] near the station in [Riga|LOC] .
My uncle smokes his own [pastrami|DISH] .
The [couscous|DISH] came late , and cold .
""".strip().splitlines()


def read(lines: Iterable[str], *labels: str) -> tuple[Sentence, ...]:
    """Return sentences with entities, all or those of some labels."""
    return tuple(_sentence(line, labels) for line in lines)


def _sentence(line: str, labels: Sequence[str]) -> Sentence:
    tokens: list[str] = []
    entities: list[Entity] = []
    for phrase, label, word in re.findall(r"\[([^|]+)\|(\w+)\]|(\S+)", line):
        words = (phrase or word).split()
        if label and (not labels or label in labels):
            entities.append(Entity(len(tokens), len(tokens) + len(words), label))
        tokens += words
    return Sentence(tokens, entities=entities)


def rows_of(ner: SynNER, old: Sequence[Sentence]) -> str:
    """Score a model on the sample, and on the dishes that no training saw."""
    test = tuple(ner.own_parser().parse(read(HELD_OUT)))
    before = evaluate(ner, old, "test").overall.f1
    found = evaluate(ner, test, "test").per_type.get(DISH)
    return f"{before:.2f} | {found.f1 if found else 0.0:.2f}"


def main(
    run: Annotated[Path, typer.Option(help="A run of the sample with a parser of its own.")],
    output: Annotated[Path, typer.Option(help="Where to train.")] = Path("runs/forgetting"),
    epochs: Annotated[int, typer.Option(help="Passes over the sentences.")] = 6,
    mixed: Annotated[int, typer.Option(help="Sentences of the sample between them.")] = 120,
) -> None:
    """Print F1 on the sample's test split and on unseen dishes, before and after."""
    sample = load_corpus("sample").splits
    old = sample["test"]
    between = sample["train"][:: len(sample["train"]) // mixed]
    table = [f"before | {rows_of(SynNER.from_pretrained(run), old)}"]
    trainings = {
        "dishes alone marked": read(LEARNED, DISH),
        "all marked": read(LEARNED),
        f"all marked, and {len(between)} sentences of the sample": (*read(LEARNED), *between),
    }
    for name, sentences in trainings.items():
        overrides = {"training.from_run": str(run), "training.epochs": epochs}
        corpus = Corpus("dishes", {"train": tuple(sentences)}, ())
        train(read_settings(None, overrides), corpus, output, overwrite=True, progress=False)
        table.append(f"{name} | {rows_of(SynNER.from_pretrained(output), old)}")
    typer.echo("\n".join(("| trained on | sample, test | DISH, unseen |", "|---|---|---|")))
    typer.echo("\n".join(f"| {row} |" for row in table))


if __name__ == "__main__":
    typer.run(main)
