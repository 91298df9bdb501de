// Linear-chain CRF on the CPU: scaled forward-backward sums in float64, and the Viterbi search.
//
// A sentence is the work of one thread, from its emissions to its gradients, in buffers that stay in
// the cache. Rows of K tags are padded to whole vectors; a step is the product of a row with a
// [K, K] matrix, a block of whose columns stays in registers while its rows go by.
// The equations are in scaled.py.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <new>
#include <vector>

namespace {

constexpr int LANE_BYTES = 64;
#ifdef __AVX512F__
constexpr int MOST_VECTORS = 12;  // accumulators that fit in the registers
#else
constexpr int MOST_VECTORS = 3;
#endif
constexpr double SMALL = 1e-140;            // as in scaled.py
constexpr int64_t WORTH_THREADS = 1 << 17;  // products and sums

template <typename Real>
struct Lanes {
    static constexpr int64_t WIDTH = LANE_BYTES / sizeof(Real);
    typedef Real Vector __attribute__((vector_size(LANE_BYTES)));
};

template <typename Real>
int64_t padded(int64_t tags) {
    constexpr int64_t width = Lanes<Real>::WIDTH;
    return (tags + width - 1) / width * width;
}

// Memory at the start of a cache line.
template <typename Real>
class Buffer {
  public:
    explicit Buffer(int64_t size)
        : data_(static_cast<Real*>(
              ::operator new(sizeof(Real) * size, std::align_val_t(LANE_BYTES)))) {
        std::fill_n(data_, size, Real(0));
    }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    ~Buffer() { ::operator delete(data_, std::align_val_t(LANE_BYTES)); }
    operator Real*() { return data_; }
    operator const Real*() const { return data_; }

  private:
    Real* data_;
};

// A [K, K] matrix with padded rows.
template <typename Real>
void copy_matrix(const Real* from, int64_t tags, bool transpose, Real* to) {
    for (int64_t i = 0; i < tags; ++i)
        for (int64_t j = 0; j < tags; ++j)
            to[i * padded<Real>(tags) + j] = transpose ? from[j * tags + i] : from[i * tags + j];
}

struct SumOfProducts {
    template <typename Vector, typename Real>
    static Vector first(Real left, Vector right) {
        return left * right;
    }
    template <typename Vector, typename Real>
    static Vector next(Vector sum, Real left, Vector right) {
        return sum + left * right;
    }
};

struct MaxOfSums {
    template <typename Vector, typename Real>
    static Vector first(Real left, Vector right) {
        return left + right;
    }
    template <typename Vector, typename Real>
    static Vector next(Vector best, Real left, Vector right) {
        const Vector candidate = left + right;
        return candidate > best ? candidate : best;
    }
};

template <typename Ring, int VECTORS, typename Real>
void multiply_block(const Real* row, const Real* matrix, int64_t tags, Real* out) {
    typedef typename Lanes<Real>::Vector Vector;
    const int64_t stride = padded<Real>(tags);
    Vector sums[VECTORS];
    const Vector* line = reinterpret_cast<const Vector*>(matrix);
    for (int n = 0; n < VECTORS; ++n) sums[n] = Ring::first(row[0], line[n]);
    for (int64_t i = 1; i < tags; ++i) {
        line = reinterpret_cast<const Vector*>(matrix + i * stride);
        for (int n = 0; n < VECTORS; ++n) sums[n] = Ring::next(sums[n], row[i], line[n]);
    }
    for (int n = 0; n < VECTORS; ++n) reinterpret_cast<Vector*>(out)[n] = sums[n];
}

template <typename Ring, int VECTORS, typename Real>
void multiply_any(int vectors, const Real* row, const Real* matrix, int64_t tags, Real* out) {
    if constexpr (VECTORS > 0) {
        if (vectors == VECTORS)
            multiply_block<Ring, VECTORS>(row, matrix, tags, out);
        else
            multiply_any<Ring, VECTORS - 1>(vectors, row, matrix, tags, out);
    }
}

// out = row x matrix, in blocks of columns as equal as can be.
template <typename Ring, typename Real>
void multiply(const Real* row, const Real* matrix, int64_t tags, Real* out) {
    constexpr int64_t width = Lanes<Real>::WIDTH;
    const int64_t vectors = padded<Real>(tags) / width;
    const int64_t blocks = (vectors + MOST_VECTORS - 1) / MOST_VECTORS;
    for (int64_t block = 0; block < blocks; ++block) {
        const int64_t first = vectors * block / blocks, last = vectors * (block + 1) / blocks;
        multiply_any<Ring, MOST_VECTORS>(static_cast<int>(last - first), row,
                                         matrix + first * width, tags, out + first * width);
    }
}

// exp(x) for x <= 0, to the last bit or two; 0 below -708, where float64 has no more normal numbers.
typedef Lanes<double>::Vector Doubles;
typedef int64_t Bits __attribute__((vector_size(LANE_BYTES)));

Doubles exponential(Doubles x) {
    constexpr double ROUNDER = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to an integer
    constexpr double INVERSE[] = {1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800,
                                  1.0 / 362880,     1.0 / 40320,     1.0 / 5040,     1.0 / 720,
                                  1.0 / 120,        1.0 / 24,        1.0 / 6,        0.5,
                                  1.0,              1.0};
    const Doubles rounded = x * 1.4426950408889634 + ROUNDER;
    const Doubles power = rounded - ROUNDER;
    const Doubles rest = (x - power * 0.693147180369123816490) - power * 1.90821492927058770002e-10;
    Doubles sum = rest * INVERSE[0] + INVERSE[1];
    for (int n = 2; n < 14; ++n) sum = sum * rest + INVERSE[n];
    Bits integer, bits;
    std::memcpy(&integer, &rounded, sizeof integer);
    std::memcpy(&bits, &sum, sizeof bits);
    bits += integer << 52;
    Doubles result;
    std::memcpy(&result, &bits, sizeof result);
    const Doubles zero = {};
    // A NaN fails both comparisons and comes out of `x + result`.
    return x < -708.0 ? zero : (x <= 0.0 ? result : x + result);
}

struct Model {
    int64_t tags, stride;
    Buffer<double> transitions, transposed, start, end;
    std::vector<int64_t> reached[2];  // tags a sweep can be at after each step

    Model(const double* transitions_, const double* start_, const double* end_, int64_t tags_,
          int64_t longest)
        : tags(tags_),
          stride(padded<double>(tags_)),
          transitions(tags_ * stride),
          transposed(tags_ * stride),
          start(stride),
          end(stride) {
        copy_matrix(transitions_, tags, false, static_cast<double*>(transitions));
        copy_matrix(transitions_, tags, true, static_cast<double*>(transposed));
        std::copy_n(start_, tags, static_cast<double*>(start));
        std::copy_n(end_, tags, static_cast<double*>(end));
        reached[0] = count_reached(transitions, start, longest);
        reached[1] = count_reached(transposed, end, longest);
    }

  private:
    std::vector<int64_t> count_reached(const double* matrix, const double* begin, int64_t steps) {
        std::vector<char> here(tags), next(tags);
        for (int64_t i = 0; i < tags; ++i) here[i] = begin[i] > 0;
        std::vector<int64_t> counts;
        while (static_cast<int64_t>(counts.size()) < steps) {
            counts.push_back(std::count(here.begin(), here.end(), 1));
            std::fill(next.begin(), next.end(), 0);
            for (int64_t i = 0; i < tags; ++i)
                if (here[i])
                    for (int64_t j = 0; j < tags; ++j) next[j] |= matrix[i * stride + j] > 0;
            if (next == here) counts.resize(steps, counts.back());
            here.swap(next);
        }
        return counts;
    }
};

// Sums of one sentence, one row of `stride` numbers a token.
struct Sums {
    Buffer<double> emissions, arrive, leave, carried;
    std::vector<double> shift, arrive_factor, leave_factor;

    Sums(int64_t longest, int64_t stride)
        : emissions(longest * stride),
          arrive(longest * stride),
          leave(longest * stride),
          carried(stride),
          shift(longest),
          arrive_factor(longest),
          leave_factor(longest) {}
};

template <typename Real>
void exponentiate(const Real* emissions, int64_t length, const Model& model, Sums& sums) {
    constexpr int64_t width = Lanes<double>::WIDTH;
    for (int64_t t = 0; t < length; ++t) {
        const Real* from = emissions + t * model.tags;
        double* to = sums.emissions + t * model.stride;
        double top = from[0];
        for (int64_t k = 1; k < model.tags; ++k) top = std::max<double>(top, from[k]);
        for (int64_t k = 0; k < model.tags; ++k) to[k] = from[k] - top;
        for (int64_t k = 0; k < model.stride; k += width) {
            Doubles* lanes = reinterpret_cast<Doubles*>(to + k);
            *lanes = exponential(*lanes);
        }
        std::fill(to + model.tags, to + model.stride, 0.0);
        sums.shift[t] = top;
    }
}

// From the first token to the last, or from the last to the first; whether nothing was lost.
bool sweep(int64_t length, bool backward, const Model& model, Sums& sums) {
    const double* matrix = backward ? model.transposed : model.transitions;
    double* ways = backward ? sums.leave : sums.arrive;
    double* factors = backward ? sums.leave_factor.data() : sums.arrive_factor.data();
    bool exact = true;
    for (int64_t step = 0; step < length; ++step) {
        const int64_t t = backward ? length - 1 - step : step;
        double* way = ways + t * model.stride;
        if (step == 0)
            std::copy_n(static_cast<const double*>(backward ? model.end : model.start),
                        model.stride, way);
        else
            multiply<SumOfProducts>(static_cast<const double*>(sums.carried), matrix, model.tags,
                                    way);
        Doubles tops = {};
        for (int64_t k = 0; k < model.stride; k += Lanes<double>::WIDTH) {
            const Doubles lanes = *reinterpret_cast<const Doubles*>(way + k);
            tops = tops > lanes ? tops : lanes;  // a NaN stays, as `lanes`
        }
        double top = tops[0];
        for (int64_t n = 1; n < Lanes<double>::WIDTH; ++n) top = top > tops[n] ? top : tops[n];
        const double inverse = 1 / top;
        const double* emission = sums.emissions + t * model.stride;
        double* carried = sums.carried;
        int64_t kept = 0;
        for (int64_t k = 0; k < model.stride; ++k) {
            way[k] *= inverse;
            carried[k] = way[k] * emission[k];
            kept += carried[k] >= SMALL;
        }
        factors[t] = top;
        exact = exact && top >= SMALL && std::isfinite(top) && kept == model.reached[backward][step];
    }
    return exact;
}

// The sum over all tag sequences but for the factors and shifts.
double total_of(int64_t length, const Model& model, const Sums& sums) {
    const double* arrive = sums.arrive + (length - 1) * model.stride;
    const double* emission = sums.emissions + (length - 1) * model.stride;
    double total = 0;
    for (int64_t k = 0; k < model.tags; ++k) total += arrive[k] * emission[k] * model.end[k];
    return total;
}

// What the gradients are products of; whether nothing was lost. See `Parts` in scaled.py.
bool differentiate(int64_t length, const Model& model, const Sums& sums, double* marginals,
                   double* arrived, double* left) {
    bool exact = true;
    for (int64_t t = 0; t < length; ++t) {
        const double* arrive = sums.arrive + t * model.stride;
        const double* leave = sums.leave + t * model.stride;
        const double* emission = sums.emissions + t * model.stride;
        Doubles lanes = {};
        for (int64_t k = 0; k < model.stride; k += Lanes<double>::WIDTH) {
            const auto at = [k](const double* row) {
                return *reinterpret_cast<const Doubles*>(row + k);
            };
            lanes += at(arrive) * at(emission) * at(leave);
        }
        double mass = 0;
        for (int64_t n = 0; n < Lanes<double>::WIDTH; ++n) mass += lanes[n];
        const bool last = t + 1 == length;
        const double pair_mass = mass * sums.leave_factor[t];
        exact = exact && mass >= SMALL && (last || pair_mass >= SMALL);
        const double per_mass = 1 / mass, per_pair = last ? 0 : 1 / pair_mass;
        for (int64_t k = 0; k < model.tags; ++k) {
            const double begun = arrive[k] * emission[k];
            marginals[t * model.tags + k] = begun * leave[k] * per_mass;
            arrived[t * model.tags + k] = begun * per_pair;
            left[t * model.tags + k] = emission[k] * leave[k];
        }
    }
    return exact;
}

int64_t longest(const int64_t* offsets, int64_t sentences) {
    int64_t most = 0;
    for (int64_t b = 0; b < sentences; ++b) most = std::max(most, offsets[b + 1] - offsets[b]);
    return most;
}

int threads_for(const int64_t* offsets, int64_t sentences, int64_t tags, int threads) {
    return offsets[sentences] * tags * tags < WORTH_THREADS ? 1 : threads;
}

template <typename Real>
void log_partition(const Real* emissions, const int64_t* offsets, const double* transitions,
                   const double* start, const double* end, int64_t sentences, int64_t tags,
                   int threads, double* values, uint8_t* exact, double* marginals,
                   double* arrived, double* left) {
    const int64_t most = longest(offsets, sentences);
    const Model model(transitions, start, end, tags, most);
#pragma omp parallel num_threads(threads_for(offsets, sentences, tags, threads))
    {
        Sums sums(most, model.stride);
#pragma omp for schedule(dynamic)
        for (int64_t b = 0; b < sentences; ++b) {
            const int64_t first = offsets[b], length = offsets[b + 1] - first;
            exponentiate(emissions + first * tags, length, model, sums);
            bool kept = sweep(length, false, model, sums);
            const double total = total_of(length, model, sums);
            values[b] = std::log(total);
            for (int64_t t = 0; t < length; ++t)
                values[b] += std::log(sums.arrive_factor[t]) + sums.shift[t];
            kept = kept && total >= SMALL && std::isfinite(values[b]);
            if (marginals != nullptr) {
                kept = sweep(length, true, model, sums) && kept;
                kept = differentiate(length, model, sums, marginals + first * tags,
                                     arrived + first * tags, left + first * tags) && kept;
                if (!kept)
                    for (double* rows : {marginals, arrived, left})
                        std::fill_n(rows + first * tags, length * tags, 0.0);
            }
            exact[b] = kept;
        }
    }
}

template <typename Real>
void sums(const Real* emissions, const int64_t* offsets, const double* transitions,
          const double* start, const double* end, int64_t sentences, int64_t tags, int threads,
          double* ways, double* factor, double* shift, double* total, uint8_t* exact) {
    const int64_t most = longest(offsets, sentences), rows = offsets[sentences];
    const Model model(transitions, start, end, tags, most);
#pragma omp parallel num_threads(threads_for(offsets, sentences, tags, threads))
    {
        Sums sums(most, model.stride);
#pragma omp for schedule(dynamic)
        for (int64_t b = 0; b < sentences; ++b) {
            const int64_t first = offsets[b], length = offsets[b + 1] - first;
            exponentiate(emissions + first * tags, length, model, sums);
            const bool forward = sweep(length, false, model, sums);
            const bool backward = sweep(length, true, model, sums);
            for (int64_t t = 0; t < length; ++t) {
                const int64_t row = first + t;
                std::copy_n(sums.arrive + t * model.stride, tags, ways + row * tags);
                std::copy_n(sums.leave + t * model.stride, tags, ways + (rows + row) * tags);
                factor[row] = sums.arrive_factor[t];
                factor[rows + row] = sums.leave_factor[t];
                shift[row] = sums.shift[t];
            }
            total[b] = total_of(length, model, sums);
            exact[b] = forward && backward && total[b] >= SMALL && std::isfinite(total[b]);
        }
    }
}

// The first of the greatest of left[k] + right[k].
template <typename Real>
int64_t best_sum(const Real* left, const Real* right, int64_t tags) {
    int64_t best = 0;
    for (int64_t k = 1; k < tags; ++k)
        if (left[k] + right[k] > left[best] + right[best]) best = k;
    return best;
}

// The way back asks what came before the one tag that is on it: no back pointers on the way there.
template <typename Real>
void viterbi(const Real* emissions, const int64_t* offsets, const Real* transitions_,
             const Real* start, const Real* end, int64_t sentences, int64_t tags, int threads,
             int64_t* found) {
    const int64_t stride = padded<Real>(tags), most = longest(offsets, sentences);
    Buffer<Real> transitions(tags * stride), transposed(tags * stride);
    copy_matrix(transitions_, tags, false, static_cast<Real*>(transitions));
    copy_matrix(transitions_, tags, true, static_cast<Real*>(transposed));
#pragma omp parallel num_threads(threads_for(offsets, sentences, tags, threads))
    {
        Buffer<Real> best(most * stride);
#pragma omp for schedule(dynamic)
        for (int64_t b = 0; b < sentences; ++b) {
            const int64_t first = offsets[b], length = offsets[b + 1] - first;
            for (int64_t t = 0; t < length; ++t) {
                const Real* emission = emissions + (first + t) * tags;
                Real* here = best + t * stride;
                if (t == 0)
                    std::copy_n(start, tags, here);
                else
                    multiply<MaxOfSums>(static_cast<const Real*>(here - stride),
                                        static_cast<const Real*>(transitions), tags, here);
                for (int64_t k = 0; k < tags; ++k) here[k] += emission[k];
            }
            const Real* after = end;
            for (int64_t t = length - 1; t >= 0; --t) {
                const int64_t tag = best_sum<Real>(best + t * stride, after, tags);
                found[first + t] = tag;
                after = transposed + tag * stride;
            }
        }
    }
}

}  // namespace

#define SYNNER_CRF(SUFFIX, REAL)                                                                   \
    extern "C" void crf_log_partition_##SUFFIX(                                                    \
        const REAL* emissions, const int64_t* offsets, const double* transitions,                  \
        const double* start, const double* end, int64_t sentences, int64_t tags, int threads,      \
        double* values, uint8_t* exact, double* marginals, double* arrived, double* left) {        \
        log_partition(emissions, offsets, transitions, start, end, sentences, tags, threads,       \
                      values, exact, marginals, arrived, left);                                    \
    }                                                                                              \
    extern "C" void crf_sums_##SUFFIX(const REAL* emissions, const int64_t* offsets,               \
                                      const double* transitions, const double* start,              \
                                      const double* end, int64_t sentences, int64_t tags,          \
                                      int threads, double* ways, double* factor, double* shift,    \
                                      double* total, uint8_t* exact) {                             \
        sums(emissions, offsets, transitions, start, end, sentences, tags, threads, ways, factor,  \
             shift, total, exact);                                                                 \
    }                                                                                              \
    extern "C" void crf_viterbi_##SUFFIX(const REAL* emissions, const int64_t* offsets,            \
                                         const REAL* transitions, const REAL* start,               \
                                         const REAL* end, int64_t sentences, int64_t tags,         \
                                         int threads, int64_t* found) {                            \
        viterbi(emissions, offsets, transitions, start, end, sentences, tags, threads, found);     \
    }

SYNNER_CRF(float32, float)
SYNNER_CRF(float64, double)
