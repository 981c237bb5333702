// The operator's CPU kernels on PyTorch's stable ABI: checks, memory, choice of instruction set, threads.
#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>
#include <torch/headeronly/core/ScalarType.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <tuple>
#include <vector>

#include "../checks.h"
#include "kernels.h"

namespace difftracker {
namespace {

using torch::headeronly::ScalarType;
using torch::stable::Tensor;

const std::vector<const cpu::Kernels*>& all_kernels() {
  static const std::vector<const cpu::Kernels*> kernels = cpu::available_kernels();
  return kernels;
}

std::atomic<int64_t> kernel_level{std::numeric_limits<int64_t>::max()};

int64_t current_level() { return std::min<int64_t>(kernel_level, int64_t(all_kernels().size()) - 1); }

// Rows shorter than a vector of a wide instruction set run on a narrower one.
const cpu::Kernels& kernels_for(int64_t row_bytes) {
  int64_t level = current_level();
  while (level > 0 && row_bytes < (level == 2 ? 64 : 32)) {
    --level;
  }
  return *all_kernels()[level];
}

cpu::Type type_of(const Tensor& value) {
  switch (value.scalar_type()) {
    case ScalarType::Double:
      return cpu::Type::kFloat64;
    case ScalarType::Half:
      return cpu::Type::kFloat16;
    case ScalarType::BFloat16:
      return cpu::Type::kBFloat16;
    default:
      return cpu::Type::kFloat32;
  }
}

// Splits `items` into one contiguous part per thread, each with its own scratch memory.
template <typename Run>
void run_in_parts(int64_t items, int64_t work_per_item, int64_t scratch_bytes, const Tensor& like, const Run& run) {
  constexpr int64_t kWorkPerThread = 32768;  // multiplications; less is not worth waking a thread
  const int64_t worthwhile = items * work_per_item / kWorkPerThread + 1;
  const int64_t parts = std::min({items, worthwhile, int64_t(torch::stable::get_num_threads())});
  const int64_t aligned = (scratch_bytes + 63) / 64 * 64;
  const Tensor memory = torch::stable::new_empty(like, {parts * aligned + 64}, ScalarType::Byte);
  char* start = static_cast<char*>(memory.data_ptr());
  start += (64 - reinterpret_cast<uintptr_t>(start) % 64) % 64;
  torch::stable::parallel_for(0, parts, 1, [&](int64_t first, int64_t last) {
    for (int64_t part = first; part < last; ++part) {
      run(items * part / parts, items * (part + 1) / parts, start + part * aligned);
    }
  });
}

cpu::Problem describe(
    const Tensor& value, const Tensor& spatial_shapes, const Tensor& level_start_index, const Tensor& locations,
    const Tensor& weights) {
  return {value.size(0), value.size(1), value.size(2), value.size(3), locations.size(1), locations.size(3),
          locations.size(4), static_cast<const int64_t*>(spatial_shapes.data_ptr()),
          static_cast<const int64_t*>(level_start_index.data_ptr()), value.data_ptr(), locations.data_ptr(),
          weights.data_ptr()};
}

Tensor forward(
    const Tensor& value_in, const Tensor& shapes_in, const Tensor& starts_in, const Tensor& locations_in,
    const Tensor& weights_in) {
  check_inputs(value_in, shapes_in, starts_in, locations_in, weights_in);
  const Tensor value = torch::stable::contiguous(value_in);
  const Tensor shapes = torch::stable::contiguous(shapes_in), starts = torch::stable::contiguous(starts_in);
  const Tensor locations = torch::stable::contiguous(locations_in), weights = torch::stable::contiguous(weights_in);
  const cpu::Problem problem = describe(value, shapes, starts, locations, weights);
  check_levels(problem.spatial_shapes, problem.level_start_index, problem.levels, problem.length);
  const Tensor output =
      torch::stable::new_empty(value, {problem.batch, problem.queries, problem.heads * problem.dim});
  const int64_t items = problem.batch * problem.heads * problem.queries;
  if (items == 0) {
    return output;
  }
  const cpu::Type type = type_of(value);
  const cpu::Kernels& kernels = kernels_for(problem.dim * (type == cpu::Type::kFloat64 ? 8 : 4));
  const int64_t work = 4 * problem.levels * problem.points * problem.dim;
  run_in_parts(
      items, work, kernels.forward_scratch(type, problem), value, [&](int64_t begin, int64_t end, char* scratch) {
        kernels.forward(type, problem, output.data_ptr(), begin, end, scratch);
      });
  return output;
}

// The kernels are deterministic in any case, so the flag changes nothing here.
std::tuple<Tensor, Tensor, Tensor> backward(
    const Tensor& grad_in, const Tensor& value_in, const Tensor& shapes_in, const Tensor& starts_in,
    const Tensor& locations_in, const Tensor& weights_in, bool /*deterministic*/) {
  check_inputs(value_in, shapes_in, starts_in, locations_in, weights_in);
  check_gradient(grad_in, value_in, locations_in);
  const Tensor grad = torch::stable::contiguous(grad_in), value = torch::stable::contiguous(value_in);
  const Tensor shapes = torch::stable::contiguous(shapes_in), starts = torch::stable::contiguous(starts_in);
  const Tensor locations = torch::stable::contiguous(locations_in), weights = torch::stable::contiguous(weights_in);
  const cpu::Problem problem = describe(value, shapes, starts, locations, weights);
  check_levels(problem.spatial_shapes, problem.level_start_index, problem.levels, problem.length);
  const Tensor grad_value = torch::stable::empty_like(value);
  const Tensor grad_locations = torch::stable::empty_like(locations);
  const Tensor grad_weights = torch::stable::empty_like(weights);
  const int64_t items = problem.batch * problem.heads * problem.levels;
  if (items > 0) {
    const cpu::Gradients gradients{
        grad.data_ptr(), grad_value.data_ptr(), grad_locations.data_ptr(), grad_weights.data_ptr()};
    const cpu::Type type = type_of(value);
    const cpu::Kernels& kernels = kernels_for(problem.dim * (type == cpu::Type::kFloat64 ? 8 : 4));
    const int64_t work = (8 * problem.queries * problem.points + problem.length) * problem.dim;
    run_in_parts(
        items, work, kernels.backward_scratch(type, problem), value, [&](int64_t begin, int64_t end, char* scratch) {
          kernels.backward(type, problem, gradients, begin, end, scratch);
        });
  }
  return {grad_value, grad_locations, grad_weights};
}

// Selects the widest instruction set in use (0 generic, 1 AVX2, 2 AVX-512; negative leaves the choice) and returns the
// one that runs. For tests and measurements: the default is the best that the processor has.
int64_t cpu_level(int64_t level) {
  if (level >= 0) {
    kernel_level = level;
  }
  return current_level();
}

}  // namespace
}  // namespace difftracker

STABLE_TORCH_LIBRARY_FRAGMENT(difftracker, library) { library.def("cpu_level(int level) -> int"); }

STABLE_TORCH_LIBRARY_IMPL(difftracker, CompositeExplicitAutograd, library) {
  library.impl("cpu_level", TORCH_BOX(&difftracker::cpu_level));
}

STABLE_TORCH_LIBRARY_IMPL(difftracker, CPU, library) {
  library.impl("ms_deform_attn", TORCH_BOX(&difftracker::forward));
  library.impl("ms_deform_attn_backward", TORCH_BOX(&difftracker::backward));
}
