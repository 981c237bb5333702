// Forward kernel: for each (batch, head, query) one row of channels, summed over the corners of all its points.
#pragma once

#include "kernels.h"
#include "scratch.h"
#include "vectors.h"

namespace difftracker::cpu::DIFFTRACKER_ISA {

// What a point must know of its level, laid out per point so that the position arithmetic runs over vectors of points.
template <typename Scalar>
struct PointLevels {
  Scalar* height;
  Scalar* width;
  int32_t* lines;
  int32_t* rows_per_line;
  int32_t* first_row;
};

// Rows and weights of the corners that the points of one query and head touch.
template <typename Scalar>
struct Corners {
  int32_t* row;
  Scalar* weight;
};

// A coordinate kept in reach of integers: what cannot touch [0, size), NaN too, becomes -2 or `size`, whose corners are
// both outside.
template <typename Scalar>
inline Scalar in_reach(Scalar position, Scalar size) {
  position = position > Scalar(-1) ? position : Scalar(-2);
  return position < size ? position : size;
}

// Writes the corners inside their level and returns how many there are; corners outside see zeros and are left out.
template <typename Scalar>
int64_t find_corners(
    const Scalar* __restrict__ locations, const Scalar* __restrict__ weights, const PointLevels<Scalar>& levels,
    int64_t count, Corners<Scalar> corners) {
  const Scalar* __restrict__ heights = levels.height;
  const Scalar* __restrict__ widths = levels.width;
  const int32_t* __restrict__ lines = levels.lines;
  const int32_t* __restrict__ rows_per_line = levels.rows_per_line;
  const int32_t* __restrict__ first_rows = levels.first_row;
  int32_t* __restrict__ rows = corners.row;
  Scalar* __restrict__ corner_weights = corners.weight;
  int32_t all_inside = -1;
#pragma GCC ivdep
  for (int64_t i = 0; i < count; ++i) {
    const Scalar x = in_reach(locations[2 * i] * widths[i] - Scalar(0.5), widths[i]);
    const Scalar y = in_reach(locations[2 * i + 1] * heights[i] - Scalar(0.5), heights[i]);
    int32_t left = int32_t(x), top = int32_t(y);
    left -= Scalar(left) > x ? 1 : 0;
    top -= Scalar(top) > y ? 1 : 0;
    const Scalar right_part = x - Scalar(left), lower_part = y - Scalar(top);
    const int32_t line = rows_per_line[i], last_line = lines[i] - 1;
    // Masks of all ones or zeros, from integers: a float cannot tell the sides of a level beyond 2^24.
    const int32_t left_in = -int32_t((left >= 0) & (left < line));
    const int32_t right_in = -int32_t((left >= -1) & (left < line - 1));
    const int32_t top_in = -int32_t((top >= 0) & (top <= last_line));
    const int32_t low_in = -int32_t((top >= -1) & (top < last_line));
    const int32_t row = first_rows[i] + top * line + left;
    const Scalar upper = weights[i] * (Scalar(1) - lower_part), lower = weights[i] * lower_part;
    rows[i] = (left_in & top_in) ? row : -1;
    rows[count + i] = (right_in & top_in) ? row + 1 : -1;
    rows[2 * count + i] = (left_in & low_in) ? row + line : -1;
    rows[3 * count + i] = (right_in & low_in) ? row + line + 1 : -1;
    corner_weights[i] = upper * (Scalar(1) - right_part);
    corner_weights[count + i] = upper * right_part;
    corner_weights[2 * count + i] = lower * (Scalar(1) - right_part);
    corner_weights[3 * count + i] = lower * right_part;
    all_inside &= left_in & right_in & top_in & low_in;
  }
  if (all_inside) {
    return 4 * count;
  }
  int64_t kept = 0;
  for (int64_t i = 0; i < 4 * count; ++i) {
    const int32_t row = rows[i];
    const Scalar weight = corner_weights[i];
    rows[kept] = row;
    corner_weights[kept] = weight;
    kept += row >= 0 ? 1 : 0;
  }
  return kept;
}

// Weighted sum of `count` rows over kVectors vectors of channels. Several partial sums hide the latency of additions.
template <int kVectors, typename Value, typename Scalar, typename Out>
inline void sum_rows(const Value* base, int64_t stride, Corners<Scalar> corners, int64_t count, Out* out) {
  using Vector = typename Exact<Value>::Vector;
  constexpr int kLanes = sizeof(Vector) / sizeof(Scalar);
  constexpr int kChains = kVectors >= 8 ? 1 : 8 / kVectors;
  Vector sums[kChains][kVectors] = {};
  int64_t i = 0;
  for (; i + kChains <= count; i += kChains) {
    for (int chain = 0; chain < kChains; ++chain) {
      const Value* row = base + corners.row[i + chain] * stride;
      const Scalar weight = corners.weight[i + chain];
      for (int v = 0; v < kVectors; ++v) {
        sums[chain][v] += weight * load(row + v * kLanes);
      }
    }
  }
  for (; i < count; ++i) {
    const Value* row = base + corners.row[i] * stride;
    for (int v = 0; v < kVectors; ++v) {
      sums[0][v] += corners.weight[i] * load(row + v * kLanes);
    }
  }
  for (int v = 0; v < kVectors; ++v) {
    Vector total = sums[0][v];
    for (int chain = 1; chain < kChains; ++chain) {
      total += sums[chain][v];
    }
    store(out + v * kLanes, total);
  }
}

// All channels of one output row: blocks of vectors, and a last vector that overlaps the one before where the number of
// channels is no multiple (it writes the same sums again).
template <typename Value, typename Scalar, typename Out>
inline void sum_channels(
    const Value* base, int64_t stride, Corners<Scalar> corners, int64_t count, int64_t dim, Out* out) {
  constexpr int64_t kLanes = sizeof(typename Exact<Value>::Vector) / sizeof(Scalar);
  int64_t c = 0;
  for (; c + 4 * kLanes <= dim; c += 4 * kLanes) {
    sum_rows<4>(base + c, stride, corners, count, out + c);
  }
  if (c + 2 * kLanes <= dim) {
    sum_rows<2>(base + c, stride, corners, count, out + c);
    c += 2 * kLanes;
  }
  if (c + kLanes <= dim) {
    sum_rows<1>(base + c, stride, corners, count, out + c);
    c += kLanes;
  }
  if (c < dim && dim >= kLanes) {
    c = dim - kLanes;
    sum_rows<1>(base + c, stride, corners, count, out + c);
    return;
  }
  for (; c < dim; ++c) {
    Scalar total = 0;
    for (int64_t i = 0; i < count; ++i) {
      total += corners.weight[i] * to_exact(base[corners.row[i] * stride + c]);
    }
    from_exact(total, out + c);
  }
}

template <typename Value>
struct ForwardScratch {
  using Scalar = typename Exact<Value>::Scalar;
  PointLevels<Scalar> levels;
  Corners<Scalar> corners[2];

  ForwardScratch(const Problem& problem, Scratch& scratch) {
    const int64_t points = problem.levels * problem.points;
    levels.height = scratch.take<Scalar>(points);
    levels.width = scratch.take<Scalar>(points);
    levels.lines = scratch.take<int32_t>(points);
    levels.rows_per_line = scratch.take<int32_t>(points);
    levels.first_row = scratch.take<int32_t>(points);
    for (auto& list : corners) {
      list.row = scratch.take<int32_t>(4 * points);
      list.weight = scratch.take<Scalar>(4 * points);
    }
  }

  void fill(const Problem& problem) {
    for (int64_t i = 0; i < problem.levels * problem.points; ++i) {
      const int64_t level = i / problem.points;
      levels.height[i] = Scalar(problem.spatial_shapes[2 * level]);
      levels.width[i] = Scalar(problem.spatial_shapes[2 * level + 1]);
      levels.lines[i] = int32_t(problem.spatial_shapes[2 * level]);
      levels.rows_per_line[i] = int32_t(problem.spatial_shapes[2 * level + 1]);
      levels.first_row[i] = int32_t(problem.level_start_index[level]);
    }
  }
};

// Items in the order of the output, so heads change fastest: their rows lie side by side, where the rows of one head
// alone would meet in an eighth of the cache.
template <typename Value>
void forward_items(const Problem& p, Value* output, int64_t begin, int64_t end, char* memory) {
  using Scalar = typename Exact<Value>::Scalar;
  Scratch scratch(memory);
  ForwardScratch<Value> work(p, scratch);
  work.fill(p);
  const int64_t points = p.levels * p.points, stride = p.heads * p.dim;
  const auto find = [&](int64_t item) {
    return find_corners(
        static_cast<const Scalar*>(p.locations) + 2 * item * points,
        static_cast<const Scalar*>(p.weights) + item * points, work.levels, points, work.corners[item & 1]);
  };
  // The corners of the next item are found while the rows of this one arrive.
  int64_t next_count = find(begin);
  for (int64_t item = begin; item < end; ++item) {
    const int64_t head = item % p.heads, batch = item / (p.heads * p.queries), count = next_count;
    if (item + 1 < end) {
      next_count = find(item + 1);
    }
    const Value* base = static_cast<const Value*>(p.value) + (batch * p.length * p.heads + head) * p.dim;
    sum_channels(base, stride, work.corners[item & 1], count, p.dim, output + item * p.dim);
  }
}

}  // namespace difftracker::cpu::DIFFTRACKER_ISA
