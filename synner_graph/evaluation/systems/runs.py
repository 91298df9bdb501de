"""Systems that are run folders: they name the sentences when they are read."""

from collections.abc import Sequence

from synner_graph.data.sentence import Sentence
from synner_graph.evaluation.systems.system import System, SystemOptions


def read(path: str, sentences: Sequence[Sentence], options: SystemOptions) -> System:
    """See `read_system`.

    Raises:
        InputError: There is no such run, or it cannot read the sentences.
    """
    # Whoever reads files only does not wait for PyTorch.
    from synner_graph.evaluation.combination.saved import open_recogniser
    from synner_graph.recogniser.device import pick_device

    runtime = options.runtime
    device = pick_device(runtime.device)
    ner = open_recogniser(path, runtime.backend, device, runtime.kernel)
    notes = []
    if runtime.parser is not None:
        parser = ner.chosen_parser(runtime.parser)
        notes += [f"{path}: {note}" for note in ner.tree_notes(parser)]
        sentences = parser.parse(sentences)
    named = list(ner.stream(sentences, runtime.batch_size, candidates=runtime.candidates))
    entities = tuple(sentence.entities for sentence in named)
    candidates = tuple(sentence.candidates for sentence in named if sentence.candidates is not None)
    asked = runtime.candidates is not None
    return System(path, entities, candidates if asked else None, tuple(notes))
