// Backward kernel: one item owns a (batch, head, level), its rows of grad_value and its points, so items never meet.
#pragma once

#include "forward.h"

namespace difftracker::cpu::DIFFTRACKER_ISA {

// Queries whose positions are computed together.
constexpr int64_t kQueryBlock = 16;

// Places of a block of points in one level.
template <typename Scalar>
struct Places {
  Scalar* x;  // in: location, out: part of the cell to the right of the left corner
  Scalar* y;
  Scalar* weight;
  int32_t* row;     // row of the upper left corner within the level; meaningless where that corner is outside
  int32_t* inside;  // bits 0 to 3: upper left, upper right, lower left, lower right corner is inside
};

template <typename Value>
struct BackwardScratch {
  using Scalar = typename Exact<Value>::Scalar;
  Places<Scalar> places;
  Scalar* rows;          // the level's gradient, in exact precision and without the other heads between its rows
  Scalar* grad_output;   // one query's gradient in exact precision
  Scalar* tail;          // its last vector, zero where the vector before already covers a channel
  Scalar* nowhere;       // takes the gradients of corners outside
  Value* zeros;          // the value of corners outside

  BackwardScratch(const Problem& problem, Scratch& scratch) {
    const int64_t points = kQueryBlock * problem.points;
    places.x = scratch.take<Scalar>(points);
    places.y = scratch.take<Scalar>(points);
    places.weight = scratch.take<Scalar>(points);
    places.row = scratch.take<int32_t>(points);
    places.inside = scratch.take<int32_t>(points);
    grad_output = scratch.take<Scalar>(problem.dim);
    tail = scratch.take<Scalar>(kVectorBytes);
    nowhere = scratch.take<Scalar>(problem.dim);
    zeros = scratch.take<Value>(problem.dim);
    int64_t largest = 0;
    for (int64_t level = 0; level < problem.levels; ++level) {
      const int64_t area = problem.spatial_shapes[2 * level] * problem.spatial_shapes[2 * level + 1];
      largest = area > largest ? area : largest;
    }
    rows = scratch.take<Scalar>(largest * problem.dim);
  }
};

// Turns locations into cell corners, in place.
template <typename Scalar>
void find_places(Places<Scalar> places, int64_t count, int32_t height, int32_t width) {
  Scalar* __restrict__ xs = places.x;
  Scalar* __restrict__ ys = places.y;
  int32_t* __restrict__ rows = places.row;
  int32_t* __restrict__ insides = places.inside;
  const Scalar exact_height = Scalar(height), exact_width = Scalar(width);
#pragma GCC ivdep
  for (int64_t i = 0; i < count; ++i) {
    const Scalar x = in_reach(xs[i] * exact_width - Scalar(0.5), exact_width);
    const Scalar y = in_reach(ys[i] * exact_height - Scalar(0.5), exact_height);
    int32_t left = int32_t(x), top = int32_t(y);
    left -= Scalar(left) > x ? 1 : 0;
    top -= Scalar(top) > y ? 1 : 0;
    const int32_t left_in = (left >= 0) & (left < width), right_in = (left >= -1) & (left < width - 1);
    const int32_t top_in = (top >= 0) & (top < height), low_in = (top >= -1) & (top < height - 1);
    xs[i] = x - Scalar(left);
    ys[i] = y - Scalar(top);
    rows[i] = top * width + left;
    insides[i] = (left_in & top_in) | (right_in & top_in) << 1 | (left_in & low_in) << 2 | (right_in & low_in) << 3;
  }
}

template <typename Value>
struct CornerRows {
  using Scalar = typename Exact<Value>::Scalar;
  const Value* value[4];
  Scalar* grad[4];
  Scalar weight[4];
};

// Dot products of the output gradient with the four corner rows, and the gradient of those rows, in one pass.
// kVectors > 0 fixes the number of vectors per row at compile time, 0 reads it from `dim`.
template <int kVectors, typename Value, typename Scalar>
inline void visit_rows(
    const CornerRows<Value>& rows, const Scalar* grad_output, const Scalar* tail, int64_t dim, Scalar (&dots)[4]) {
  using Vector = typename Exact<Value>::Vector;
  constexpr int64_t kLanes = sizeof(Vector) / sizeof(Scalar);
  const int64_t whole = kVectors > 0 ? kVectors * kLanes : dim / kLanes * kLanes;
  Vector products[4] = {};
  const auto visit = [&](int64_t c, Vector grad) {
    for (int k = 0; k < 4; ++k) {
      products[k] += grad * load(rows.value[k] + c);
    }
    for (int k = 0; k < 4; ++k) {
      store(rows.grad[k] + c, load(rows.grad[k] + c) + rows.weight[k] * grad);
    }
  };
  for (int64_t c = 0; c < whole; c += kLanes) {
    visit(c, load(grad_output + c));
  }
  if (kVectors == 0 && whole < dim && dim >= kLanes) {
    visit(dim - kLanes, load(tail));
  }
  sum_lanes_of_four(products, dots);
  if (kVectors == 0 && dim < kLanes) {
    for (int64_t c = 0; c < dim; ++c) {
      for (int k = 0; k < 4; ++k) {
        dots[k] += grad_output[c] * to_exact(rows.value[k][c]);
        rows.grad[k][c] += rows.weight[k] * grad_output[c];
      }
    }
  }
}

// One item's constants.
template <typename Value>
struct LevelView {
  using Scalar = typename Exact<Value>::Scalar;
  const Value* value;  // first row of the level
  int64_t stride;      // from row to row of the value
  int32_t height, width;
};

template <int kVectors, typename Value, typename Scalar>
inline void visit_point(
    const LevelView<Value>& level, const BackwardScratch<Value>& work, int64_t i, const Scalar* grad_output,
    int64_t dim, Scalar* grad_location, Scalar* grad_weight) {
  const int32_t inside = work.places.inside[i];
  if (inside == 0) {
    grad_location[0] = grad_location[1] = *grad_weight = 0;
    return;
  }
  const Scalar right = work.places.x[i], lower = work.places.y[i], weight = work.places.weight[i];
  const Scalar left = 1 - right, upper = 1 - lower;
  const int64_t corner = work.places.row[i];
  CornerRows<Value> rows;
  for (int k = 0; k < 4; ++k) {
    const int64_t row = corner + (k & 1) + (k >> 1) * int64_t(level.width);
    const bool in = inside >> k & 1;
    rows.value[k] = in ? level.value + row * level.stride : work.zeros;
    rows.grad[k] = in ? work.rows + row * dim : work.nowhere;
    rows.weight[k] = weight * (k & 1 ? right : left) * (k >> 1 ? lower : upper);
  }
  Scalar dots[4];
  visit_rows<kVectors>(rows, grad_output, work.tail, dim, dots);
  *grad_weight = upper * (left * dots[0] + right * dots[1]) + lower * (left * dots[2] + right * dots[3]);
  grad_location[0] = weight * level.width * (upper * (dots[1] - dots[0]) + lower * (dots[3] - dots[2]));
  grad_location[1] = weight * level.height * (left * (dots[2] - dots[0]) + right * (dots[3] - dots[1]));
}

// The gradient of one query and head in exact precision, with its tail prepared where rows have one.
template <int kVectors, typename Value, typename Scalar = typename Exact<Value>::Scalar>
inline const Scalar* read_gradient(const Value* from, int64_t dim, const BackwardScratch<Value>& work) {
  constexpr int64_t kLanes = sizeof(typename Exact<Value>::Vector) / sizeof(Scalar);
  if constexpr (kVectors > 0 && std::is_same_v<Value, Scalar>) {
    return from;
  }
  Scalar* const to = work.grad_output;
  for (int64_t c = 0; c < dim; ++c) {
    to[c] = to_exact(from[c]);
  }
  if constexpr (kVectors > 0) {
    return to;
  }
  const int64_t whole = dim / kLanes * kLanes;
  for (int64_t lane = 0; dim >= kLanes && lane < kLanes; ++lane) {
    const int64_t c = dim - kLanes + lane;
    work.tail[lane] = c < whole ? Scalar(0) : to[c];
  }
  return to;
}

template <int kVectors, typename Value>
void backward_item(const Problem& p, const Gradients& gradients, int64_t item, const BackwardScratch<Value>& work) {
  using Scalar = typename Exact<Value>::Scalar;
  const int64_t level = item % p.levels, head = item / p.levels % p.heads, batch = item / p.levels / p.heads;
  const int64_t first_row = batch * p.length + p.level_start_index[level];
  const LevelView<Value> view{
      static_cast<const Value*>(p.value) + (first_row * p.heads + head) * p.dim, p.heads * p.dim,
      int32_t(p.spatial_shapes[2 * level]), int32_t(p.spatial_shapes[2 * level + 1])};
  const int64_t area = int64_t(view.height) * view.width;
  std::memset(work.rows, 0, area * p.dim * sizeof(Scalar));
  const auto* locations = static_cast<const Scalar*>(p.locations);
  const auto* weights = static_cast<const Scalar*>(p.weights);
  for (int64_t first = 0; first < p.queries; first += kQueryBlock) {
    const int64_t queries = p.queries - first < kQueryBlock ? p.queries - first : kQueryBlock;
    const auto place_of = [&](int64_t query) {
      return (((batch * p.queries + first + query) * p.heads + head) * p.levels + level) * p.points;
    };
    for (int64_t query = 0; query < queries; ++query) {
      const int64_t from = place_of(query);
      for (int64_t point = 0; point < p.points; ++point) {
        const int64_t i = query * p.points + point;
        work.places.x[i] = locations[2 * (from + point)];
        work.places.y[i] = locations[2 * (from + point) + 1];
        work.places.weight[i] = weights[from + point];
      }
    }
    find_places(work.places, queries * p.points, view.height, view.width);
    for (int64_t query = 0; query < queries; ++query) {
      const int64_t row = ((batch * p.queries + first + query) * p.heads + head) * p.dim;
      const Scalar* const grad_output =
          read_gradient<kVectors>(static_cast<const Value*>(gradients.output) + row, p.dim, work);
      const int64_t to = place_of(query);
      for (int64_t point = 0; point < p.points; ++point) {
        visit_point<kVectors>(
            view, work, query * p.points + point, grad_output, p.dim,
            static_cast<Scalar*>(gradients.locations) + 2 * (to + point),
            static_cast<Scalar*>(gradients.weights) + to + point);
      }
    }
  }
  Value* grad_value = static_cast<Value*>(gradients.value) + (first_row * p.heads + head) * p.dim;
  for (int64_t row = 0; row < area; ++row) {
    for (int64_t c = 0; c < p.dim; ++c) {
      from_exact(work.rows[row * p.dim + c], grad_value + row * view.stride + c);
    }
  }
}

template <typename Value>
void backward_items(const Problem& p, const Gradients& gradients, int64_t begin, int64_t end, char* memory) {
  constexpr int64_t kLanes = sizeof(typename Exact<Value>::Vector) / sizeof(typename Exact<Value>::Scalar);
  Scratch scratch(memory);
  const BackwardScratch<Value> work(p, scratch);
  std::memset(work.zeros, 0, p.dim * sizeof(Value));
  auto* item_kernel = backward_item<0, Value>;
  if (p.dim == kLanes) {
    item_kernel = backward_item<1, Value>;
  } else if (p.dim == 2 * kLanes) {
    item_kernel = backward_item<2, Value>;
  } else if (p.dim == 4 * kLanes) {
    item_kernel = backward_item<4, Value>;
  }
  for (int64_t item = begin; item < end; ++item) {
    item_kernel(p, gradients, item, work);
  }
}

}  // namespace difftracker::cpu::DIFFTRACKER_ISA
