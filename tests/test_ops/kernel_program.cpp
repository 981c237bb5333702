// The CPU kernels as a program of its own, without PyTorch, so that they can run on an emulated processor: with the word
// "widest" the widest that the processor has, else the plainest. Reads the value type, seven sizes and the tensors from
// standard input; writes the output and the three gradients.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "kernels.h"

using namespace difftracker::cpu;

namespace {

std::vector<char> read(int64_t bytes) {
  std::vector<char> data(bytes);
  if (std::fread(data.data(), 1, bytes, stdin) != size_t(bytes)) {
    std::exit(2);
  }
  return data;
}

void write(const std::vector<char>& data) { std::fwrite(data.data(), 1, data.size(), stdout); }

char* scratch_of(int64_t bytes) { return static_cast<char*>(std::aligned_alloc(64, (bytes + 63) / 64 * 64)); }

}  // namespace

int main(int count, char** words) {
  const std::vector<char> head = read(8 * sizeof(int64_t));
  const auto* n = reinterpret_cast<const int64_t*>(head.data());
  const Type type = Type(n[0]);
  const int64_t value_bytes = type == Type::kFloat64 ? 8 : type == Type::kFloat32 ? 4 : 2;
  const int64_t exact_bytes = type == Type::kFloat64 ? 8 : 4;
  Problem p{n[1], n[2], n[3], n[4], n[5], n[6], n[7], nullptr, nullptr, nullptr, nullptr, nullptr};
  const int64_t rows = p.batch * p.queries * p.heads, points = rows * p.levels * p.points;
  const auto shapes = read(16 * p.levels), starts = read(8 * p.levels);
  const auto value = read(p.batch * p.length * p.heads * p.dim * value_bytes);
  const auto locations = read(2 * points * exact_bytes), weights = read(points * exact_bytes);
  const auto grad_output = read(rows * p.dim * value_bytes);
  p.spatial_shapes = reinterpret_cast<const int64_t*>(shapes.data());
  p.level_start_index = reinterpret_cast<const int64_t*>(starts.data());
  p.value = value.data();
  p.locations = locations.data();
  p.weights = weights.data();

  std::vector<char> output(grad_output.size()), grad_value(value.size());
  std::vector<char> grad_locations(locations.size()), grad_weights(weights.size());
  const auto available = available_kernels();
  const Kernels& kernels = count > 1 && std::strcmp(words[1], "widest") == 0 ? *available.back() : *available.front();
  kernels.forward(type, p, output.data(), 0, rows, scratch_of(kernels.forward_scratch(type, p)));
  const Gradients gradients{grad_output.data(), grad_value.data(), grad_locations.data(), grad_weights.data()};
  const int64_t items = p.batch * p.heads * p.levels;
  kernels.backward(type, p, gradients, 0, items, scratch_of(kernels.backward_scratch(type, p)));
  for (const auto* result : {&output, &grad_value, &grad_locations, &grad_weights}) {
    write(*result);
  }
}
