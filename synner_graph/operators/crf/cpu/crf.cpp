// Linear-chain CRF on the CPU: scaled forward-backward sums in float64, and the Viterbi search.
//
// A group of sentences is the work of one thread, a few of them side by side: a step is the product
// of their rows with one [K, K] matrix. A group is so small that its rows stay in the cache from the
// emissions to the gradients.

#include "sums.h"
#include "viterbi.h"

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
