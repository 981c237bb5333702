// How the kernels are launched: sizes of blocks, channels per thread and what shared memory holds at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "sampling.cuh"

namespace difftracker::cuda {

// Shared memory that a block may take without asking for more; three such blocks fit on every card since 2018.
constexpr int64_t kSharedBytes = 20 * 1024;
// More blocks than any card runs at once; kernels stride over the rest.
constexpr int64_t kMostBlocks = 1 << 20;

// How a kernel is launched: blocks, points placed at a time, bytes of shared memory.
struct Launch {
  unsigned int blocks;
  int32_t chunk;
  int64_t bytes;
};

inline Launch plan(const Sizes& sizes, int64_t groups, int64_t point_bytes) {
  const int64_t points = sizes.points_per_item();
  const int64_t fitting = std::max<int64_t>(1, kSharedBytes / (groups * point_bytes));
  // In parts of the same size, so that a short last one does not take the memory of a long one.
  const int64_t parts = (points + fitting - 1) / fitting, chunk = (points + parts - 1) / parts;
  const int64_t blocks = std::min((sizes.items() + groups - 1) / groups, kMostBlocks);
  return {
      static_cast<unsigned int>(blocks), int32_t(chunk),
      chunk * groups * point_bytes + sizes.levels * int64_t(sizeof(Level))};
}

// Blocks of a kernel that strides over `count` numbers.
inline unsigned int blocks_for(int64_t count) {
  return static_cast<unsigned int>(std::clamp<int64_t>((count + kThreads - 1) / kThreads, 1, 4096));
}

// Bits of one contribution in fixed point: each point of the picture meets a cell at most once, and a sum must stay
// below 2^62.
inline int fixed_point_bits(const Sizes& sizes) {
  int bits = 62;
  for (int64_t most = 1; most < sizes.queries * sizes.points; most *= 2) {
    --bits;
  }
  return bits;
}

template <int kValue>
using Constant = std::integral_constant<int, kValue>;

// Calls `run(channels per thread, threads per group)` as fits the rows: 16-byte accesses where they are aligned.
template <typename Value, typename Run>
void with_shape(int64_t dim, bool is_aligned, const Run& run) {
  if (is_aligned && dim % kWide<Value> == 0) {
    using Wide = Constant<kWide<Value>>;
    const int64_t threads = dim / kWide<Value>;
    if (threads <= 4) {
      run(Wide(), Constant<4>());
    } else if (threads <= 8) {
      run(Wide(), Constant<8>());
    } else if (threads <= 16) {
      run(Wide(), Constant<16>());
    } else {
      run(Wide(), Constant<32>());
    }
  } else if (dim <= 4) {
    run(Constant<1>(), Constant<4>());
  } else {
    run(Constant<1>(), Constant<32>());
  }
}

}  // namespace difftracker::cuda
