"""The routes of the server, and what it answers where it cannot do what was asked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from synner_graph.drawing.colours import tones_of
from synner_graph.errors import InputError
from synner_graph.recogniser.synner import SynNER
from synner_graph.serving import schemas
from synner_graph.serving.batcher import Batcher, Busy
from synner_graph.serving.guard import Guard
from synner_graph.serving.limits import Limits
from synner_graph.serving.metrics import Metrics
from synner_graph.serving.page import page_files
from synner_graph.serving.service import Service
from synner_graph.text.document import Doc

ABOUT = "Named entities of texts, by a recogniser that reads syntax."
REFUSALS: dict[int | str, dict[str, Any]] = {
    413: {"model": schemas.Refusal, "description": "The request is too large."},
    422: {"model": schemas.Refusal, "description": "The request cannot be understood."},
    503: {"model": schemas.Refusal, "description": "Too much is waiting, or it took too long."},
}


def create_app(
    ner: SynNER,
    name: str,
    limits: Limits | None = None,
    parser: str = "run",
    threads: int = 1,
) -> ASGIApp:
    """Make the ASGI application that serves a recogniser.

    Args:
        ner: The recogniser; it is used by the application alone from now on.
        name: What to call it.
        limits: What a request may ask for; default: those of `Limits`.
        parser: Where trees come from; see `load_parser`.
        threads: How many rounds of the model go on at once; see `Batcher`.

    Raises:
        InputError: There is no such parser, or none is stored with the run.
    """
    limits = limits or Limits()
    metrics = Metrics()
    pipeline = ner.pipeline(parser, limits.batch_tokens)
    batcher = Batcher(pipeline, limits.waiting, metrics.round, threads)
    service = Service(ner, batcher, limits)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        batcher.start()
        yield
        await batcher.stop()

    # The pages of FastAPI's documentation load scripts from elsewhere: openapi.json is there alone.
    app = FastAPI(
        title="synner",
        version=version("synner-graph"),
        description=ABOUT,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    _add_answers(app, limits)
    _add_reading(app, service, metrics, limits)
    _add_state(app, name, service, metrics, limits)
    for path, (content, media_type) in page_files().items():
        _add_file(app, path, content, media_type)
    return Guard(app, limits, metrics.answered)


def _add_reading(app: FastAPI, service: Service, metrics: Metrics, limits: Limits) -> None:
    """Add the routes that read a text."""

    def check(*texts: str) -> None:
        if len(texts) > limits.texts:
            raise HTTPException(413, f"expected at most {limits.texts} texts, got {len(texts)}")
        size = sum(len(text) + 1 for text in texts)
        if size > limits.characters + 1:
            raise HTTPException(
                413, f"expected at most {limits.characters} characters, got {size - len(texts)}"
            )

    def written(doc: Doc, with_sentences: bool) -> dict[str, Any]:
        metrics.named(len(doc.text))
        found = doc.to_json()
        if with_sentences:
            found["sentences"] = [
                {"start_char": start, "end_char": start + len(sentence.text or "")}
                for start, sentence in doc.segments
            ]
        return found

    @app.post(
        "/predict",
        responses={200: {"model": schemas.NamedText | list[schemas.NamedText]}, **REFUSALS},
    )
    async def predict(body: schemas.PredictBody) -> Response:
        """Name the entities of a text, or of several: then the answer is a list."""
        async with asyncio.timeout(limits.seconds):
            if body.text is not None:
                check(body.text)
                read = service.remember if body.sentences else service.read
                return JSONResponse(written(await read(body.text), body.sentences))
            texts = body.texts or []
            check(*texts)
            async with asyncio.TaskGroup() as group:
                docs = [group.create_task(service.read(text)) for text in texts]
            return JSONResponse([written(doc.result(), body.sentences) for doc in docs])

    @app.post("/draw", responses={200: {"model": schemas.DrawnSentence}, **REFUSALS})
    async def draw(body: schemas.DrawBody) -> Response:
        """Draw a sentence of a text, with its tree and its entities, as SVG."""
        check(body.text)
        async with asyncio.timeout(limits.seconds):
            return JSONResponse(await service.draw(body.text, body.character))

    @app.post("/explain", responses={200: {"model": schemas.ExplainedEntity}, **REFUSALS})
    async def explain(body: schemas.ExplainBody) -> Response:
        """Say which edges of the graph spoke for an entity, and which against it."""
        check(body.text)
        async with asyncio.timeout(limits.seconds):
            return JSONResponse(await service.explain(body.text, body.entity))


def _add_state(app: FastAPI, name: str, service: Service, metrics: Metrics, limits: Limits) -> None:
    """Add the routes that say what is served, and how it goes."""
    tones = tones_of(service.labels)

    @app.get("/run")
    async def run() -> schemas.Served:
        """Say what is served: the labels with the classes of their colours, and the limits."""
        return schemas.Served(
            run=name,
            version=app.version,
            labels=tones,
            characters=limits.characters,
            texts=limits.texts,
            seconds=limits.seconds,
        )

    @app.get("/health", responses={503: {"model": schemas.Health}})
    async def health(response: Response) -> schemas.Health:
        """Say whether the model reads."""
        if not service.batcher.runs:
            response.status_code = 503
        status = "ok" if service.batcher.runs else "the model does not run"
        return schemas.Health(status=status, waiting_characters=service.batcher.waiting)

    @app.get("/metrics", response_class=Response)
    async def numbers() -> Response:
        """Count requests, texts, characters and rounds, in the text format of Prometheus."""
        return Response(
            metrics.text(service.batcher.waiting),
            media_type="text/plain; version=0.0.4; charset=utf-8",
        )


def _add_file(app: FastAPI, path: str, content: bytes, media_type: str) -> None:
    async def file() -> Response:
        return Response(content, media_type=media_type)

    app.api_route(path, methods=["GET", "HEAD"], include_in_schema=False)(file)


WANTED = {
    "string_type": "expected a string",
    "list_type": "expected a list of strings",
    "bool_type": "expected true or false",
    "int_type": "expected a whole number",
    "missing": "is missing",
    "extra_forbidden": "is no field of this request",
    "model_attributes_type": "expected a JSON object, sent as application/json",
}
"""Kind of a mistake -> what to say of it."""


def _sentence(mistake: dict[str, Any]) -> str:
    """Say what is wrong with a request, without repeating what was sent."""
    kind, place = mistake["type"], mistake["loc"]
    if kind == "json_invalid":
        return f"expected JSON, but at character {place[-1]}: {mistake['ctx']['error']}"
    said = WANTED.get(kind, mistake["msg"].removeprefix("Value error, "))
    name = ".".join(str(part) for part in place[1:])
    return f"{name}: {said}" if name else said


def _add_answers(app: FastAPI, limits: Limits) -> None:
    """Have every refusal be one sentence."""

    def refusal(status: int, sentence: str, **headers: str) -> Response:
        return JSONResponse({"error": sentence}, status, headers)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        return refusal(error.status_code, str(error.detail), **(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        return refusal(422, _sentence(error.errors()[0]))

    @app.exception_handler(InputError)
    async def refused(request: Request, error: InputError) -> Response:
        return refusal(422, str(error))

    @app.exception_handler(Busy)
    async def busy(request: Request, error: Busy) -> Response:
        sentence = f"{limits.waiting} characters wait already: try again in a moment"
        return refusal(503, sentence, **{"Retry-After": "1"})

    @app.exception_handler(ExceptionGroup)
    async def several(request: Request, error: ExceptionGroup[Exception]) -> Response:
        if error.split(Busy)[1] is None:
            return await busy(request, Busy())
        if error.split(InputError)[1] is None:
            return await refused(request, InputError(str(error.exceptions[0])))
        raise error

    @app.exception_handler(TimeoutError)
    async def late(request: Request, error: TimeoutError) -> Response:
        sentence = f"not answered within {limits.seconds:g} seconds: ask for less, or later"
        return refusal(503, sentence, **{"Retry-After": "1"})

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> Response:
        return refusal(500, "the server failed; its log says why")
