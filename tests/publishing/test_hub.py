"""A run on the hub: what arrives there, and what is said when the hub refuses."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from synner_graph import SynNER
from synner_graph.errors import InputError
from synner_graph.publishing.hub import push
from synner_graph.recogniser.run_folder import RunFolder
from tests.publishing.hub import Hub, hub


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    with hub() as server:
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
        monkeypatch.setenv("HF_TOKEN", server.token)
        yield server


def test_what_arrives_is_the_run_with_its_card(
    server: Hub, trained_run: Path, tmp_path: Path
) -> None:
    address = push(RunFolder(trained_run), "ann/news", "cc-by-sa-4.0")
    assert address == f"{server.url}/ann/news"
    assert server.commits == 1 and not server.private
    files = server.repositories["ann/news"]
    for name, content in files.items():
        place = tmp_path / "fetched" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    del files[".gitattributes"]
    kept = RunFolder(trained_run).read()
    assert files.keys() == {*kept, "README.md", "manifest.json"}
    assert {name: files[name] for name in kept} == kept
    card = files["README.md"].decode()
    assert card.startswith("---\nlicense: cc-by-sa-4.0\n")
    assert 'SynNER.from_pretrained("ann/news")' in card
    assert SynNER.from_pretrained(tmp_path / "fetched").labels


def test_others_do_not_see_what_is_private(server: Hub, trained_run: Path) -> None:
    push(RunFolder(trained_run), "ann/news", "Apache-2.0", private=True)
    assert server.private == {"ann/news"}


def test_a_repository_is_replaced_only_when_asked(server: Hub, trained_run: Path) -> None:
    run = RunFolder(trained_run)
    push(run, "ann/news", "Apache-2.0")
    server.repositories["ann/news"]["old.bin"] = b"old"
    with pytest.raises(InputError, match="There is a repository ann/news already"):
        push(run, "ann/news", "Apache-2.0")
    assert "old.bin" in server.repositories["ann/news"]
    push(run, "ann/news", "Apache-2.0", update=True)
    assert "old.bin" not in server.repositories["ann/news"]
    assert "model.safetensors" in server.repositories["ann/news"]


def test_no_token(server: Hub, trained_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(InputError, match="set HF_TOKEN"):
        push(RunFolder(trained_run), "ann/news", "Apache-2.0")
    assert not server.repositories


def test_a_token_that_may_not_write(
    server: Hub, trained_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    for update in (False, True):
        with pytest.raises(InputError, match=r"does not let this token write to ann/news \(403\)"):
            push(RunFolder(trained_run), "ann/news", "Apache-2.0", update=update)


def test_a_hub_that_is_not_there(
    server: Hub, trained_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(InputError, match=r"The hub at http://127\.0\.0\.1:9 cannot be reached"):
        push(RunFolder(trained_run), "ann/news", "Apache-2.0")


def test_what_is_wrong_is_said_before_anything_is_sent(
    server: Hub, trained_run: Path, text_run: Path, tmp_path: Path
) -> None:
    run = RunFolder(trained_run)
    with pytest.raises(InputError, match="expected a repository such as user/name, got 'news'"):
        push(run, "news", "Apache-2.0")
    with pytest.raises(InputError, match=r"with --license and an SPDX .*sample has Apache-2\.0"):
        push(run, "ann/news", None)
    with pytest.raises(InputError, match=r"expected an SPDX licence expression .*got 'free'"):
        push(run, "ann/news", "free")
    with pytest.raises(InputError, match=r"has no metrics\.json"):
        push(RunFolder(text_run), "ann/news", "Apache-2.0")
    damaged = tmp_path / "damaged"
    shutil.copytree(trained_run, damaged)
    (damaged / "vocabulary.json").write_text("{}")
    with pytest.raises(InputError, match=r"damaged: vocabulary\.json is not the file"):
        push(RunFolder(damaged), "ann/news", "Apache-2.0")
    assert not server.repositories
