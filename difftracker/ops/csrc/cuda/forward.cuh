// Forward kernel. A group of threads makes one output row: it finds the places of its points once, keeps them in shared
// memory, and each of its threads sums 16 bytes worth of channels over them.
#pragma once

#include "sampling.cuh"

namespace difftracker::cuda {

// Bytes of shared memory that one point of one group takes.
template <typename Scalar>
constexpr int kForwardPointBytes = sizeof(int4) + sizeof(Quad<Scalar>);

template <int kCount, typename Value>
__device__ inline void add_corner(
    const Packet<kCount, Value>& packet, Exact<Value> weight, Exact<Value> (&sums)[kCount]) {
#pragma unroll
  for (int i = 0; i < kCount; ++i) {
    sums[i] += weight * to_exact(packet.items[i]);
  }
}

// kCount: channels per thread; kGroup: threads per group. `chunk` points are placed at a time.
template <typename Value, int kCount, int kGroup>
__global__ void __launch_bounds__(kThreads, 4) forward_kernel(
    Sizes sizes, const int64_t* __restrict__ shapes, const int64_t* __restrict__ starts,
    const Value* __restrict__ value, const Exact<Value>* __restrict__ locations,
    const Exact<Value>* __restrict__ weights, Value* __restrict__ output, int32_t chunk) {
  using Scalar = Exact<Value>;
  constexpr int kGroups = kThreads / kGroup;
  extern __shared__ __align__(16) char shared_memory[];
  const int group = threadIdx.x / kGroup, lane = threadIdx.x % kGroup;
  int4* const rows = reinterpret_cast<int4*>(shared_memory) + group * chunk;
  Quad<Scalar>* const shares =
      reinterpret_cast<Quad<Scalar>*>(shared_memory + kGroups * chunk * sizeof(int4)) + group * chunk;
  Level* const levels = reinterpret_cast<Level*>(shared_memory + kGroups * chunk * kForwardPointBytes<Scalar>);
  read_levels(shapes, starts, sizes, levels);

  const int32_t points = sizes.points_per_item();
  const int32_t row_bytes = int32_t(sizes.heads) * int32_t(sizes.dim) * int32_t(sizeof(Value));
  for (int64_t first = int64_t(blockIdx.x) * kGroups; first < sizes.items(); first += int64_t(gridDim.x) * kGroups) {
    const int64_t item = first + group;
    const bool active = item < sizes.items();
    const int64_t batch = item / (sizes.queries * sizes.heads), head = item % sizes.heads;
    for (int64_t tile = 0; tile < sizes.dim; tile += kGroup * kCount) {
      const int64_t channel = tile + lane * kCount;
      const bool has_channels = active && channel < sizes.dim;
      const Value* const base = value + (batch * sizes.length * sizes.heads + head) * sizes.dim + channel;
      Scalar sums[kCount] = {};
      for (int32_t begin = 0; begin < points; begin += chunk) {
        const int32_t count = min(chunk, points - begin);
        // Where all points fit, those of the first channels still lie there for the rest.
        if (tile == 0 || points > chunk) {
          __syncwarp();
          for (int32_t i = lane; active && i < count; i += kGroup) {
            const int64_t at = item * points + begin + i;
            const auto place = find_place(locations[2 * at], locations[2 * at + 1], levels[(begin + i) / sizes.points]);
            const Scalar weight = weights[at], upper = weight * (1 - place.lower), lower = weight * place.lower;
            const Scalar left = 1 - place.right;
            rows[i] = place.rows;
            shares[i] = {
                place.rows.x < 0 ? 0 : upper * left, place.rows.y < 0 ? 0 : upper * place.right,
                place.rows.z < 0 ? 0 : lower * left, place.rows.w < 0 ? 0 : lower * place.right};
          }
          __syncwarp();
        }
        if (has_channels) {
#pragma unroll 2
          for (int32_t i = 0; i < count; ++i) {
            const int4 corner = rows[i];
            const Quad<Scalar> share = shares[i];
            const auto one = load_corner<kCount>(base, corner.x, row_bytes);
            const auto two = load_corner<kCount>(base, corner.y, row_bytes);
            const auto three = load_corner<kCount>(base, corner.z, row_bytes);
            const auto four = load_corner<kCount>(base, corner.w, row_bytes);
            add_corner<kCount>(one, share.x, sums);
            add_corner<kCount>(two, share.y, sums);
            add_corner<kCount>(three, share.z, sums);
            add_corner<kCount>(four, share.w, sums);
          }
        }
      }
      if (has_channels) {
        store<kCount>(sums, output + item * sizes.dim + channel);
      }
    }
  }
}

}  // namespace difftracker::cuda
