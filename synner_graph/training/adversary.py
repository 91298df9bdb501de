"""Adversarial training: move the embeddings of words to where the loss rises."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from synner_graph.errors import InputError


class Adversary:
    """Move embeddings by the fast gradient method.

    With g the gradient of the loss by all embeddings of words and word pieces, the embeddings move
    by r = epsilon g / |g|. Miyato et al. move the vectors of each text, normalised before, by
    a norm over that text; here it is the rows of the matrices, and one norm over the batch.

    Source: Miyato, Dai and Goodfellow (ICLR 2017), section 3.

    Args:
        embeddings: Matrices with a row for each word or word piece.
        epsilon: How far they move together, as a Euclidean norm.

    Raises:
        InputError: None of the matrices is trained.
    """

    def __init__(self, embeddings: Sequence[Tensor], epsilon: float) -> None:
        self.embeddings = [matrix for matrix in embeddings if matrix.requires_grad]
        self.epsilon = epsilon
        if not self.embeddings:
            raise InputError(
                "The setting 'training.adversarial' moves embeddings of words or word pieces, but "
                "the model trains none."
            )

    @contextmanager
    def moved(self) -> Iterator[None]:
        """Move the embeddings by their gradients, and put them back afterwards, to the bit."""
        with torch.no_grad():
            kept = [self._move(*change) for change in self._changes()]
        try:
            yield
        finally:
            with torch.no_grad():
                for matrix, rows, before in kept:
                    matrix[rows] = before

    def _changes(self) -> list[tuple[Tensor, Tensor, float]]:
        """List each matrix with its gradient and the factor of the move; empty if nothing moves."""
        found = [(matrix, matrix.grad) for matrix in self.embeddings if matrix.grad is not None]
        norm = math.hypot(*(gradient.norm().item() for _, gradient in found))
        # fp16 finds gradients that overflow now and then, and leaves out the step.
        if norm == 0 or not math.isfinite(norm):
            return []
        return [(matrix, gradient, self.epsilon / norm) for matrix, gradient in found]

    @staticmethod
    def _move(matrix: Tensor, gradient: Tensor, scale: float) -> tuple[Tensor, Tensor, Tensor]:
        """Move rows of a matrix; return the matrix, the rows and what they were."""
        rows = gradient.any(dim=1).nonzero().squeeze(1)
        before = matrix[rows]
        matrix[rows] = before + scale * gradient[rows]
        return matrix, rows, before
