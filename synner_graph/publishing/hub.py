"""Push a run to a repository on the Hugging Face hub, from where `from_pretrained` fetches it."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from huggingface_hub import HfApi, get_token
from huggingface_hub.errors import HfHubHTTPError

from synner_graph.errors import InputError
from synner_graph.files import make_folder, write_bytes
from synner_graph.publishing.card import files_for, licence_of, metrics_of
from synner_graph.recogniser.run_folder import RunFolder
from synner_graph.recogniser.stored import load_stored

REFUSED = (401, 403)
EXISTS = 409
UNREACHABLE = tuple(kind for kind in HfHubHTTPError.__bases__ if issubclass(kind, Exception))
"""OSError, and the errors of the library that speaks HTTP, httpx or its successor."""


def push(
    run: RunFolder,
    repository: str,
    licence: str | None,
    private: bool = False,
    update: bool = False,
) -> str:
    """Put a run into a repository on the hub, in one commit.

    It holds what `files_for` gives.

    Args:
        run: Whose training has ended.
        repository: `user/name`.
        licence: SPDX expression.
        private: Make a repository that others do not see.
        update: Replace what the repository holds; else there must be none of that name.

    Returns:
        The address of the repository.

    Raises:
        InputError: The run cannot be handed on, there is no token, or the hub refuses.
    """
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository, re.ASCII):
        raise InputError(f"expected a repository such as user/name, got {repository!r}")
    licence = licence_of(licence, metrics_of(run))
    load_stored(run)  # what cannot be loaded is not handed on
    files = files_for(run, repository, licence)
    if get_token() is None:
        raise InputError(
            "The hub needs a token that may write: set HF_TOKEN, or call `hf auth login` once."
        )
    api = HfApi()
    with TemporaryDirectory() as place:
        for name, content in files.items():
            write_bytes(make_folder(Path(place, name).parent) / Path(name).name, content)
        try:
            made = api.create_repo(repository, private=private, exist_ok=update)
            api.upload_folder(
                repo_id=repository,
                folder_path=place,
                commit_message="Save a run of synner_graph",
                delete_patterns="*" if update else None,
            )
        except HfHubHTTPError as error:
            raise InputError(_refusal(api, repository, error)) from error
        except UNREACHABLE as error:
            raise InputError(f"The hub at {api.endpoint} cannot be reached: {error}") from error
    return str(made)


def _refusal(api: HfApi, repository: str, error: HfHubHTTPError) -> str:
    """Return one sentence for what the hub said."""
    code = error.response.status_code
    if code == EXISTS:
        return (
            f"There is a repository {repository} already: name another, or replace what it holds "
            "with --update."
        )
    if code in REFUSED:
        return (
            f"The hub at {api.endpoint} does not let this token write to {repository} ({code}): "
            "it needs the right to write, and the name must be yours or your organisation's."
        )
    said = error.server_message or str(error).strip().splitlines()[0]
    return f"The hub at {api.endpoint} refused {repository} ({code}): {said}"
