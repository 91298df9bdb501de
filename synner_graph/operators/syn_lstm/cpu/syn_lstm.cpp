// Syn-LSTM, the part that is recurrent: see docs/operators.md for the memory layout.
//
// `of_x` [N, 2, 4H] holds, for each token and direction, what x contributes to the gates i, u, f, o,
// and `of_g` [N, 2, 4H] what g contributes to m, n, f, o. In the forward pass the gates themselves take
// their place (f and o in `of_x`), in the backward pass the gradients of what goes into them (those of f
// and o in both). `h` [N, 2H], `c` [N, 2, H]. `weight_h` [2, 6H, H] and `bias` [2, 6H] are in the public
// order i, u, m, n, f, o.
//
// A task is a direction and a group of sentences; one thread walks through it step by step, with no
// barrier, a few sentences side by side (see ragged.h).

#include <cstdlib>
#include <memory>

#include "ragged.h"
#include "vectors.h"

namespace {

constexpr int GATES = 6;
constexpr int OF_X = 4;                            // in `of_x`; and in a row of `of_g`
constexpr int PUBLIC[GATES] = {0, 1, 4, 5, 2, 3};  // where i, u, f, o, m, n stand in weight_h
constexpr int MOST_SLOTS = 32;

// Rows of one block: as many as leave the accumulators of a block in registers.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int ROWS = 4;
constexpr int WIDE = 4;
#else
constexpr int ROWS = 2;
constexpr int WIDE = 4;
#endif

using Buffer = std::unique_ptr<float, decltype(&std::free)>;

Buffer buffer(int64_t count) {
    size_t bytes = (count * sizeof(float) + 63) / 64 * 64;
    return Buffer(static_cast<float*>(std::aligned_alloc(64, bytes)), &std::free);
}

// Groups of sentences such that all threads have a direction of one.
std::vector<Group> deal_out_to(const int64_t* offsets, int sentences, int threads) {
    return deal_out(offsets, sentences, std::max(1, std::min((threads + 1) / 2, sentences / ROWS)));
}

// ---------------------------------------------------------------- forward

struct ForwardRow {
    const float *h_before, *c_before;
    float *of_x, *of_g, *h, *c;
};

// [tile][k][gate][lane]: what one block reads, in the order in which it reads it.
void pack_forward(const float* weight, int hidden, int tile, float* packed) {
    const int first = tile * LANES, count = std::min(LANES, hidden - first);
    float* to = packed + static_cast<int64_t>(tile) * hidden * GATES * LANES;
    constexpr int NEAR = 16;  // so many k at once that what is written stays in the nearest cache
    for (int start = 0; start < hidden; start += NEAR)
        for (int gate = 0; gate < GATES; ++gate)
            for (int lane = 0; lane < LANES; ++lane) {
                const float* from = weight + (PUBLIC[gate] * hidden + first + lane) * int64_t(hidden);
                for (int k = start; k < std::min(start + NEAR, hidden); ++k)
                    to[(k * GATES + gate) * LANES + lane] = lane < count ? from[k] : 0.0f;
            }
}

inline void finish_forward(const ForwardRow& row, const Floats* sums, const float* bias, int hidden,
                           int unit, int count) {
    float *of_x = row.of_x + unit, *of_g = row.of_g + unit;
    const float* shift = bias + unit;
    const auto sum = [&](int gate, const float* from) {
        return sums[gate] + load(from, count) + load(shift + PUBLIC[gate] * hidden, count);
    };
    const Floats i = sigmoid(sum(0, of_x)), u = tanh(sum(1, of_x + hidden));
    const Floats f = sigmoid(sum(2, of_x + 2 * hidden) + load(of_g + 2 * hidden, count));
    const Floats o = sigmoid(sum(3, of_x + 3 * hidden) + load(of_g + 3 * hidden, count));
    const Floats m = sigmoid(sum(4, of_g)), n = tanh(sum(5, of_g + hidden));
    const Floats c = f * load(row.c_before + unit, count) + i * u + m * n;
    store(of_x, i, count);
    store(of_x + hidden, u, count);
    store(of_x + 2 * hidden, f, count);
    store(of_x + 3 * hidden, o, count);
    store(of_g, m, count);
    store(of_g + hidden, n, count);
    store(row.c + unit, c, count);
    store(row.h + unit, o * tanh(c), count);
}

template <int R>
void forward_block(const ForwardRow* rows, const float* tile, const float* bias, int depth, int hidden,
                   int unit) {
    const int count = std::min(LANES, hidden - unit);
    Floats sums[R][GATES];
    // The epilogue reads from many places, where no hardware looks ahead: ask for them now. (GCC drops
    // calls of functions that do nothing else.)
    for (int r = 0; r < R; ++r)
        for (int gate = 0; gate < OF_X; ++gate)
            for (const float* row : {rows[r].of_x, rows[r].of_g}) {
                __builtin_prefetch(row + gate * hidden + unit, 1);
                __builtin_prefetch(row + gate * hidden + unit + count - 1, 1);
            }
    {
        Floats sum[R][GATES] = {};
        const float* h[R];
        for (int r = 0; r < R; ++r) h[r] = rows[r].h_before;
        for (int k = 0; k < depth; ++k, tile += GATES * LANES) {
            Floats weight[GATES];
#pragma GCC unroll 6
            for (int g = 0; g < GATES; ++g) weight[g] = in_register(load(tile + g * LANES));
#pragma GCC unroll 4
            for (int r = 0; r < R; ++r) {
                const float state = h[r][k];
#pragma GCC unroll 6
                for (int g = 0; g < GATES; ++g) sum[r][g] += state * weight[g];
            }
        }
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r)
#pragma GCC unroll 6
            for (int g = 0; g < GATES; ++g) sums[r][g] = sum[r][g];
    }
    for (int r = 0; r < R; ++r) finish_forward(rows[r], sums[r], bias, hidden, unit, count);
}

// ---------------------------------------------------------------- backward

struct BackwardRow {
    const float *after_x, *after_g, *c, *c_before, *grad_h;
    float *of_x, *of_g, *grad_c;
};

// [panel][k][lane]: weight_h's rows in the order of the gates, cut into panels of WIDE vectors.
void pack_backward(const float* weight, int hidden, int panel, float* packed) {
    const int first = panel * WIDE * LANES, left = hidden - first;
    const int width = std::min(WIDE, (left + LANES - 1) / LANES) * LANES, count = std::min(width, left);
    float* to = packed + static_cast<int64_t>(first) * GATES * hidden;
    for (int gate = 0; gate < GATES; ++gate)
        for (int unit = 0; unit < hidden; ++unit, to += width) {
            const float* from = weight + (PUBLIC[gate] * hidden + unit) * int64_t(hidden) + first;
            std::memcpy(to, from, count * sizeof(float));
            std::fill(to + count, to + width, 0.0f);
        }
}

inline void finish_backward(const BackwardRow& row, Floats grad_h, int hidden, int unit, int count) {
    float *of_x = row.of_x + unit, *of_g = row.of_g + unit;
    const Floats i = load(of_x, count), u = load(of_x + hidden, count);
    const Floats f = load(of_x + 2 * hidden, count), o = load(of_x + 3 * hidden, count);
    const Floats m = load(of_g, count), n = load(of_g + hidden, count);
    const Floats out = tanh(load(row.c + unit, count));
    grad_h += load(row.grad_h + unit, count);
    const Floats grad_c = load(row.grad_c + unit) + grad_h * o * (1.0f - out * out);
    store(row.grad_c + unit, grad_c * f);
    const Floats into_f = grad_c * load(row.c_before + unit, count) * f * (1.0f - f);
    const Floats into_o = grad_h * out * o * (1.0f - o);
    store(of_x, grad_c * u * i * (1.0f - i), count);
    store(of_x + hidden, grad_c * i * (1.0f - u * u), count);
    store(of_g, grad_c * n * m * (1.0f - m), count);
    store(of_g + hidden, grad_c * m * (1.0f - n * n), count);
    for (float* at : {of_x, of_g}) {
        store(at + 2 * hidden, into_f, count);
        store(at + 3 * hidden, into_o, count);
    }
}

template <int R, int V>
void backward_block(const BackwardRow* rows, const float* panel, int depth, int hidden, int unit) {
    Floats sums[R][V];
    {
        Floats sum[R][V] = {};
        const int first_of_g = std::min(depth, OF_X * hidden);  // of the numbers that come in
        for (const bool g : {false, true}) {
            const float* after[R];
            for (int r = 0; r < R; ++r) after[r] = g ? rows[r].after_g : rows[r].after_x;
            const int count = g ? depth - first_of_g : first_of_g;
            for (int k = 0; k < count; ++k, panel += V * LANES) {
                Floats weight[V];
#pragma GCC unroll 4
                for (int v = 0; v < V; ++v) weight[v] = in_register(load(panel + v * LANES));
#pragma GCC unroll 4
                for (int r = 0; r < R; ++r) {
                    const float grad = after[r][k];
#pragma GCC unroll 4
                    for (int v = 0; v < V; ++v) sum[r][v] += grad * weight[v];
                }
            }
        }
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
            for (int v = 0; v < V; ++v) sums[r][v] = sum[r][v];
    }
    for (int r = 0; r < R; ++r)
        for (int v = 0; v < V; ++v) {
            const int at = unit + v * LANES;
            finish_backward(rows[r], sums[r][v], hidden, at, std::min(LANES, hidden - at));
        }
}

template <int V>
void backward_panel(const BackwardRow* rows, int count, const float* panel, int depth, int hidden, int unit) {
    for (; count >= ROWS; rows += ROWS, count -= ROWS)
        backward_block<ROWS, V>(rows, panel, depth, hidden, unit);
    if (count == 3) backward_block<3, V>(rows, panel, depth, hidden, unit);
    if (count == 2) backward_block<2, V>(rows, panel, depth, hidden, unit);
    if (count == 1) backward_block<1, V>(rows, panel, depth, hidden, unit);
}

}  // namespace

extern "C" {

void syn_lstm_forward(float* of_x, float* of_g, const float* weight_h, const float* bias,
                      const int64_t* offsets, float* h, float* c, int64_t sentences, int64_t hidden,
                      int64_t threads) {
    const int H = hidden, tiles = (H + LANES - 1) / LANES;
    const int64_t size = static_cast<int64_t>(tiles) * H * GATES * LANES;
    const std::vector<Group> groups = deal_out_to(offsets, sentences, threads);
    const std::vector<float> zeros(H);
    Buffer packed = buffer(2 * size);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
#pragma omp for schedule(static)
        for (int part = 0; part < 2 * tiles; ++part) {
            const int direction = part / tiles;
            pack_forward(weight_h + direction * int64_t(GATES) * H * H, H, part % tiles,
                         packed.get() + direction * size);
        }
#pragma omp for schedule(static, 1)
        for (size_t task = 0; task < 2 * groups.size(); ++task) {
            const int d = task % 2;
            const float *weight = packed.get() + d * size, *shift = bias + d * GATES * H;
            ForwardRow rows[MOST_SLOTS];
            walk(groups[task / 2], offsets, d == 0, ROWS, MOST_SLOTS, [&](const Slot* slots, int count) {
                bool recurrent = false;
                for (int s = 0; s < count; ++s) {
                    const int64_t row = slots[s].row, from = slots[s].from;
                    const bool first = from < 0;
                    recurrent |= !first;
                    rows[s] = {first ? zeros.data() : h + (from * 2 + d) * H,
                               first ? zeros.data() : c + (from * 2 + d) * H,
                               of_x + (row * 2 + d) * OF_X * H, of_g + (row * 2 + d) * OF_X * H,
                               h + (row * 2 + d) * H, c + (row * 2 + d) * H};
                }
                const int depth = recurrent ? H : 0;
                for (int tile = 0; tile < tiles; ++tile) {
                    const float* part = weight + static_cast<int64_t>(tile) * H * GATES * LANES;
                    const int unit = tile * LANES;
                    int s = 0;
                    for (; s + ROWS <= count; s += ROWS)
                        forward_block<ROWS>(rows + s, part, shift, depth, H, unit);
                    if (count - s == 3) forward_block<3>(rows + s, part, shift, depth, H, unit);
                    if (count - s == 2) forward_block<2>(rows + s, part, shift, depth, H, unit);
                    if (count - s == 1) forward_block<1>(rows + s, part, shift, depth, H, unit);
                }
            });
        }
    }
}

void syn_lstm_backward(float* of_x, float* of_g, const float* weight_h, const int64_t* offsets,
                       const float* grad_h, const float* c, int64_t sentences, int64_t hidden,
                       int64_t threads) {
    const int H = hidden, vectors = (H + LANES - 1) / LANES, panels = (vectors + WIDE - 1) / WIDE;
    const int width = vectors * LANES;
    const int64_t size = static_cast<int64_t>(GATES) * H * width;
    const std::vector<Group> groups = deal_out_to(offsets, sentences, threads);
    const std::vector<float> zeros(OF_X * H);
    Buffer packed = buffer(2 * size);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
#pragma omp for schedule(static)
        for (int part = 0; part < 2 * panels; ++part) {
            const int direction = part / panels;
            pack_backward(weight_h + direction * int64_t(GATES) * H * H, H, part % panels,
                          packed.get() + direction * size);
        }
#pragma omp for schedule(static, 1)
        for (size_t task = 0; task < 2 * groups.size(); ++task) {
            const int d = task % 2;
            const float* weight = packed.get() + d * size;
            const int64_t before = d == 0 ? -1 : 1;
            BackwardRow rows[MOST_SLOTS];
            Buffer grad_c = buffer(static_cast<int64_t>(MOST_SLOTS) * width);
            walk(groups[task / 2], offsets, d == 1, ROWS, MOST_SLOTS, [&](const Slot* slots, int count) {
                bool recurrent = false;
                for (int s = 0; s < count; ++s) {
                    const int64_t row = slots[s].row, from = slots[s].from;
                    const bool last = from < 0, first = slots[s].left == 1;
                    recurrent |= !last;
                    float* carried = grad_c.get() + slots[s].home * width;
                    if (last) std::fill(carried, carried + width, 0.0f);
                    rows[s] = {last ? zeros.data() : of_x + (from * 2 + d) * OF_X * H,
                               last ? zeros.data() : of_g + (from * 2 + d) * OF_X * H,
                               c + (row * 2 + d) * H,
                               first ? zeros.data() : c + ((row + before) * 2 + d) * H,
                               grad_h + (row * 2 + d) * H,
                               of_x + (row * 2 + d) * OF_X * H,
                               of_g + (row * 2 + d) * OF_X * H,
                               carried};
                }
                const int depth = recurrent ? GATES * H : 0;
                for (int unit = 0; unit < width; unit += WIDE * LANES) {
                    const float* panel = weight + static_cast<int64_t>(unit) * GATES * H;
                    const int wide = std::min(WIDE, (width - unit) / LANES);
                    if (wide == 4) backward_panel<4>(rows, count, panel, depth, H, unit);
                    if (wide == 3) backward_panel<3>(rows, count, panel, depth, H, unit);
                    if (wide == 2) backward_panel<2>(rows, count, panel, depth, H, unit);
                    if (wide == 1) backward_panel<1>(rows, count, panel, depth, H, unit);
                }
            });
        }
    }
}

// Sigmoid and tanh of `count` numbers, as the kernels compute them, for the tests.
void activations(const float* x, float* sigmoids, float* tanhs, int64_t count) {
    for (int64_t at = 0; at < count; at += LANES) {
        const int part = std::min<int64_t>(LANES, count - at);
        store(sigmoids + at, sigmoid(load(x + at, part)), part);
        store(tanhs + at, tanh(load(x + at, part)), part);
    }
}

}  // extern "C"
