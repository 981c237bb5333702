// What the forward and the backward kernel share: channel vectors, level tables and the place of a point.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <cstdint>
#include <cstring>

namespace difftracker::cuda {

// Sizes of one call; names as in the Python documentation.
struct Sizes {
  int64_t batch, length, heads, dim, queries;
  int32_t levels, points;

  __host__ __device__ int64_t items() const { return batch * queries * heads; }
  __host__ __device__ int32_t points_per_item() const { return levels * points; }
};

// Precision of positions, weights and sums.
template <typename Value>
struct ExactOf {
  using Type = float;
};
template <>
struct ExactOf<double> {
  using Type = double;
};
template <typename Value>
using Exact = typename ExactOf<Value>::Type;

// Channels in one 16-byte access.
template <typename Value>
constexpr int kWide = 16 / sizeof(Value);

// kThreads threads make a block; a group of them, a power of two up to a warp, works on one (batch, query, head).
constexpr int kThreads = 256;

// Aligned so that shared memory gives it in 16-byte pieces.
template <typename Scalar>
struct alignas(16) Quad {
  Scalar x, y, z, w;
};

struct Level {
  int32_t height, width, first_row;
};

__device__ inline float to_exact(float number) { return number; }
__device__ inline double to_exact(double number) { return number; }
__device__ inline float to_exact(__half number) { return __half2float(number); }
__device__ inline float to_exact(__nv_bfloat16 number) { return __bfloat162float(number); }

__device__ inline void from_exact(float number, float* to) { *to = number; }
__device__ inline void from_exact(double number, double* to) { *to = number; }
__device__ inline void from_exact(float number, __half* to) { *to = __float2half_rn(number); }
__device__ inline void from_exact(float number, __nv_bfloat16* to) { *to = __float2bfloat16_rn(number); }

// A word of so many bytes: what one access moves, whatever it means.
template <int kBytes> struct RawOf;
template <> struct RawOf<16> { using Type = int4; };
template <> struct RawOf<8> { using Type = int2; };
template <> struct RawOf<4> { using Type = int; };
template <> struct RawOf<2> { using Type = short; };
template <int kBytes> using Raw = typename RawOf<kBytes>::Type;

// kCount channels as one access: either 16 bytes, aligned, or a single channel.
template <int kCount, typename Value>
struct alignas(kCount * sizeof(Value)) Packet {
  Value items[kCount];
};

template <int kCount, typename Value>
__device__ inline void load(const Value* from, Exact<Value> (&to)[kCount]) {
  const Packet<kCount, Value> packet = *reinterpret_cast<const Packet<kCount, Value>*>(from);
#pragma unroll
  for (int i = 0; i < kCount; ++i) {
    to[i] = to_exact(packet.items[i]);
  }
}

// The channels of a row, zeros for row -1. As a word, which is loaded or not without a branch, so that the loads of all
// corners are in flight before one of them is used. `row_bytes` is the distance between rows.
template <int kCount, typename Value>
__device__ inline Packet<kCount, Value> load_corner(const Value* base, int32_t row, int32_t row_bytes) {
  Raw<kCount * sizeof(Value)> raw{};
  if (row >= 0) {
    raw = *reinterpret_cast<const Raw<kCount * sizeof(Value)>*>(
        reinterpret_cast<const char*>(base) + int64_t(row) * row_bytes);
  }
  Packet<kCount, Value> packet;
  memcpy(&packet, &raw, sizeof(packet));
  return packet;
}

template <int kCount, typename Value>
__device__ inline void store(const Exact<Value> (&from)[kCount], Value* to) {
  Packet<kCount, Value> packet;
#pragma unroll
  for (int i = 0; i < kCount; ++i) {
    from_exact(from[i], &packet.items[i]);
  }
  *reinterpret_cast<Packet<kCount, Value>*>(to) = packet;
}

// Copies the level tables to shared memory. A level that does not lie within the value becomes empty, so that no table
// can make a kernel leave its memory; the tables are checked, with a message, before the launch wherever they can be
// read without stopping a captured stream.
__device__ inline void read_levels(const int64_t* shapes, const int64_t* starts, const Sizes& sizes, Level* levels) {
  for (int i = threadIdx.x; i < sizes.levels; i += blockDim.x) {
    const int64_t height = shapes[2 * i], width = shapes[2 * i + 1], first = starts[i];
    const bool fits = height > 0 && width > 0 && first >= 0 && height <= sizes.length && width <= sizes.length &&
                      first <= sizes.length - height * width;
    levels[i] = fits ? Level{int32_t(height), int32_t(width), int32_t(first)} : Level{0, 0, 0};
  }
  __syncthreads();
}

// The cell around a point: rows of its corners within the value, -1 where a corner is outside its level.
template <typename Scalar>
struct Place {
  int4 rows;  // upper left, upper right, lower left, lower right
  Scalar right, lower;  // share of the right and of the lower corners

  __device__ bool touches() const { return rows.x >= 0 || rows.y >= 0 || rows.z >= 0 || rows.w >= 0; }
};

template <typename Scalar>
__device__ inline Place<Scalar> find_place(Scalar x, Scalar y, Level level) {
  x = x * Scalar(level.width) - Scalar(0.5);
  y = y * Scalar(level.height) - Scalar(0.5);
  Place<Scalar> place{{-1, -1, -1, -1}, 0, 0};
  // Written so that NaN fails it too.
  if (!(x > Scalar(-1) && y > Scalar(-1) && x < Scalar(level.width) && y < Scalar(level.height))) {
    return place;
  }
  const int32_t left = int32_t(floor(x)), top = int32_t(floor(y));
  place.right = x - Scalar(left);
  place.lower = y - Scalar(top);
  const int32_t row = level.first_row + top * level.width + left;
  const bool left_in = left >= 0, right_in = left + 1 < level.width, top_in = top >= 0, low_in = top + 1 < level.height;
  place.rows.x = left_in && top_in ? row : -1;
  place.rows.y = right_in && top_in ? row + 1 : -1;
  place.rows.z = left_in && low_in ? row + level.width : -1;
  place.rows.w = right_in && low_in ? row + level.width + 1 : -1;
  return place;
}

}  // namespace difftracker::cuda
