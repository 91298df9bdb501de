// Linear-chain CRF on the CPU: scaled forward-backward sums in float64, and the Viterbi search.
//
// A group of sentences is the work of one thread, a few of them side by side: a step is the product
// of their rows with one [K, K] matrix, of which a block of columns is loaded once for ROWS rows whose
// sums stay in registers. Rows of K tags are padded to whole vectors. A group is so small that its
// rows stay in the cache from the emissions to the gradients.
// The equations are in scaled.py.

#include <cmath>
#include <cstdlib>
#include <limits>
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
constexpr int MOST_SLOTS = 4 * ROWS;
constexpr int64_t CHUNK = 64;               // tokens whose rows stay in the nearest cache
constexpr int64_t GROUP_BYTES = 768 << 10;  // of the rows of a group
constexpr double SMALL = 1e-140;            // as in scaled.py
constexpr double LEAST = -708;              // below it e^x is no normal float64
constexpr int64_t WORTH_THREADS = 1 << 17;  // products and sums

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

// ---------------------------------------------------------------- products of rows and a matrix

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

// ---------------------------------------------------------------- sums

// Exponentiated scores.
struct Model {
    int64_t tags, stride;
    Buffer<double> transitions, transposed, start, end;
    std::vector<int64_t> reachable[2];  // tags that a sweep can be at, summed over its first steps

    Model(const double* transitions_, const double* start_, const double* end_, int64_t tags_,
          int64_t longest)
        : tags(tags_),
          stride(padded<double>(tags_)),
          transitions(tags_ * stride),
          transposed(tags_ * stride),
          start(stride),
          end(stride) {
        for (int64_t i = 0; i < tags; ++i)
            exponentiate(transitions_ + i * tags, tags, transitions.get() + i * stride);
        transpose(transitions.get(), tags, stride, 0.0, transposed.get());
        exponentiate(start_, tags, start.get());
        exponentiate(end_, tags, end.get());
        reachable[0] = count_reachable(transitions.get(), start.get(), longest);
        reachable[1] = count_reachable(transposed.get(), end.get(), longest);
    }

  private:
    std::vector<int64_t> count_reachable(const double* matrix, const double* begin, int64_t steps) {
        std::vector<char> here(tags), next(tags);
        for (int64_t j = 0; j < tags; ++j) here[j] = begin[j] > 0;
        std::vector<int64_t> sums = {0};
        while (static_cast<int64_t>(sums.size()) <= steps) {
            const int64_t count = std::count(here.begin(), here.end(), 1);
            sums.push_back(sums.back() + count);
            std::fill(next.begin(), next.end(), 0);
            for (int64_t i = 0; i < tags; ++i)
                if (here[i])
                    for (int64_t j = 0; j < tags; ++j) next[j] |= matrix[i * stride + j] > 0;
            if (next == here)
                while (static_cast<int64_t>(sums.size()) <= steps) sums.push_back(sums.back() + count);
            here.swap(next);
        }
        return sums;
    }
};

// A group's tokens, its sentences one after the other.
struct Rows {
    std::vector<int64_t> offsets;  // as of a batch
    std::vector<int64_t> batch;    // where each sentence begins in the batch
    Group group;                   // of the sentences' new numbers

    Rows(const Group& of, const int64_t* batch_offsets) : offsets(1, 0) {
        group.tokens = of.tokens;
        for (int b : of.sentences) {
            group.sentences.push_back(batch.size());
            batch.push_back(batch_offsets[b]);
            offsets.push_back(offsets.back() + batch_offsets[b + 1] - batch_offsets[b]);
        }
    }
    int64_t in_batch(const Slot& slot) const {
        return batch[slot.sentence] + slot.row - offsets[slot.sentence];
    }
};

// `to` becomes the emissions of a group, relative to the greatest of a token. Calls
// `shift(sentence, row in the batch, greatest)`.
template <typename Real, typename Shift>
void exponentiate_emissions(const Rows& rows, const Real* emissions, const Model& model, double* to,
                            const Shift& shift) {
    for (size_t b = 0; b < rows.batch.size(); ++b)
        for (int64_t t = rows.offsets[b]; t < rows.offsets[b + 1]; ++t) {
            const int64_t in_batch = rows.batch[b] + t - rows.offsets[b];
            const Real* from = emissions + in_batch * model.tags;
            double* row = to + t * model.stride;
            Doubles tops = Doubles{} - INFINITY;
            for (int64_t k = 0; k < model.stride; k += WIDTH<double>) {
                const Doubles x = load_doubles(from + k, model.tags - k, -INFINITY);
                vector_at(row + k) = x;
                tops = greater(x, tops);
            }
            const double top = greatest_of(tops);
            for (int64_t k = 0; k < model.stride; k += WIDTH<double>)
                vector_at(row + k) = exponential(bounded(vector_at(row + k) - top));
            // The last lanes are e^-708, not 0: nothing leads to these tags.
            shift(b, in_batch, top);
        }
}

// From the first tokens to the last, or back. A token's row of `carried` becomes that of `emissions`
// (which may be the same memory) times its `ways`, those divided by the greatest. `visit` gets each
// slot, its ways and what divided them; `end` each sentence, and whether it has lost nothing.
template <typename Visit, typename End>
void sweep(const Rows& group, bool backward, const Model& model, const double* emissions,
           double* carried, const Visit& visit, const End& end) {
    const int64_t stride = model.stride;
    const double* matrix = backward ? model.transposed.get() : model.transitions.get();
    const double* begin = backward ? model.end.get() : model.start.get();
    Buffer<double> memory(MOST_SLOTS * stride);
    Integers<double> kept[MOST_SLOTS];  // minus the sums of SMALL or more, lane by lane
    bool sound[MOST_SLOTS];             // whether all divisors were
    const int64_t* offsets = group.offsets.data();
    walk(group.group, offsets, !backward, ROWS, MOST_SLOTS, [&](const Slot* slots, int count) {
        const double* rows[MOST_SLOTS];
        double* out[MOST_SLOTS];
        int continued = 0;
        for (int s = 0; s < count; ++s) {
            double* ways = memory.get() + slots[s].home * stride;
            if (slots[s].from < 0) {
                std::copy_n(begin, stride, ways);
                kept[slots[s].home] = Integers<double>{};
                sound[slots[s].home] = true;
            } else {
                std::fill_n(ways, stride, 0.0);
                rows[continued] = carried + slots[s].from * stride;
                out[continued++] = ways;
            }
        }
        multiply<SumOfProducts>(rows, continued, 1, matrix, model.tags, stride, out);
        for (int s = 0; s < count; ++s) {
            const Slot& slot = slots[s];
            double* ways = memory.get() + slot.home * stride;
            const double* emission = emissions + slot.row * stride;
            double* carry = carried + slot.row * stride;
            Doubles tops = {};
            for (int64_t k = 0; k < stride; k += WIDTH<double>) tops = greater(vector_at(ways + k), tops);
            const double top = greatest_of(tops), inverse = 1 / top;
            Integers<double> large = kept[slot.home];
            for (int64_t k = 0; k < stride; k += WIDTH<double>) {
                vector_at(ways + k) *= inverse;
                const Doubles product = vector_at(ways + k) * vector_at(emission + k);
                vector_at(carry + k) = product;
                large += product >= SMALL;
            }
            kept[slot.home] = large;
            sound[slot.home] = sound[slot.home] && top >= SMALL && std::isfinite(top);
            visit(slot, ways, top);
            if (slot.left == 1) {
                const int64_t length = offsets[slot.sentence + 1] - offsets[slot.sentence];
                end(slot.sentence,
                    sound[slot.home] && -sum_of(__builtin_convertvector(large, Doubles)) == model.reachable[backward][length]);
            }
        }
    });
}

// The sum over all tag sequences but for the divisors and shifts.
double total_of(const double* last, const Model& model) {
    Doubles total = {};
    for (int64_t k = 0; k < model.stride; k += WIDTH<double>)
        total += vector_at(last + k) * vector_at(model.end.get() + k);
    return sum_of(total);
}

int64_t longest(const int64_t* offsets, int64_t sentences) {
    int64_t most = 0;
    for (int64_t b = 0; b < sentences; ++b) most = std::max(most, offsets[b + 1] - offsets[b]);
    return most;
}

int threads_for(const int64_t* offsets, int64_t sentences, int64_t tags, int64_t threads) {
    return offsets[sentences] * tags * tags < WORTH_THREADS ? 1 : threads;
}

// As many groups as threads, or a multiple of it where the rows would not stay in the cache.
std::vector<Group> groups_of(const int64_t* offsets, int64_t sentences, int64_t bytes_a_row, int threads) {
    const int64_t most = threads * std::max<int64_t>(1, GROUP_BYTES / bytes_a_row);
    const int64_t each = (offsets[sentences] + most - 1) / most;
    return deal_out(offsets, sentences, std::min(sentences, threads * each));
}

// Memory of a thread, kept from call to call: fresh memory takes longer than what is done with it.
template <typename Real>
Real* scratch(int64_t size) {
    thread_local int64_t room = 0;
    thread_local Buffer<Real> memory(0);
    if (room < size) {
        memory = Buffer<Real>(size);
        room = size;
    }
    return memory.get();
}

template <typename Real>
struct Gradients {
    Real* emissions;  // null if there are to be none
    double *transitions, *start, *end;
};

// The gradients of one token: `arrived` is arrive ⊙ E and becomes what products with `left` of the next
// token and the transitions make to probabilities of pairs, times `weight`; `emissions` get the
// probabilities, times it. Whether nothing was lost.
template <typename Real>
bool differentiate(const double* leave, double divisor, bool last, double weight, int64_t tags,
                   int64_t stride, double* arrived, double* marginals, Real* emissions) {
    Doubles lanes = {};
    for (int64_t k = 0; k < stride; k += WIDTH<double>)
        lanes += vector_at(marginals + k) = vector_at(arrived + k) * vector_at(leave + k);
    const double mass = sum_of(lanes), pair_mass = mass * divisor;
    const double per_mass = weight / mass, per_pair = last ? 0 : weight / pair_mass;
    for (int64_t k = 0; k < stride; k += WIDTH<double>) vector_at(arrived + k) *= per_pair;
    for (int64_t k = 0; k < tags; ++k) emissions[k] = marginals[k] * per_mass;
    return mass >= SMALL && (last || pair_mass >= SMALL);
}

// Adds the products of every token's `arrived` and its next one's `left`, [tokens, stride], to `sums`
// [K, stride].
void add_pairs(const double* arrived, const double* left, int64_t tokens, int64_t tags, int64_t stride,
               double* sums) {
    std::vector<const double*> rows(tags);
    std::vector<double*> out(tags);
    for (int64_t i = 0; i < tags; ++i) out[i] = sums + i * stride;
    for (int64_t t = 0; t < tokens - 1; t += CHUNK) {
        for (int64_t i = 0; i < tags; ++i) rows[i] = arrived + t * stride + i;
        multiply<SumOfProducts>(rows.data(), tags, stride, left + (t + 1) * stride,
                                std::min(CHUNK, tokens - 1 - t), stride, out.data());
    }
}

template <typename Real>
void log_partition(const Real* emissions, const int64_t* offsets, const double* transitions,
                   const double* start, const double* end, const double* weights, int64_t sentences,
                   int64_t tags, int64_t threads, double* values, uint8_t* exact,
                   const Gradients<Real>& by) {
    const Model model(transitions, start, end, tags, longest(offsets, sentences));
    const int64_t stride = model.stride;
    const int used = threads_for(offsets, sentences, tags, threads);
    const std::vector<Group> groups = groups_of(offsets, sentences, 2 * sizeof(double) * stride, used);
    const int count = static_cast<int>(groups.size());
    Buffer<double> pairs(by.emissions ? count * tags * stride : 0);
#pragma omp parallel for schedule(dynamic, 1) num_threads(used) if (used > 1)
    for (int number = 0; number < count; ++number) {
        const Rows rows(groups[number], offsets);
        const int* sentence = groups[number].sentences.data();
        const int64_t size = groups[number].tokens * stride;
        double* left = scratch<double>(2 * size + stride);
        double *arrived = by.emissions ? left + size : left, *marginals = left + 2 * size;
        for (size_t b = 0; b < rows.batch.size(); ++b) values[sentence[b]] = 0;
        exponentiate_emissions(rows, emissions, model, left, [&](int b, int64_t, double top) {
            values[sentence[b]] += top;
        });
        sweep(
            rows, false, model, left, arrived,
            [&](const Slot& slot, const double*, double top) {
                values[sentence[slot.sentence]] += std::log(top);
            },
            [&](int b, bool kept) {
                const double total = total_of(arrived + (rows.offsets[b + 1] - 1) * stride, model);
                double& value = values[sentence[b]];
                value += std::log(total);
                exact[sentence[b]] = kept && total >= SMALL && std::isfinite(value);
            });
        if (!by.emissions) continue;
        sweep(
            rows, true, model, left, left,
            [&](const Slot& slot, const double* leave, double top) {
                const int b = sentence[slot.sentence];
                exact[b] &= differentiate(leave, top, slot.from < 0, weights ? weights[b] : 1.0, tags,
                                          stride, arrived + slot.row * stride, marginals,
                                          by.emissions + rows.in_batch(slot) * tags);
            },
            [&](int b, bool kept) {
                exact[sentence[b]] &= kept;
                if (exact[sentence[b]]) return;
                const int64_t first = rows.offsets[b], length = rows.offsets[b + 1] - first;
                std::fill_n(left + first * stride, length * stride, 0.0);
                std::fill_n(arrived + first * stride, length * stride, 0.0);
                std::fill_n(by.emissions + rows.batch[b] * tags, length * tags, Real(0));
            });
        double* sums = pairs.get() + number * tags * stride;
        std::fill_n(sums, tags * stride, 0.0);
        add_pairs(arrived, left, groups[number].tokens, tags, stride, sums);
    }
    if (!by.emissions) return;
    for (int64_t i = 0; i < tags; ++i)
        for (int64_t j = 0; j < tags; ++j) {
            double sum = 0;
            for (int number = 0; number < count; ++number) sum += pairs[(number * tags + i) * stride + j];
            // No way that counts leads over a transition that is not finite.
            by.transitions[i * tags + j] = sum == 0 ? 0 : sum * model.transitions[i * stride + j];
        }
    std::fill_n(by.start, tags, 0.0);
    std::fill_n(by.end, tags, 0.0);
    for (int64_t b = 0; b < sentences; ++b)
        for (int64_t k = 0; k < tags; ++k) {
            by.start[k] += by.emissions[offsets[b] * tags + k];
            by.end[k] += by.emissions[(offsets[b + 1] - 1) * tags + k];
        }
}

template <typename Real>
void sums(const Real* emissions, const int64_t* offsets, const double* transitions,
          const double* start, const double* end, int64_t sentences, int64_t tags, int64_t threads,
          double* ways, double* divisors, double* shift, double* total, uint8_t* exact) {
    const Model model(transitions, start, end, tags, longest(offsets, sentences));
    const int64_t tokens = offsets[sentences], stride = model.stride;
    const int used = threads_for(offsets, sentences, tags, threads);
    const std::vector<Group> groups = groups_of(offsets, sentences, 2 * sizeof(double) * stride, used);
    const int count = static_cast<int>(groups.size());
#pragma omp parallel for schedule(dynamic, 1) num_threads(used) if (used > 1)
    for (int number = 0; number < count; ++number) {
        const Rows rows(groups[number], offsets);
        const int* sentence = groups[number].sentences.data();
        const int64_t size = groups[number].tokens * stride;
        double *left = scratch<double>(2 * size), *arrived = left + size;
        exponentiate_emissions(rows, emissions, model, left,
                               [&](int, int64_t row, double top) { shift[row] = top; });
        for (const bool backward : {false, true})
            sweep(
                rows, backward, model, left, backward ? left : arrived,
                [&](const Slot& slot, const double* row, double top) {
                    const int64_t at = rows.in_batch(slot) + (backward ? tokens : 0);
                    std::copy_n(row, tags, ways + at * tags);
                    divisors[at] = top;
                },
                [&](int b, bool kept) {
                    uint8_t& so_far = exact[sentence[b]];
                    if (backward) {
                        so_far &= kept;
                        return;
                    }
                    double& sum = total[sentence[b]];
                    sum = total_of(arrived + (rows.offsets[b + 1] - 1) * stride, model);
                    so_far = kept && sum >= SMALL && std::isfinite(sum);
                });
    }
}

// ---------------------------------------------------------------- Viterbi

// The first of the greatest of left[k] + right[k], some tag even if they are NaN.
template <typename Real>
int64_t best_sum(const Real* left, const Real* right, int64_t tags, int64_t stride) {
    typedef Integers<Real> Places;
    Vector<Real> best = vector_at(left) + vector_at(right);
    Places here, place;
    for (int n = 0; n < WIDTH<Real>; ++n) here[n] = n;
    place = here;
    for (int64_t k = WIDTH<Real>; k < stride; k += WIDTH<Real>) {
        const Vector<Real> sum = vector_at(left + k) + vector_at(right + k);
        here += WIDTH<Real>;
        const Places better = sum > best;
        best = better ? sum : best;
        place = better ? here : place;
    }
    int first = 0;
    for (int n = 1; n < WIDTH<Real>; ++n)
        if (best[n] > best[first] || (best[n] == best[first] && place[n] < place[first])) first = n;
    return place[first] < tags ? place[first] : 0;
}

// The way back asks what came before the one tag that is on it: no back pointers on the way there.
template <typename Real>
void viterbi(const Real* emissions, const int64_t* offsets, const Real* transitions_,
             const Real* start_, const Real* end_, int64_t sentences, int64_t tags, int64_t threads,
             int64_t* found) {
    constexpr Real NEVER = -std::numeric_limits<Real>::infinity();
    const int64_t stride = padded<Real>(tags);
    Buffer<Real> transitions(tags * stride), transposed(tags * stride), start(stride), end(stride);
    const auto copy = [&](const Real* from, Real* to) {
        std::fill(std::copy_n(from, tags, to), to + stride, NEVER);
    };
    for (int64_t i = 0; i < tags; ++i) copy(transitions_ + i * tags, transitions.get() + i * stride);
    transpose(transitions.get(), tags, stride, NEVER, transposed.get());
    copy(start_, start.get());
    copy(end_, end.get());
    const int used = threads_for(offsets, sentences, tags, threads);
    const std::vector<Group> groups = groups_of(offsets, sentences, sizeof(Real) * stride, used);
    const int count = static_cast<int>(groups.size());
#pragma omp parallel for schedule(dynamic, 1) num_threads(used) if (used > 1)
    for (int number = 0; number < count; ++number) {
        const Rows rows(groups[number], offsets);
        Real* best = scratch<Real>(groups[number].tokens * stride);
        const auto forward = [&](const Slot* slots, int running) {
            const Real* from[MOST_SLOTS];
            Real* out[MOST_SLOTS];
            int continued = 0;
            for (int s = 0; s < running; ++s) {
                Real* here = best + slots[s].row * stride;
                if (slots[s].from < 0) {
                    std::copy_n(start.get(), stride, here);
                } else {
                    std::fill_n(here, stride, NEVER);
                    from[continued] = best + slots[s].from * stride;
                    out[continued++] = here;
                }
            }
            multiply<MaxOfSums>(from, continued, 1, transitions.get(), tags, stride, out);
            for (int s = 0; s < running; ++s) {
                const Real* emission = emissions + rows.in_batch(slots[s]) * tags;
                Real* here = best + slots[s].row * stride;
                for (int64_t k = 0; k < tags; ++k) here[k] += emission[k];
            }
        };
        int64_t after[MOST_SLOTS];  // the tag of each slot's next token
        const auto backward = [&](const Slot* slots, int running) {
            for (int s = 0; s < running; ++s) {
                const Slot& slot = slots[s];
                int64_t& tag = after[slot.home];
                const Real* next = slot.from < 0 ? end.get() : transposed.get() + tag * stride;
                tag = best_sum<Real>(best + slot.row * stride, next, tags, stride);
                found[rows.in_batch(slot)] = tag;
            }
        };
        walk(rows.group, rows.offsets.data(), true, ROWS, MOST_SLOTS, forward);
        walk(rows.group, rows.offsets.data(), false, ROWS, MOST_SLOTS, backward);
    }
}

}  // namespace

#define SYNNER_CRF(SUFFIX, REAL)                                                                    \
    extern "C" void crf_log_partition_##SUFFIX(                                                    \
        const REAL* emissions, const int64_t* offsets, const double* transitions,                  \
        const double* start, const double* end, const double* weights, int64_t sentences,          \
        int64_t tags, int64_t threads, double* values, uint8_t* exact, REAL* by_emissions,         \
        double* by_transitions, double* by_start, double* by_end) {                                \
        log_partition<REAL>(emissions, offsets, transitions, start, end, weights, sentences, tags, \
                            threads, values, exact,                                                \
                            {by_emissions, by_transitions, by_start, by_end});                     \
    }                                                                                              \
    extern "C" void crf_sums_##SUFFIX(                                                             \
        const REAL* emissions, const int64_t* offsets, const double* transitions,                  \
        const double* start, const double* end, int64_t sentences, int64_t tags, int64_t threads,  \
        double* ways, double* divisors, double* shift, double* total, uint8_t* exact) {            \
        sums(emissions, offsets, transitions, start, end, sentences, tags, threads, ways,          \
             divisors, shift, total, exact);                                                       \
    }                                                                                              \
    extern "C" void crf_viterbi_##SUFFIX(const REAL* emissions, const int64_t* offsets,            \
                                         const REAL* transitions, const REAL* start,               \
                                         const REAL* end, int64_t sentences, int64_t tags,         \
                                         int64_t threads, int64_t* found) {                        \
        viterbi(emissions, offsets, transitions, start, end, sentences, tags, threads, found);     \
    }

SYNNER_CRF(float32, float)
SYNNER_CRF(float64, double)
