"""What requests and answers look like; OpenAPI shows it."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from synner_graph.data.unicode import SURROGATE
from synner_graph.text.document import TextEntity


def _encodable(text: str) -> str:
    """Refuse half of a surrogate pair: it is no character, and no answer could hold it."""
    if found := SURROGATE.search(text):
        raise ValueError(f"character {found.start()} is half of a surrogate pair")
    return text


Text = Annotated[str, AfterValidator(_encodable)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class PredictBody(_Body):
    """Either a text or a list of texts."""

    text: Text | None = Field(None, examples=["Angela Merkel met the UN in Geneva."])
    texts: list[Text] | None = Field(None, description="Several texts, instead.")
    sentences: bool = Field(False, description="Answer with the places of the sentences, too.")

    @model_validator(mode="after")
    def _one_of_them(self) -> "PredictBody":
        if (self.text is None) == (self.texts is None):
            raise ValueError("expected either text or texts")
        return self


class DrawBody(_Body):
    """A place in a text."""

    text: Text
    character: int = Field(ge=0, description="A character of the sentence to draw, from 0.")


class ExplainBody(_Body):
    """An entity of a text."""

    text: Text
    entity: int = Field(ge=0, description="Which of the entities of the text, from 0.")


class Place(BaseModel):
    """The place of a sentence in its text."""

    start_char: int
    end_char: int


class NamedText(BaseModel):
    """A text with its entities, as `predict` writes it."""

    text: str
    entities: list[TextEntity]
    sentences: list[Place] | None = Field(None, description="Where the request asks for them.")


class DrawnSentence(BaseModel):
    """A sentence with its drawing."""

    start_char: int
    end_char: int
    tokens: list[str]
    has_tree: bool
    svg: str = Field(description="The drawing; style.css has its colours.")


class EdgeRow(BaseModel):
    """An edge in a layer of the GNN, and what it contributes to the entity."""

    layer: int
    source: int = Field(description="Row of `nodes`.")
    target: int
    relation: str
    kind: str
    weight: float | None
    contribution: float


class ExplainedEntity(BaseModel):
    """An entity with the edges that spoke for it and against it."""

    tokens: list[str]
    first_row: int = Field(description="Row of `nodes` that is the first token of the sentence.")
    nodes: list[str]
    entity: dict[str, int | float | str | None]
    edges: list[EdgeRow]
    svg: str


class Served(BaseModel):
    """What is served."""

    run: str
    version: str
    labels: dict[str, str] = Field(description="Each label, with the class of its colour.")
    characters: int
    texts: int
    seconds: float


class Health(BaseModel):
    """Whether the model reads, and how much waits for it."""

    status: str
    waiting_characters: int


class Refusal(BaseModel):
    """What was wrong, in one sentence."""

    error: str
