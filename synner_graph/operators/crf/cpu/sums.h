// Scaled forward-backward sums in float64: values, gradients, and what the gradients are made of.
// The equations are in scaled.py.

#pragma once

#include "groups.h"
#include "padded.h"

namespace {

constexpr int64_t CHUNK = 64;     // tokens whose rows stay in the nearest cache
constexpr double SMALL = 1e-140;  // as in scaled.py

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

}  // namespace
