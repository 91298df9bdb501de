// Rows of numbers, padded to whole vectors: exponentials, and products of rows and a matrix.
//
// A block of columns of the matrix is loaded once for ROWS rows whose sums stay in registers.

#pragma once

#include <cmath>
#include <cstdlib>
#include <memory>

#include "ragged.h"
#include "vectors.h"

namespace {

constexpr int BYTES = 4 * LANES;  // of a vector
constexpr int ROWS = 4;
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int VECTORS = 5;  // of a row: ROWS * VECTORS sums fit in the registers
#else
constexpr int VECTORS = 3;
#endif
constexpr double LEAST = -708;  // below it e^x is no normal float64

template <typename Real>
struct Lanes;
template <>
struct Lanes<float> {
    typedef int32_t Integer;
};
template <>
struct Lanes<double> {
    typedef int64_t Integer;
};
template <typename Real>
constexpr int WIDTH = BYTES / sizeof(Real);
template <typename Real>
using Vector __attribute__((vector_size(BYTES))) = Real;
template <typename Real>
using Integers __attribute__((vector_size(BYTES))) = typename Lanes<Real>::Integer;
typedef Vector<double> Doubles;

template <typename Real>
int64_t padded(int64_t tags) {
    return (tags + WIDTH<Real> - 1) / WIDTH<Real> * WIDTH<Real>;
}

template <typename Real>
struct Buffer : std::unique_ptr<Real[], decltype(&std::free)> {
    explicit Buffer(int64_t size)
        : std::unique_ptr<Real[], decltype(&std::free)>(
              static_cast<Real*>(std::aligned_alloc(64, (size * sizeof(Real) + 63) / 64 * 64)),
              &std::free) {}
};

template <typename Real>
Vector<Real>& vector_at(Real* row) {
    return *reinterpret_cast<Vector<Real>*>(row);
}

template <typename Real>
const Vector<Real>& vector_at(const Real* row) {
    return *reinterpret_cast<const Vector<Real>*>(row);
}

Doubles greater(Doubles a, Doubles b) {
#if defined(__AVX512F__)
    return (Doubles)_mm512_maskz_max_pd((__mmask8)-1, (__m512d)a, (__m512d)b);
#else
    return a > b ? a : b;
#endif
}

Vector<float> greater(Vector<float> a, Vector<float> b) {
#if defined(__AVX512F__)
    return (Vector<float>)_mm512_maskz_max_ps((__mmask16)-1, (__m512)a, (__m512)b);
#else
    return a > b ? a : b;
#endif
}

// left + right. One unit adds and compares, and that of fused multiplications is free: times 1, they
// round as sums do.
Doubles add(double left, Doubles right) {
#if defined(__AVX512F__)
    Doubles one = Doubles{} + 1.0;
    asm("" : "+v"(one));
    return (Doubles)_mm512_fmadd_pd(_mm512_set1_pd(left), (__m512d)one, (__m512d)right);
#else
    return left + right;
#endif
}

Vector<float> add(float left, Vector<float> right) {
#if defined(__AVX512F__)
    Vector<float> one = Vector<float>{} + 1.0f;
    asm("" : "+v"(one));
    return (Vector<float>)_mm512_fmadd_ps(_mm512_set1_ps(left), (__m512)one, (__m512)right);
#else
    return left + right;
#endif
}

// Of all lanes.
double greatest_of(Doubles lanes) {
#if defined(__AVX512F__)
    return _mm512_reduce_max_pd((__m512d)lanes);
#else
    double top = lanes[0];
    for (int n = 1; n < WIDTH<double>; ++n) top = lanes[n] > top ? lanes[n] : top;
    return top;
#endif
}

double sum_of(Doubles lanes) {
#if defined(__AVX512F__)
    return _mm512_reduce_add_pd((__m512d)lanes);
#else
    double sum = lanes[0];
    for (int n = 1; n < WIDTH<double>; ++n) sum += lanes[n];
    return sum;
#endif
}

// `count` numbers as doubles, and `rest` in the lanes that are left.
template <typename Real>
Doubles load_doubles(const Real* from, int64_t count, double rest) {
    typedef Real Part __attribute__((vector_size(sizeof(Real) * WIDTH<double>)));
    Part part = Part{} + Real(rest);
    if (count >= WIDTH<double>) {
        std::memcpy(&part, from, sizeof part);
    } else {
#if defined(__AVX512VL__)
        const auto mask = static_cast<__mmask8>((1 << count) - 1);
        if constexpr (sizeof(Real) == 8)
            part = (Part)_mm512_mask_loadu_pd((__m512d)part, mask, from);
        else
            part = (Part)_mm256_mask_loadu_ps((__m256)part, mask, from);
#else
        for (int n = 0; n < count; ++n) part[n] = from[n];
#endif
    }
    return __builtin_convertvector(part, Doubles);
}

// e^x to the last bit or two, for |x| <= 708: a normal float64. NaN stays NaN.
Doubles exponential(Doubles x) {
    constexpr double ROUNDER = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to an integer
    // e^r for |r| <= ln(2) / 2, interpolated at Chebyshev's points; error 1.7e-17.
    constexpr double SERIES[] = {2.5110049204818658e-08, 2.763265472252779e-07,
                                 2.755724088722987e-06,  2.4801485441561313e-05,
                                 0.00019841269890076403, 0.0013888888952352863,
                                 0.008333333333319589,   0.04166666666648795,
                                 0.1666666666666668,     0.5000000000000019,
                                 1.0,                    1.0};
    const Doubles rounded = x * 1.4426950408889634 + ROUNDER;
    const Doubles power = rounded - ROUNDER;
    const Doubles rest = (x - power * 0.693147180369123816490) - power * 1.90821492927058770002e-10;
    Doubles sum = rest * SERIES[0] + SERIES[1];
    for (int n = 2; n < 12; ++n) sum = sum * rest + SERIES[n];
    return sum * (Doubles)(((Integers<double>)rounded << 52) + 0x3ff0000000000000);
}

Doubles bounded(Doubles x) {  // NaN stays NaN
    return greater(Doubles{} + LEAST, x);
}

// Of scores: 0 only for what is forbidden, however unlikely the rest may be; infinite above 708.
void exponentiate(const double* scores, int64_t tags, double* to) {
    const Doubles zero = {};
    for (int64_t k = 0; k < tags; k += WIDTH<double>) {
        const Doubles x = load_doubles(scores + k, tags - k, -INFINITY);
        const Doubles possible = exponential(bounded(x));
        const Doubles finite = x == -INFINITY ? zero : possible;
        vector_at(to + k) = x > -LEAST ? x * INFINITY : finite;
    }
}

// Of a [K, K] matrix with padded rows.
template <typename Real>
void transpose(const Real* from, int64_t tags, int64_t stride, Real fill, Real* to) {
    for (int64_t i = 0; i < tags; ++i) {
        for (int64_t j = 0; j < tags; ++j) to[i * stride + j] = from[j * stride + i];
        std::fill(to + i * stride + tags, to + (i + 1) * stride, fill);
    }
}

struct SumOfProducts {
    template <typename V, typename Real>
    static V next(V sum, Real left, V right) {
        return sum + left * right;
    }
};

struct MaxOfSums {
    template <typename V, typename Real>
    static V next(V best, Real left, V right) {
        return greater(add(left, right), best);
    }
};

template <typename Ring, int R, int V, typename Real>
void multiply_block(const Real* const* rows, int64_t step, const Real* matrix, int64_t depth,
                    int64_t stride, Real* const* out, int64_t column) {
    Vector<Real> sums[R][V], line[V];
    const Real* row[R];
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) {
        row[r] = rows[r];
#pragma GCC unroll 5
        for (int v = 0; v < V; ++v) sums[r][v] = vector_at(out[r] + column + v * WIDTH<Real>);
    }
    matrix += column;
    for (int64_t k = 0, at = 0; k < depth; ++k, at += step, matrix += stride) {
#pragma GCC unroll 5
        for (int v = 0; v < V; ++v) line[v] = in_register(vector_at(matrix + v * WIDTH<Real>));
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r) {
            const Real left = row[r][at];
#pragma GCC unroll 5
            for (int v = 0; v < V; ++v) sums[r][v] = Ring::next(sums[r][v], left, line[v]);
        }
    }
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 5
        for (int v = 0; v < V; ++v) vector_at(out[r] + column + v * WIDTH<Real>) = sums[r][v];
}

template <typename Ring, int V, typename Real>
void multiply_columns(const Real* const* rows, int64_t count, int64_t step, const Real* matrix,
                      int64_t depth, int64_t stride, Real* const* out, int64_t column) {
    for (; count >= ROWS; rows += ROWS, out += ROWS, count -= ROWS)
        multiply_block<Ring, ROWS, V>(rows, step, matrix, depth, stride, out, column);
    if (count == 3) multiply_block<Ring, 3, V>(rows, step, matrix, depth, stride, out, column);
    if (count == 2) multiply_block<Ring, 2, V>(rows, step, matrix, depth, stride, out, column);
    if (count == 1) multiply_block<Ring, 1, V>(rows, step, matrix, depth, stride, out, column);
}

// out[r] += rows[r] x matrix, with `depth` rows of `stride` numbers; or the maximum of out and sums.
// The numbers of rows[r] are `step` apart.
template <typename Ring, typename Real>
void multiply(const Real* const* rows, int64_t count, int64_t step, const Real* matrix, int64_t depth,
              int64_t stride, Real* const* out) {
    const int64_t vectors = stride / WIDTH<Real>, blocks = (vectors + VECTORS - 1) / VECTORS;
    for (int64_t block = 0; block < blocks; ++block) {  // as equal as can be
        const int64_t first = vectors * block / blocks, last = vectors * (block + 1) / blocks;
        const int64_t column = first * WIDTH<Real>;
        const int wide = static_cast<int>(last - first);
        if (wide == 5) multiply_columns<Ring, 5>(rows, count, step, matrix, depth, stride, out, column);
        if (wide == 4) multiply_columns<Ring, 4>(rows, count, step, matrix, depth, stride, out, column);
        if (wide == 3) multiply_columns<Ring, 3>(rows, count, step, matrix, depth, stride, out, column);
        if (wide == 2) multiply_columns<Ring, 2>(rows, count, step, matrix, depth, stride, out, column);
        if (wide == 1) multiply_columns<Ring, 1>(rows, count, step, matrix, depth, stride, out, column);
    }
}

}  // namespace
