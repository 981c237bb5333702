// A plain C face of the emulated kernels for the tests: sizes and pointers in, results out.
#include "cuda_emulation.h"

#include "backward.cuh"
#include "forward.cuh"

using namespace difftracker::cuda;

namespace {

template <typename Value, int kCount, int kGroup>
struct Kernels {
  using Scalar = Exact<Value>;

  static void forward(Sizes sizes, void** tensors, int chunk, bool falling) {
    launch(2, kThreads, falling, [&] {
      forward_kernel<Value, kCount, kGroup>(
          sizes, (const int64_t*)tensors[0], (const int64_t*)tensors[1], (const Value*)tensors[2],
          (const Scalar*)tensors[3], (const Scalar*)tensors[4], (Value*)tensors[5], chunk);
    });
  }

  static void backward(Sizes sizes, void** tensors, int chunk, bool falling, bool deterministic) {
    const BackwardTensors<Value> all{
        (const int64_t*)tensors[0], (const int64_t*)tensors[1], (const Value*)tensors[5], (const Value*)tensors[2],
        (const Scalar*)tensors[3], (const Scalar*)tensors[4], (Scalar*)tensors[7], (Scalar*)tensors[8]};
    Value* const grad_value = (Value*)tensors[6];
    const int64_t cells = sizes.batch * sizes.length * sizes.heads * sizes.dim;
    if (!deterministic) {
      std::vector<Scalar> sums(cells);
      launch(2, kThreads, falling, [&] { backward_kernel<Value, kCount, kGroup>(sizes, all, sums.data(), chunk); });
      for (int64_t i = 0; i < cells; ++i) {
        from_exact(sums[i], grad_value + i);
      }
      return;
    }
    std::vector<unsigned long long> sums(cells * FixedPointSums<Scalar>::kParts + 2);
    const FixedPoint format{sums.data(), 50};
    const int64_t points = sizes.items() * sizes.points_per_item();
    launch(2, kThreads, falling, [&] { max_kernel<Value>(all.grad_output, sizes.items() * sizes.dim, &sums[0]); });
    launch(2, kThreads, falling, [&] { max_kernel<Scalar>(all.weights, points, &sums[1]); });
    launch(2, kThreads, falling, [&] {
      deterministic_backward_kernel<Value, kCount, kGroup>(sizes, all, sums.data() + 2, format, chunk);
    });
    launch(2, kThreads, falling, [&] { from_fixed_point_kernel<Value>(sums.data() + 2, cells, format, grad_value); });
  }
};

template <typename Value, typename Run>
void with_shape(bool wide, int group, const Run& run) {
  constexpr int kWide = difftracker::cuda::kWide<Value>;
  if (wide && group == 4) {
    run(Kernels<Value, kWide, 4>());
  } else if (wide && group == 8) {
    run(Kernels<Value, kWide, 8>());
  } else if (wide) {
    run(Kernels<Value, kWide, 32>());
  } else if (group == 4) {
    run(Kernels<Value, 1, 4>());
  } else {
    run(Kernels<Value, 1, 32>());
  }
}

template <typename Run>
void with_type(int type, bool wide, int group, const Run& run) {
  switch (type) {
    case 0:
      return with_shape<double>(wide, group, run);
    case 1:
      return with_shape<float>(wide, group, run);
    case 2:
      return with_shape<__half>(wide, group, run);
    default:
      return with_shape<__nv_bfloat16>(wide, group, run);
  }
}

Sizes sizes_from(const int64_t* s) { return {s[0], s[1], s[2], s[3], s[4], int32_t(s[5]), int32_t(s[6])}; }

}  // namespace

extern "C" void emulate_forward(
    const int64_t* sizes, void** tensors, int type, int wide, int group, int chunk, int falling) {
  with_type(type, wide, group, [&](auto kernels) { kernels.forward(sizes_from(sizes), tensors, chunk, falling); });
}

extern "C" void emulate_backward(
    const int64_t* sizes, void** tensors, int type, int wide, int group, int chunk, int falling, int deterministic) {
  with_type(type, wide, group, [&](auto kernels) {
    kernels.backward(sizes_from(sizes), tensors, chunk, falling, deterministic);
  });
}
