// The Viterbi search.

#pragma once

#include <limits>

#include "groups.h"
#include "padded.h"

namespace {

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
