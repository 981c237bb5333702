// The operator's CUDA kernels on PyTorch's stable ABI: checks, memory, kernel choice, launches.

// One library serves machines with and without CUDA: where PyTorch has none, these stay unresolved and uncalled.
#pragma weak aoti_torch_get_current_cuda_stream
#pragma weak torch_c10_cuda_check_msg
#pragma weak torch_c10_cuda_free_error_msg

#include <torch/csrc/inductor/aoti_torch/c/shim.h>
#include <torch/csrc/stable/accelerator.h>
#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/macros.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>
#include <torch/headeronly/core/ScalarType.h>

#include <limits>
#include <tuple>
#include <type_traits>

#include "../checks.h"
#include "backward.cuh"
#include "forward.cuh"
#include "launch.cuh"

namespace difftracker {
namespace {

using cuda::Exact;
using cuda::kThreads;
using cuda::Launch;
using cuda::plan;
using cuda::Sizes;

cudaStream_t current_stream(const Tensor& tensor) {
  STD_TORCH_CHECK(aoti_torch_get_current_cuda_stream != nullptr, "the CUDA half of PyTorch is not in reach");
  void* stream = nullptr;
  TORCH_ERROR_CODE_CHECK(aoti_torch_get_current_cuda_stream(tensor.get_device_index(), &stream));
  return static_cast<cudaStream_t>(stream);
}

Sizes sizes_of(const Tensor& value, const Tensor& locations) {
  STD_TORCH_CHECK(
      locations.size(3) <= 1024 && locations.size(3) * locations.size(4) <= std::numeric_limits<int32_t>::max(),
      "sampling_locations: expected at most 1024 levels, got ", locations.size(3));
  STD_TORCH_CHECK(
      value.size(2) * value.size(3) * int64_t(sizeof(double)) <= std::numeric_limits<int32_t>::max(),
      "value: expected heads times channels below 2^28, got ", value.size(2), " x ", value.size(3));
  return {value.size(0), value.size(1), value.size(2), value.size(3), locations.size(1), int32_t(locations.size(3)),
          int32_t(locations.size(4))};
}

bool aligned(const Tensor& tensor) { return reinterpret_cast<uintptr_t>(tensor.data_ptr()) % 16 == 0; }

template <typename Run>
void with_type(const Tensor& value, const Run& run) {
  switch (value.scalar_type()) {
    case ScalarType::Double:
      return run(static_cast<double*>(nullptr));
    case ScalarType::Half:
      return run(static_cast<__half*>(nullptr));
    case ScalarType::BFloat16:
      return run(static_cast<__nv_bfloat16*>(nullptr));
    default:
      return run(static_cast<float*>(nullptr));
  }
}

template <typename Item>
Item* data(const Tensor& tensor) {
  return static_cast<Item*>(tensor.data_ptr());
}

Tensor forward(
    const Tensor& value_in, const Tensor& shapes_in, const Tensor& starts_in, const Tensor& locations_in,
    const Tensor& weights_in) {
  check_inputs(value_in, shapes_in, starts_in, locations_in, weights_in);
  const torch::stable::accelerator::DeviceGuard guard(value_in.get_device_index());
  const Tensor value = torch::stable::contiguous(value_in);
  const Tensor shapes = torch::stable::contiguous(shapes_in), starts = torch::stable::contiguous(starts_in);
  const Tensor locations = torch::stable::contiguous(locations_in), weights = torch::stable::contiguous(weights_in);
  const Sizes sizes = sizes_of(value, locations);
  const Tensor output = torch::stable::new_empty(value, {sizes.batch, sizes.queries, sizes.heads * sizes.dim});
  if (sizes.items() == 0) {
    return output;
  }
  const cudaStream_t stream = current_stream(value);
  with_type(value, [&](auto* type) {
    using Value = std::remove_pointer_t<decltype(type)>;
    cuda::with_shape<Value>(sizes.dim, aligned(value) && aligned(output), [&](auto count, auto group) {
      constexpr int kCount = decltype(count)::value, kGroup = decltype(group)::value;
      const Launch launch = plan(sizes, kThreads / kGroup, cuda::kForwardPointBytes<Exact<Value>>);
      cuda::forward_kernel<Value, kCount, kGroup><<<launch.blocks, kThreads, launch.bytes, stream>>>(
          sizes, data<int64_t>(shapes), data<int64_t>(starts), data<Value>(value), data<Exact<Value>>(locations),
          data<Exact<Value>>(weights), data<Value>(output), launch.chunk);
      STD_CUDA_KERNEL_LAUNCH_CHECK();
    });
  });
  return output;
}

// Launches the backward kernel that adds to float or double sums, in any order.
template <typename Value, int kCount, int kGroup>
void launch_atomic(
    const Sizes& sizes, const cuda::BackwardTensors<Value>& tensors, const Tensor& grad_value, cudaStream_t stream) {
  using Scalar = Exact<Value>;
  const Launch launch = plan(sizes, kThreads / kGroup, sizeof(cuda::BackwardPoint<Scalar>));
  const int64_t cells = sizes.batch * sizes.length * sizes.heads * sizes.dim;
  const bool converts = !std::is_same_v<Value, Scalar>;
  Tensor sums = converts ? torch::stable::new_empty(grad_value, {cells}, ScalarType::Float) : grad_value;
  torch::stable::zero_(sums);
  cuda::backward_kernel<Value, kCount, kGroup><<<launch.blocks, kThreads, launch.bytes, stream>>>(
      sizes, tensors, data<Scalar>(sums), launch.chunk);
  STD_CUDA_KERNEL_LAUNCH_CHECK();
  if constexpr (!std::is_same_v<Value, Scalar>) {
    cuda::convert_kernel<Value>
        <<<cuda::blocks_for(cells), kThreads, 0, stream>>>(data<float>(sums), cells, data<Value>(grad_value));
    STD_CUDA_KERNEL_LAUNCH_CHECK();
  }
}

// Launches the backward kernel that repeats bit by bit.
template <typename Value, int kCount, int kGroup>
void launch_deterministic(
    const Sizes& sizes, const cuda::BackwardTensors<Value>& tensors, const Tensor& grad_value, cudaStream_t stream) {
  using Scalar = Exact<Value>;
  const Launch launch = plan(sizes, kThreads / kGroup, sizeof(cuda::BackwardPoint<Scalar>));
  const int64_t cells = sizes.batch * sizes.length * sizes.heads * sizes.dim;
  Tensor sums = torch::stable::new_empty(
      grad_value, {cells * cuda::FixedPointSums<Scalar>::kParts + 2}, ScalarType::Long);
  torch::stable::zero_(sums);
  auto* const maxima = data<unsigned long long>(sums);
  auto* const cell_sums = maxima + 2;
  const cuda::FixedPoint format{maxima, cuda::fixed_point_bits(sizes)};
  const int64_t grads = sizes.items() * sizes.dim, points = sizes.items() * sizes.points_per_item();
  cuda::max_kernel<Value><<<cuda::blocks_for(grads), kThreads, 0, stream>>>(tensors.grad_output, grads, maxima);
  STD_CUDA_KERNEL_LAUNCH_CHECK();
  cuda::max_kernel<Scalar><<<cuda::blocks_for(points), kThreads, 0, stream>>>(tensors.weights, points, maxima + 1);
  STD_CUDA_KERNEL_LAUNCH_CHECK();
  cuda::deterministic_backward_kernel<Value, kCount, kGroup><<<launch.blocks, kThreads, launch.bytes, stream>>>(
      sizes, tensors, cell_sums, format, launch.chunk);
  STD_CUDA_KERNEL_LAUNCH_CHECK();
  cuda::from_fixed_point_kernel<Value>
      <<<cuda::blocks_for(cells), kThreads, 0, stream>>>(cell_sums, cells, format, data<Value>(grad_value));
  STD_CUDA_KERNEL_LAUNCH_CHECK();
}

std::tuple<Tensor, Tensor, Tensor> backward(
    const Tensor& grad_in, const Tensor& value_in, const Tensor& shapes_in, const Tensor& starts_in,
    const Tensor& locations_in, const Tensor& weights_in, bool deterministic) {
  check_inputs(value_in, shapes_in, starts_in, locations_in, weights_in);
  check_gradient(grad_in, value_in, locations_in);
  const torch::stable::accelerator::DeviceGuard guard(value_in.get_device_index());
  const Tensor grad = torch::stable::contiguous(grad_in), value = torch::stable::contiguous(value_in);
  const Tensor shapes = torch::stable::contiguous(shapes_in), starts = torch::stable::contiguous(starts_in);
  const Tensor locations = torch::stable::contiguous(locations_in), weights = torch::stable::contiguous(weights_in);
  const Sizes sizes = sizes_of(value, locations);
  Tensor grad_value = torch::stable::empty_like(value);
  const Tensor grad_locations = torch::stable::empty_like(locations);
  const Tensor grad_weights = torch::stable::empty_like(weights);
  if (sizes.items() == 0) {
    torch::stable::zero_(grad_value);
    return {grad_value, grad_locations, grad_weights};
  }
  const cudaStream_t stream = current_stream(value);
  with_type(value, [&](auto* type) {
    using Value = std::remove_pointer_t<decltype(type)>;
    const cuda::BackwardTensors<Value> tensors{
        data<int64_t>(shapes), data<int64_t>(starts), data<Value>(grad), data<Value>(value),
        data<Exact<Value>>(locations), data<Exact<Value>>(weights), data<Exact<Value>>(grad_locations),
        data<Exact<Value>>(grad_weights)};
    cuda::with_shape<Value>(sizes.dim, aligned(value) && aligned(grad), [&](auto count, auto group) {
      constexpr int kCount = decltype(count)::value, kGroup = decltype(group)::value;
      const auto launch = deterministic ? launch_deterministic<Value, kCount, kGroup>
                                        : launch_atomic<Value, kCount, kGroup>;
      launch(sizes, tensors, grad_value, stream);
    });
  });
  return {grad_value, grad_locations, grad_weights};
}

}  // namespace
}  // namespace difftracker

STABLE_TORCH_LIBRARY_IMPL(difftracker, CUDA, library) {
  library.impl("ms_deform_attn", TORCH_BOX(&difftracker::forward));
  library.impl("ms_deform_attn_backward", TORCH_BOX(&difftracker::backward));
}
