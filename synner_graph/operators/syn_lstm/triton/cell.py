"""One step of the cell, forward and backward, for blocks of sentences by units."""

import triton
import triton.language as tl


@triton.jit
def sigmoid(x):
    """Compute the logistic function; it never overflows."""
    shrunk = tl.exp(-tl.abs(x))
    return tl.where(x >= 0, 1.0, shrunk) / (1.0 + shrunk)


@triton.jit
def tanh(x):
    """Compute the hyperbolic tangent; it never overflows.

    Near 0, where 1 - e^-2x loses digits, a series keeps the relative error small.
    """
    size = tl.abs(x)
    shrunk = tl.exp(-2.0 * size)
    far = (1.0 - shrunk) / (1.0 + shrunk)
    small = tl.minimum(size, 0.25)
    square = small * small
    near = small + small * square * (-1.0 / 3 + square * (2.0 / 15 - square * (17.0 / 315)))
    out = tl.where(size < 0.25, near, far)
    return tl.where(x >= 0, out, -out)


@triton.jit
def step(i, u, f, o, m, n, c_before):
    """Compute gates, c and h from what goes into the gates."""
    i, f, o, m = sigmoid(i), sigmoid(f), sigmoid(o), sigmoid(m)
    u, n = tanh(u), tanh(n)
    c = f * c_before + i * u + m * n
    return i, u, f, o, m, n, c, o * tanh(c)


@triton.jit
def step_back(i, u, f, o, m, n, c, c_before, grad_h, grad_c):
    """Compute the gradients of what goes into the gates, and of c before, from those of h and c."""
    out = tanh(c)
    grad_c += grad_h * o * (1.0 - out * out)
    return (
        grad_c * u * i * (1.0 - i),
        grad_c * i * (1.0 - u * u),
        grad_c * c_before * f * (1.0 - f),
        grad_h * out * o * (1.0 - o),
        grad_c * n * m * (1.0 - m),
        grad_c * m * (1.0 - n * n),
        grad_c * f,
    )


@triton.jit
def load_six(pointers, stride, mask):
    """Load a block of each gate; the gates are `stride` elements apart."""
    return (
        tl.load(pointers, mask=mask, other=0.0),
        tl.load(pointers + stride, mask=mask, other=0.0),
        tl.load(pointers + 2 * stride, mask=mask, other=0.0),
        tl.load(pointers + 3 * stride, mask=mask, other=0.0),
        tl.load(pointers + 4 * stride, mask=mask, other=0.0),
        tl.load(pointers + 5 * stride, mask=mask, other=0.0),
    )


@triton.jit
def load_recurrent(pointers, stride):
    """Load a block of U for each gate, without a mask: U is padded."""
    return (
        tl.load(pointers),
        tl.load(pointers + stride),
        tl.load(pointers + 2 * stride),
        tl.load(pointers + 3 * stride),
        tl.load(pointers + 4 * stride),
        tl.load(pointers + 5 * stride),
    )


@triton.jit
def store_six(pointers, stride, i, u, f, o, m, n, mask):
    """Store a block of each gate; the gates are `stride` elements apart."""
    tl.store(pointers, i, mask=mask)
    tl.store(pointers + stride, u, mask=mask)
    tl.store(pointers + 2 * stride, f, mask=mask)
    tl.store(pointers + 3 * stride, o, mask=mask)
    tl.store(pointers + 4 * stride, m, mask=mask)
    tl.store(pointers + 5 * stride, n, mask=mask)


@triton.jit
def token(starts, lengths, number, direction):
    """Find the tokens that sentences reach at a step, as indices into rows by direction, [N, 2].

    The index of a sentence that has already ended must not be used.
    """
    row = tl.where(direction == 0, starts + number, starts + lengths - 1 - number)
    return row * 2 + direction


@triton.jit
def follows(lengths, number):
    """Say which sentences have this step and one before it."""
    return tl.minimum(number, lengths - number) > 0
