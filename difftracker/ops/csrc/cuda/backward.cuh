// Backward kernel. A group of threads owns the points of one (batch, query, head): their gradients are sums over its
// channels, written once. The gradient of the value is shared between groups and goes through `accumulate.cuh`.
#pragma once

#include "accumulate.cuh"
#include "sampling.cuh"

namespace difftracker::cuda {

// What shared memory keeps of a point.
template <typename Scalar>
struct BackwardPoint {
  Place<Scalar> place;
  Scalar weight;
  Scalar by_weight, by_x, by_y;  // sums over channels
};

template <typename Value>
struct BackwardTensors {
  using Scalar = Exact<Value>;
  const int64_t* shapes;
  const int64_t* starts;
  const Value* grad_output;
  const Value* value;
  const Scalar* locations;
  const Scalar* weights;
  Scalar* grad_locations;
  Scalar* grad_weights;
};

// Sum over the threads of a group; every thread gets it.
template <int kGroup, typename Scalar>
__device__ inline Scalar sum_group(Scalar number) {
#pragma unroll
  for (int distance = kGroup / 2; distance > 0; distance /= 2) {
    number += __shfl_xor_sync(0xffffffffu, number, distance);
  }
  return number;
}

// A corner's product with the output's gradient.
template <int kCount, typename Value>
__device__ inline Exact<Value> product_of(const Packet<kCount, Value>& packet, const Exact<Value> (&grad)[kCount]) {
  Exact<Value> product = 0;
#pragma unroll
  for (int i = 0; i < kCount; ++i) {
    product += to_exact(packet.items[i]) * grad[i];
  }
  return product;
}

template <typename Scalar>
__device__ inline void write_point(
    const BackwardPoint<Scalar>& point, Level level, int64_t at, Scalar* grad_locations, Scalar* grad_weights) {
  grad_weights[at] = point.by_weight;
  grad_locations[2 * at] = point.by_x * point.weight * Scalar(level.width);
  grad_locations[2 * at + 1] = point.by_y * point.weight * Scalar(level.height);
}

template <typename Value, int kCount, int kGroup, typename Sums>
__device__ inline void backward_groups(
    const Sizes& sizes, const BackwardTensors<Value>& tensors, const Sums& sums, int32_t chunk) {
  using Scalar = Exact<Value>;
  using Point = BackwardPoint<Scalar>;
  constexpr int kGroups = kThreads / kGroup;
  extern __shared__ __align__(16) char shared_memory[];
  const int group = threadIdx.x / kGroup, lane = threadIdx.x % kGroup;
  Point* const kept = reinterpret_cast<Point*>(shared_memory) + group * chunk;
  Level* const levels = reinterpret_cast<Level*>(shared_memory + kGroups * chunk * sizeof(Point));
  read_levels(tensors.shapes, tensors.starts, sizes, levels);

  const int32_t points = sizes.points_per_item();
  const int32_t stride = int32_t(sizes.heads) * int32_t(sizes.dim), row_bytes = stride * int32_t(sizeof(Value));
  for (int64_t first = int64_t(blockIdx.x) * kGroups; first < sizes.items(); first += int64_t(gridDim.x) * kGroups) {
    const int64_t item = first + group;
    const bool active = item < sizes.items();
    const int64_t batch = item / (sizes.queries * sizes.heads), head = item % sizes.heads;
    for (int32_t begin = 0; begin < points; begin += chunk) {
      const int32_t count = min(chunk, points - begin);
      __syncwarp();
      for (int32_t i = lane; active && i < count; i += kGroup) {
        const int64_t at = item * points + begin + i;
        const Scalar x = tensors.locations[2 * at], y = tensors.locations[2 * at + 1];
        const Place<Scalar> place = find_place(x, y, levels[(begin + i) / sizes.points]);
        // A point outside gets no gradient, also where its weight is not finite.
        kept[i] = {place, place.touches() ? tensors.weights[at] : Scalar(0), 0, 0, 0};
      }
      __syncwarp();
      for (int64_t tile = 0; tile < sizes.dim; tile += kGroup * kCount) {
        const int64_t channel = tile + lane * kCount;
        const bool has_channels = active && channel < sizes.dim;
        const int64_t base = (batch * sizes.length * sizes.heads + head) * sizes.dim + channel;
        Scalar grad[kCount] = {};
        if (has_channels) {
          load<kCount>(tensors.grad_output + item * sizes.dim + channel, grad);
        }
        for (int32_t i = 0; i < count; ++i) {
          Scalar by_weight = 0, by_x = 0, by_y = 0;
          if (has_channels) {
            const Place<Scalar> place = kept[i].place;
            const Scalar right = place.right, lower = place.lower, left = 1 - right, upper = 1 - lower;
            const Scalar weight = kept[i].weight;
            const int4 row = place.rows;
            const Value* const values = tensors.value + base;
            const auto one = load_corner<kCount>(values, row.x, row_bytes);
            const auto two = load_corner<kCount>(values, row.y, row_bytes);
            const auto three = load_corner<kCount>(values, row.z, row_bytes);
            const auto four = load_corner<kCount>(values, row.w, row_bytes);
            const auto add = [&](int32_t corner, Scalar share) {
              if (corner >= 0) {
                sums.template add<kCount>(base + int64_t(corner) * stride, grad, share);
              }
            };
            add(row.x, weight * upper * left);
            add(row.y, weight * upper * right);
            add(row.z, weight * lower * left);
            add(row.w, weight * lower * right);
            const Scalar a = product_of<kCount>(one, grad), b = product_of<kCount>(two, grad);
            const Scalar c = product_of<kCount>(three, grad), d = product_of<kCount>(four, grad);
            by_weight = upper * (left * a + right * b) + lower * (left * c + right * d);
            by_x = upper * (b - a) + lower * (d - c);
            by_y = left * (c - a) + right * (d - b);
          }
          by_weight = sum_group<kGroup>(by_weight);
          by_x = sum_group<kGroup>(by_x);
          by_y = sum_group<kGroup>(by_y);
          // Always the same thread, the one that writes the point below.
          if (active && lane == i % kGroup) {
            kept[i].by_weight += by_weight;
            kept[i].by_x += by_x;
            kept[i].by_y += by_y;
          }
        }
        __syncwarp();
      }
      for (int32_t i = lane; active && i < count; i += kGroup) {
        const int64_t at = item * points + begin + i;
        write_point(kept[i], levels[(begin + i) / sizes.points], at, tensors.grad_locations, tensors.grad_weights);
      }
    }
  }
}

template <typename Value, int kCount, int kGroup>
__global__ void __launch_bounds__(kThreads, 4) backward_kernel(
    Sizes sizes, BackwardTensors<Value> tensors, Exact<Value>* sums, int32_t chunk) {
  backward_groups<Value, kCount, kGroup>(sizes, tensors, AtomicSums<Exact<Value>>{sums}, chunk);
}

template <typename Value, int kCount, int kGroup>
__global__ void __launch_bounds__(kThreads, 4) deterministic_backward_kernel(
    Sizes sizes, BackwardTensors<Value> tensors, unsigned long long* sums, FixedPoint format, int32_t chunk) {
  backward_groups<Value, kCount, kGroup>(sizes, tensors, FixedPointSums<Exact<Value>>::make(sums, format), chunk);
}

}  // namespace difftracker::cuda
