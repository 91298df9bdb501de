"""What the server answers: to good requests, to bad ones, and to too many."""

import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from synner_graph import SynNER
from synner_graph.evaluation.explain import explain
from tests.serving.conftest import Serve

TEXT = "Angela Merkel met Bob Smith in Oslo.\n\nThen the UN left New York. 👍🏽 \U0001d518 Zoë"
HOSTILE = '<script>alert(1)</script> "><img src=x onerror=alert(1)> & \x00\x1b[31m \u202eevil'


def same(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Texts read in another company have the same entities; scores differ in their last digits."""
    assert found["text"] == wanted["text"]
    rows = [[{**e, "score": 0} for e in answer["entities"]] for answer in (found, wanted)]
    assert rows[0] == rows[1]
    scores = [[e["score"] for e in answer["entities"]] for answer in (found, wanted)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-4)


# ------------------------------------------------------------ predict


def test_a_text_is_answered_as_predict_writes_it(serve: Serve, text_run: Path) -> None:
    client = serve(text_run)
    wanted = SynNER.from_pretrained(text_run)(TEXT).to_json()
    assert wanted["entities"]
    answer = client.post("/predict", json={"text": TEXT})
    assert answer.status_code == 200
    assert set(answer.json()) == {"text", "entities"}
    same(answer.json(), wanted)


def test_texts_are_answered_in_order(serve: Serve, finding_run: Path) -> None:
    client = serve(finding_run)
    texts = [TEXT, "", " ", HOSTILE, "In Oslo."]
    ner = SynNER.from_pretrained(finding_run)
    found = client.post("/predict", json={"texts": texts}).json()
    assert [answer["text"] for answer in found] == texts
    for answer, doc in zip(found, ner.pipe(texts), strict=True):
        same(answer, doc.to_json())
    assert client.post("/predict", json={"texts": []}).json() == []


def test_sentences_come_on_request(serve: Serve, text_run: Path) -> None:
    client = serve(text_run)
    found = client.post("/predict", json={"text": TEXT, "sentences": True}).json()
    slices = [TEXT[place["start_char"] : place["end_char"]] for place in found["sentences"]]
    assert slices[0] == "Angela Merkel met Bob Smith in Oslo."
    assert "".join(TEXT.split()) == "".join("".join(slices).split())


def test_many_clients_at_once_get_what_they_asked_for(serve: Serve, text_run: Path) -> None:
    client = serve(text_run)
    texts = [f"Bob{n} Smith went to Oslo{n}. {'And on. ' * (n % 5)}" for n in range(60)]
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda t: client.post("/predict", json={"text": t}), texts))
    docs = SynNER.from_pretrained(text_run).pipe(texts)
    for answer, doc in zip(answers, docs, strict=True):
        same(answer.json(), doc.to_json())


# ------------------------------------------------------------ what is refused


def refused(answer: Any, status: int) -> str:
    """The one sentence of a refusal."""
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error"}
    sentence = answer.json()["error"]
    assert "\n" not in sentence
    return str(sentence)


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b"{", "expected JSON, but at character 1: "),
        (b'{"text": 1}', "text: expected a string"),
        (b'{"texts": "a"}', "texts: expected a list of strings"),
        (b'{"texts": ["a", null]}', "texts.1: expected a string"),
        (b'{"text": "a", "texts": ["b"]}', "expected either text or texts"),
        (b"{}", "expected either text or texts"),
        (b'{"text": "a", "parser": "x"}', "parser: is no field of this request"),
        (b'{"text": "a", "sentences": "yes"}', "sentences: expected true or false"),
        (b"[]", "expected a JSON object, sent as application/json"),
        (b'{"text": "ab\\ud800"}', "text: character 2 is half of a surrogate pair"),
    ],
)
def test_bad_requests_get_one_sentence(
    body: bytes, wanted: str, serve: Serve, text_run: Path
) -> None:
    client = serve(text_run)
    answer = client.post("/predict", content=body, headers={"Content-Type": "application/json"})
    assert refused(answer, 422).startswith(wanted)


def test_what_is_no_json_at_all_is_refused(serve: Serve, text_run: Path) -> None:
    client = serve(text_run)
    headers = {"Content-Type": "application/json"}
    for body in (b"\xff\xfe", b"[" * 50_000, b""):
        status = client.post("/predict", content=body, headers=headers).status_code
        assert status in (400, 422)
    refused(client.post("/predict", data={"text": "a form"}), 422)
    refused(client.get("/predict"), 405)
    refused(client.get("/nowhere"), 404)
    assert client.post("/predict", json={"text": "Oslo"}).status_code == 200


def test_long_requests_are_refused(serve: Serve, text_run: Path) -> None:
    client = serve(text_run, characters=20, texts=3)
    assert client.post("/predict", json={"text": "x" * 20}).status_code == 200
    answer = client.post("/predict", json={"text": "x" * 21})
    assert refused(answer, 413) == "expected at most 20 characters, got 21"
    answer = client.post("/predict", json={"texts": ["x" * 12, "x" * 12]})
    assert refused(answer, 413) == "expected at most 20 characters, got 24"
    answer = client.post("/predict", json={"texts": ["", "", "", ""]})
    assert refused(answer, 413) == "expected at most 3 texts, got 4"
    for path, place in (("/draw", "character"), ("/explain", "entity")):
        refused(client.post(path, json={"text": "x" * 21, place: 0}), 413)
    answer = client.post("/predict", json={"text": "\U0001f600" * 20})  # the most bytes of all
    assert answer.status_code == 200
    answer = client.post("/predict", content=b" " * 10_000)
    assert "bytes" in refused(answer, 413)
    assert answer.headers["connection"] == "close"


class Slow:
    """A recogniser that reads nothing while it is held."""

    def __init__(self, run: Path) -> None:
        self.ner = SynNER.from_pretrained(run, "torch")
        self.go = threading.Event()
        name = self.ner.name

        def held(*arguments: Any) -> Any:
            assert self.go.wait(60)
            return name(*arguments)

        self.ner.name = held  # type: ignore[method-assign]


def test_what_takes_too_long_is_answered_503(serve: Serve, text_run: Path) -> None:
    slow = Slow(text_run)
    client = serve(slow.ner, seconds=0.2)
    answer = client.post("/predict", json={"text": "Oslo"})
    assert refused(answer, 503).startswith("not answered within 0.2 seconds")
    assert answer.headers["retry-after"] == "1"
    slow.go.set()
    assert client.get("/health").json() == {"status": "ok", "waiting_characters": 0}


def test_a_full_queue_is_answered_503(serve: Serve, text_run: Path) -> None:
    slow = Slow(text_run)
    client = serve(slow.ner, waiting=10)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(client.post, "/predict", json={"text": "Oslo"})
        while client.get("/health").json()["waiting_characters"] == 0:
            time.sleep(0.01)
        answer = client.post("/predict", json={"text": "New York"})
        assert "10 characters wait already" in refused(answer, 503)
        several = client.post("/predict", json={"texts": ["New York", "New York"]})
        assert "10 characters wait already" in refused(several, 503)
        slow.go.set()
        assert first.result().status_code == 200


def test_a_failure_inside_says_nothing_of_the_inside(serve: Serve, text_run: Path) -> None:
    ner = SynNER.from_pretrained(text_run, "torch")

    def fail(*arguments: Any) -> Any:
        raise RuntimeError("secret")

    ner.name = fail  # type: ignore[method-assign]
    client = serve(ner)
    answer = client.post("/predict", json={"text": "Oslo"})
    assert refused(answer, 500) == "the server failed; its log says why"
    assert answer.headers["content-security-policy"]
    assert client.get("/health").json()["status"] == "ok"


def test_texts_are_not_logged(
    serve: Serve,
    text_run: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    client, secret = serve(text_run), "Zyxwvutsrq"
    with caplog.at_level("DEBUG"):
        for body, status in (
            ({"text": f"{secret} went to Oslo."}, 200),
            ({"texts": [secret] * 1001}, 413),
            ({"text": secret, secret: 1}, 422),
        ):
            assert client.post("/predict", json=body).status_code == status
    out, err = capfd.readouterr()
    assert secret not in caplog.text + out + err


# ------------------------------------------------------------ drawings and explanations


def test_the_sentence_around_a_character_is_drawn(serve: Serve, finding_run: Path) -> None:
    client = serve(finding_run)
    place = TEXT.index("UN")
    found = client.post("/draw", json={"text": TEXT, "character": place}).json()
    assert TEXT[found["start_char"] : found["end_char"]] == "Then the UN left New York."
    assert found["tokens"][:3] == ["Then", "the", "UN"]
    assert found["has_tree"] is True
    assert found["svg"].startswith("<svg") and 'class="arc"' in found["svg"]
    assert "style" not in found["svg"]  # the policy of the page would stop it
    answer = client.post("/draw", json={"text": TEXT, "character": len(TEXT)})
    assert "but the text has" in refused(answer, 422)
    between = client.post("/draw", json={"text": TEXT, "character": TEXT.index("\n")})
    assert "white space" in refused(between, 422)
    negative = client.post("/draw", json={"text": TEXT, "character": -1})
    assert "character" in refused(negative, 422)


def test_a_model_without_syntax_has_no_tree_and_no_explanation(
    serve: Serve, text_run: Path
) -> None:
    client = serve(text_run)
    found = client.post("/draw", json={"text": "In Oslo.", "character": 0}).json()
    assert found["has_tree"] is False
    count = len(client.post("/predict", json={"text": TEXT}).json()["entities"])
    answer = client.post("/explain", json={"text": TEXT, "entity": count - 1})
    assert refused(answer, 422) == "The model has no GNN, so there are no edges to explain."
    answer = client.post("/explain", json={"text": TEXT, "entity": count})
    assert refused(answer, 422) == f"entity is {count}, but the text has {count} entities"


def test_an_entity_is_explained_as_in_python(serve: Serve, finding_run: Path) -> None:
    ner = SynNER.from_pretrained(finding_run, "torch")
    doc = ner(TEXT)
    sentences = [s for s in doc.sentences if s.entities]
    assert sentences
    last = sentences[-1]
    wanted = explain(ner, last, last.entities[-1]).to_json()
    client = serve(finding_run)
    found = client.post("/explain", json={"text": TEXT, "entity": len(doc.entities) - 1}).json()
    assert found["tokens"] == wanted["tokens"]
    assert found["entity"]["label"] == wanted["entity"]["label"]
    assert len(found["edges"]) == len(wanted["edges"])
    for edge, other in zip(found["edges"], wanted["edges"], strict=True):
        assert edge["relation"] == other["relation"]
        assert edge["contribution"] == pytest.approx(other["contribution"], abs=1e-4)
    assert 'class="arc"' in found["svg"]


def test_hostile_text_stays_text_in_drawings(serve: Serve, finding_run: Path) -> None:
    client = serve(finding_run)
    for place in range(0, len(HOSTILE), 7):
        answer = client.post("/draw", json={"text": HOSTILE, "character": place})
        if answer.status_code == 200:
            names = set(re.findall(r"<([a-z!]+)", answer.json()["svg"]))
            assert names <= {"svg", "rect", "g", "path", "title", "text"}


# ------------------------------------------------------------ the page and the server


def test_the_page_and_its_files_come_from_here_alone(serve: Serve, text_run: Path) -> None:
    client = serve(text_run)
    page = client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    waiting, seen = ["/"], set[str]()
    while waiting:
        path = waiting.pop()
        seen.add(path)
        answer = client.get(path)
        assert answer.status_code == 200
        assert client.head(path).status_code == 200
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        text = answer.text.replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert not re.search(r"https?:|//[a-z]+\.[a-z]", text)
        found = re.findall(r'(?:href|src)="([^"]+)"|from "\./([^"]+)"', text)
        waiting += [p for a, b in found if (p := f"/{a or b}") not in seen]
        # Behind a proxy the page may have a prefix, so every address is a relative one.
        assert not any(name.startswith("/") for pair in found for name in pair)
        assert not re.search(r"""(?:ask|fetch|import)\(\s*["'`]/""", text)
        # What the policy would not let run.
        assert not re.search(r"<script(?![^>]*src=)|\son[a-z]+=|<style|\sstyle=", text)
    assert {"/page.js", "/panel.js", "/tools.js", "/page.css", "/colours.css", "/icon.svg"} < seen
    for path in ("/docs", "/redoc"):  # FastAPI's load scripts from elsewhere
        assert client.get(path).status_code == 404


def test_what_is_served_is_said(serve: Serve, text_run: Path) -> None:
    client = serve(text_run, characters=123)
    found = client.get("/run").json()
    ner = SynNER.from_pretrained(text_run)
    assert found["run"] == "tiny"
    assert found["characters"] == 123
    assert set(found["labels"]) == set(ner.vocabularies.labels)
    css = client.get("/colours.css").text
    for tone in found["labels"].values():
        assert f".{tone}{{--tone:" in css


def test_metrics_count_requests_and_texts(serve: Serve, text_run: Path) -> None:
    client = serve(text_run)
    client.post("/predict", json={"texts": ["In Oslo.", "x"]})
    client.post("/predict", json={"text": 1})
    client.get("/nowhere/secret")
    text = client.get("/metrics").text
    numbers = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert numbers['synner_requests_total{path="/predict",status="200"}'] == "1.0"
    assert numbers['synner_requests_total{path="/predict",status="422"}'] == "1.0"
    assert numbers['synner_requests_total{path="other",status="404"}'] == "1.0"
    assert numbers["synner_texts_total"] == "2.0"
    assert numbers["synner_characters_total"] == "9.0"
    assert float(numbers["synner_round_tokens_sum"]) >= 4
    assert numbers["synner_waiting_characters"] == "0.0"
    assert "secret" not in text


def test_openapi_describes_the_routes(serve: Serve, text_run: Path) -> None:
    described = serve(text_run).get("/openapi.json").json()
    assert {"/predict", "/draw", "/explain", "/run", "/health", "/metrics"} == set(
        described["paths"]
    )
    answers = described["paths"]["/predict"]["post"]["responses"]
    assert {"200", "413", "422", "503"} <= set(answers)
    assert "NamedText" in json.dumps(answers["200"])


def test_the_health_of_a_server_that_has_stopped(text_run: Path) -> None:
    from synner_graph.serving.app import create_app

    client = TestClient(create_app(SynNER.from_pretrained(text_run, "torch"), "tiny"))
    answer = client.get("/health")  # its lifespan has not begun
    assert (answer.status_code, answer.json()["status"]) == (503, "the model does not run")
