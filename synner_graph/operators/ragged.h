// Walking through the sentences of a ragged batch, several side by side, without padding.
//
// A group of sentences is the work of one thread. It holds a few of them in slots; a slot whose
// sentence ends takes the longest one that waits. Rows never move: a slot knows the row of its token
// and of the token before.

#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

struct Group {
    int64_t tokens = 0;
    std::vector<int> sentences;  // longest first
};

// Groups of about the same number of tokens; empty ones only if there are too few sentences.
static std::vector<Group> deal_out(const int64_t* offsets, int sentences, int count) {
    std::vector<int> order(sentences);
    std::iota(order.begin(), order.end(), 0);
    auto length = [&](int s) { return offsets[s + 1] - offsets[s]; };
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return length(a) > length(b); });
    std::vector<Group> groups(count);
    for (int s : order) {
        auto lightest = std::min_element(groups.begin(), groups.end(), [](const Group& a, const Group& b) {
            return a.tokens < b.tokens;
        });
        lightest->tokens += length(s);
        lightest->sentences.push_back(s);
    }
    return groups;
}

struct Slot {
    int64_t row, from, left;  // `from`: the row before, -1 at the beginning; `left`: tokens to go
    int sentence, home;       // `home`: number of the slot's own memory
};

// `visit` gets the slots in use, step by step: at most `most`, in blocks of `rows`.
template <typename Visit>
void walk(const Group& group, const int64_t* offsets, bool from_first, int rows, int most,
          const Visit& visit) {
    if (group.sentences.empty()) return;
    const int64_t step = from_first ? 1 : -1;
    const size_t total = group.sentences.size();
    const int64_t longest = offsets[group.sentences[0] + 1] - offsets[group.sentences[0]];
    // Enough slots that the longest sentence is not alone at the end, in whole blocks.
    const int64_t wanted = (group.tokens / longest + rows) / rows * rows;
    const size_t count = std::min<int64_t>(std::max<int64_t>(wanted, 2 * rows), most);
    std::vector<Slot> slots;
    size_t waiting = 0;
    auto next = [&](int home) {
        const int s = group.sentences[waiting++];
        const int64_t first = offsets[s], last = offsets[s + 1] - 1;
        return Slot{from_first ? first : last, -1, last - first + 1, s, home};
    };
    while (waiting < total && slots.size() < count) slots.push_back(next(slots.size()));
    while (!slots.empty()) {
        visit(slots.data(), static_cast<int>(slots.size()));
        for (int s = slots.size() - 1; s >= 0; --s) {
            Slot& slot = slots[s];
            if (--slot.left > 0) {
                slot.from = slot.row;
                slot.row += step;
            } else if (waiting < total) {
                slot = next(slot.home);
            } else {
                slot = slots.back();
                slots.pop_back();
            }
        }
    }
}
