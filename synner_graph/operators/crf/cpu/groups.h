// Groups of sentences, each the work of one thread, and the memory that the thread keeps.

#pragma once

#include "padded.h"
#include "ragged.h"

namespace {

constexpr int MOST_SLOTS = 4 * ROWS;
constexpr int64_t GROUP_BYTES = 768 << 10;  // of the rows of a group
constexpr int64_t WORTH_THREADS = 1 << 17;  // products and sums

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

}  // namespace
