// Vectors of floats of the host's width, and the functions that gates need on them.
//
// GCC's vector extensions, which Clang shares, so that one source serves every processor; only loads
// of a part and the reciprocal use intrinsics, where AVX-512 has them.

#pragma once

#include <cstdint>
#include <cstring>

#if defined(__AVX512F__)
#include <immintrin.h>
constexpr int LANES = 16;
#elif defined(__AVX__)
constexpr int LANES = 8;
#else
constexpr int LANES = 4;
#endif

typedef float Floats __attribute__((vector_size(4 * LANES)));
typedef int32_t Ints __attribute__((vector_size(4 * LANES)));

static inline Floats load(const float* from) {
    Floats x;
    std::memcpy(&x, from, sizeof x);
    return x;
}

static inline void store(float* to, Floats x) { std::memcpy(to, &x, sizeof x); }

// The first `count` lanes; the others are 0, and their memory is not touched.
static inline Floats load(const float* from, int count) {
    if (count >= LANES) return load(from);
#if defined(__AVX512F__)
    return (Floats)_mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), from);
#else
    Floats x = {};
    std::memcpy(&x, from, sizeof(float) * count);
    return x;
#endif
}

static inline void store(float* to, Floats x, int count) {
    if (count >= LANES) return store(to, x);
#if defined(__AVX512F__)
    _mm512_mask_storeu_ps(to, (__mmask16)((1u << count) - 1), (__m512)x);
#else
    std::memcpy(to, &x, sizeof(float) * count);
#endif
}

// Keeps the compiler from loading x again at each use, where there are registers enough.
template <typename Vector>
static inline Vector in_register(Vector x) {
#if defined(__AVX512F__)
    asm("" : "+v"(x));
#endif
    return x;
}

static inline Floats reciprocal(Floats x) {
#if defined(__AVX512F__)
    Floats guess = (Floats)_mm512_maskz_rcp14_ps((__mmask16)-1, (__m512)x);
    return guess + guess * (1.0f - x * guess);  // Newton: 14 bits become 28
#else
    return 1.0f / x;
#endif
}

static inline Floats clamp(Floats x, float bound) {  // NaN stays NaN
    Floats low = Floats{} - bound, high = Floats{} + bound;
    x = x < low ? low : x;
    return x > high ? high : x;
}

// e^x = scale + scale * rest with scale = 2^round(x / ln 2), for |x| <= 87.
static inline Floats exp_parts(Floats x, Floats& scale) {
    constexpr float magic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
    Floats shifted = x * 1.44269504f + magic;
    Floats whole = shifted - magic;
    Floats r = x - whole * 0.693359375f;  // ln 2 in two parts, the first of few bits
    r = r + whole * 2.12194440e-4f;
    scale = (Floats)(((Ints)shifted << 23) + 0x3f800000);
    // (e^r - 1) / r for |r| <= ln(2) / 2, interpolated at Chebyshev's points; error 1.3e-8.
    Floats p = r * 0.0013933731243f + 0.00836922042f;
    p = p * r + 0.04166646302f;
    p = p * r + 0.16666504741f;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    return p * r;
}

static inline Floats sigmoid(Floats x) {
    Floats scale;
    Floats rest = exp_parts(clamp(-x, 87.0f), scale);
    return reciprocal(1.0f + (scale + scale * rest));
}

static inline Floats tanh(Floats x) {  // from e^2x - 1, so that it is exact near 0 too
    Floats scale;
    Floats rest = exp_parts(clamp(x + x, 20.0f), scale);
    Floats minus_one = scale * rest + (scale - 1.0f);
    return minus_one * reciprocal(minus_one + 2.0f);
}
