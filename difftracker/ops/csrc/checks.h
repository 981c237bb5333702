// Checks of the operator's tensors, shared by the CPU and the CUDA kernels: nothing reaches a kernel unchecked, also
// where the operator is called without its Python function.
#pragma once

#include <torch/csrc/stable/tensor.h>
#include <torch/headeronly/core/ScalarType.h>
#include <torch/headeronly/util/Exception.h>

#include <cstdint>
#include <limits>

namespace difftracker {

using torch::headeronly::ScalarType;
using torch::stable::Tensor;

inline void check_inputs(
    const Tensor& value, const Tensor& spatial_shapes, const Tensor& level_start_index, const Tensor& locations,
    const Tensor& weights) {
  const ScalarType type = value.scalar_type();
  STD_TORCH_CHECK(
      type == ScalarType::Double || type == ScalarType::Float || type == ScalarType::Half ||
          type == ScalarType::BFloat16,
      "value: expected float64, float32, float16 or bfloat16");
  const ScalarType exact = type == ScalarType::Double ? ScalarType::Double : ScalarType::Float;
  STD_TORCH_CHECK(
      locations.scalar_type() == exact && weights.scalar_type() == exact,
      "sampling_locations and attention_weights: expected ", exact == ScalarType::Double ? "float64" : "float32");
  STD_TORCH_CHECK(
      spatial_shapes.scalar_type() == ScalarType::Long && level_start_index.scalar_type() == ScalarType::Long,
      "spatial_shapes and level_start_index: expected int64");
  for (const Tensor* tensor : {&spatial_shapes, &level_start_index, &locations, &weights}) {
    STD_TORCH_CHECK(tensor->device() == value.device(), "all tensors must be on the device of value");
  }
  STD_TORCH_CHECK(
      value.dim() == 4 && spatial_shapes.dim() == 2 && level_start_index.dim() == 1 && locations.dim() == 6 &&
          weights.dim() == 5,
      "expected ranks 4, 2, 1, 6, 5, got ", value.dim(), ", ", spatial_shapes.dim(), ", ", level_start_index.dim(), ", ",
      locations.dim(), ", ", weights.dim());
  const int64_t levels = weights.size(3);
  STD_TORCH_CHECK(
      value.size(2) > 0 && value.size(3) > 0 && levels > 0 && weights.size(4) > 0,
      "heads, channels per head, levels and points must not be zero");
  STD_TORCH_CHECK(
      spatial_shapes.size(0) == levels && spatial_shapes.size(1) == 2 && level_start_index.size(0) == levels,
      "spatial_shapes and level_start_index: expected ", levels, " levels as attention_weights has");
  STD_TORCH_CHECK(
      weights.size(0) == value.size(0) && weights.size(2) == value.size(2),
      "attention_weights: batch and heads differ from those of value");
  for (int64_t i = 0; i < 5; ++i) {
    STD_TORCH_CHECK(
        locations.size(i) == weights.size(i), "sampling_locations: size ", i, " is ", locations.size(i), ", expected ",
        weights.size(i), " as attention_weights has");
  }
  STD_TORCH_CHECK(locations.size(5) == 2, "sampling_locations: last size is ", locations.size(5), ", expected 2");
  STD_TORCH_CHECK(
      value.size(1) <= std::numeric_limits<int32_t>::max(), "value: ", value.size(1), " rows are more than 2^31 - 1");
}

inline void check_gradient(const Tensor& grad, const Tensor& value, const Tensor& locations) {
  STD_TORCH_CHECK(
      grad.scalar_type() == value.scalar_type() && grad.device() == value.device(),
      "grad_output: expected the type and device of value");
  STD_TORCH_CHECK(
      grad.dim() == 3 && grad.size(0) == value.size(0) && grad.size(1) == locations.size(1) &&
          grad.size(2) == value.size(2) * value.size(3),
      "grad_output: expected shape (batch, queries, heads * channels)");
}

// Checks level tables in host memory: levels follow each other without gaps and fill the value.
inline void check_levels(const int64_t* shapes, const int64_t* starts, int64_t levels, int64_t length) {
  int64_t position = 0;
  for (int64_t level = 0; level < levels; ++level) {
    const int64_t height = shapes[2 * level], width = shapes[2 * level + 1];
    STD_TORCH_CHECK(
        height > 0 && width > 0 && height <= length && width <= length, "spatial_shapes: level ", level, " is ", height,
        " x ", width, ", value has ", length, " rows");
    STD_TORCH_CHECK(
        starts[level] == position, "level_start_index: level ", level, " starts at ", starts[level], ", expected ",
        position);
    // Within the loop, so that the sum stays far from what its type can hold.
    position += height * width;
    STD_TORCH_CHECK(position <= length, "spatial_shapes cover more rows than the ", length, " of value");
  }
  STD_TORCH_CHECK(position == length, "spatial_shapes cover ", position, " rows, but value has ", length);
}

}  // namespace difftracker
