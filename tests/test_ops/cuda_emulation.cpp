// A plain C face of the emulated kernels for the tests: sizes and pointers in, results out. Threads, channels per
// thread and points placed at a time are those that the launcher chooses, unless the caller asks for fewer points.
#include "cuda_emulation.h"

#include "backward.cuh"
#include "forward.cuh"
#include "launch.cuh"

using namespace difftracker::cuda;

namespace {

// What the tests choose: the most points placed at a time (0 leaves it to the launcher) and the order of the threads.
struct Options {
  int chunk;
  bool falling;
};

// Two blocks at most, so that blocks stride over their work.
Launch plan_of(const Sizes& sizes, int group, int64_t point_bytes, const Options& options) {
  const Launch launch = plan(sizes, kThreads / group, point_bytes);
  if (launch.bytes > kSharedMemory || launch.chunk > sizes.points_per_item()) {
    std::abort();
  }
  return {std::min(launch.blocks, 2u), options.chunk > 0 ? std::min(options.chunk, launch.chunk) : launch.chunk, 0};
}

template <typename Value, int kCount, int kGroup>
void forward(const Sizes& sizes, void** tensors, const Options& options) {
  using Scalar = Exact<Value>;
  const Launch chosen = plan_of(sizes, kGroup, kForwardPointBytes<Scalar>, options);
  launch(chosen.blocks, kThreads, options.falling, [&] {
    forward_kernel<Value, kCount, kGroup>(
        sizes, (const int64_t*)tensors[0], (const int64_t*)tensors[1], (const Value*)tensors[2],
        (const Scalar*)tensors[3], (const Scalar*)tensors[4], (Value*)tensors[5], chosen.chunk);
  });
}

template <typename Value, int kCount, int kGroup>
void backward(const Sizes& sizes, void** tensors, const Options& options, bool deterministic) {
  using Scalar = Exact<Value>;
  const Launch chosen = plan_of(sizes, kGroup, sizeof(BackwardPoint<Scalar>), options);
  const BackwardTensors<Value> all{
      (const int64_t*)tensors[0], (const int64_t*)tensors[1], (const Value*)tensors[5], (const Value*)tensors[2],
      (const Scalar*)tensors[3], (const Scalar*)tensors[4], (Scalar*)tensors[7], (Scalar*)tensors[8]};
  Value* const grad_value = (Value*)tensors[6];
  const int64_t cells = sizes.batch * sizes.length * sizes.heads * sizes.dim;
  if (!deterministic) {
    // Aligned as the memory of the card is: additions of four floats at once ask for it.
    const auto memory = std::make_unique<Quad<Scalar>[]>(cells / 4 + 1);
    Scalar* const sums = &memory[0].x;
    launch(chosen.blocks, kThreads, options.falling, [&] {
      backward_kernel<Value, kCount, kGroup>(sizes, all, sums, chosen.chunk);
    });
    for (int64_t i = 0; i < cells; ++i) {
      from_exact(sums[i], grad_value + i);
    }
    return;
  }
  std::vector<unsigned long long> sums(cells * FixedPointSums<Scalar>::kParts + 2);
  const FixedPoint format{sums.data(), fixed_point_bits(sizes)};
  const int64_t points = sizes.items() * sizes.points_per_item();
  const auto run = [&](const std::function<void()>& kernel) { launch(2, kThreads, options.falling, kernel); };
  run([&] { max_kernel<Value>(all.grad_output, sizes.items() * sizes.dim, &sums[0]); });
  run([&] { max_kernel<Scalar>(all.weights, points, &sums[1]); });
  launch(chosen.blocks, kThreads, options.falling, [&] {
    deterministic_backward_kernel<Value, kCount, kGroup>(sizes, all, sums.data() + 2, format, chosen.chunk);
  });
  run([&] { from_fixed_point_kernel<Value>(sums.data() + 2, cells, format, grad_value); });
}

template <typename Run>
void with_type(int type, const Run& run) {
  switch (type) {
    case 0:
      return run(static_cast<double*>(nullptr));
    case 1:
      return run(static_cast<float*>(nullptr));
    case 2:
      return run(static_cast<__half*>(nullptr));
    default:
      return run(static_cast<__nv_bfloat16*>(nullptr));
  }
}

Sizes sizes_from(const int64_t* s) { return {s[0], s[1], s[2], s[3], s[4], int32_t(s[5]), int32_t(s[6])}; }

}  // namespace

extern "C" void emulate_forward(
    const int64_t* numbers, void** tensors, int type, int aligned, int chunk, int falling) {
  const Sizes sizes = sizes_from(numbers);
  with_type(type, [&](auto* value) {
    using Value = std::remove_pointer_t<decltype(value)>;
    with_shape<Value>(sizes.dim, aligned, [&](auto count, auto group) {
      forward<Value, count, group>(sizes, tensors, {chunk, bool(falling)});
    });
  });
}

extern "C" void emulate_backward(
    const int64_t* numbers, void** tensors, int type, int aligned, int chunk, int falling, int deterministic) {
  const Sizes sizes = sizes_from(numbers);
  with_type(type, [&](auto* value) {
    using Value = std::remove_pointer_t<decltype(value)>;
    with_shape<Value>(sizes.dim, aligned, [&](auto count, auto group) {
      backward<Value, count, group>(sizes, tensors, {chunk, bool(falling)}, deterministic);
    });
  });
}

// How many additions of four floats at once there were so far.
extern "C" int count_vector_additions() { return vector_additions; }
