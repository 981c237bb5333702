// Two ways to add up the gradient of the value, which many points share.
#pragma once

#include "sampling.cuh"

namespace difftracker::cuda {

// Floating point atomics: fast, but the order of the additions, and so the last bits, change from run to run.
template <typename Scalar>
struct AtomicSums {
  Scalar* sums;  // (B, S, H, D)

  template <int kCount>
  __device__ void add(int64_t place, const Scalar (&grad)[kCount], Scalar weight) const {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    constexpr bool kFourAtOnce = sizeof(Scalar) == 4 && kCount % 4 == 0;
#else
    constexpr bool kFourAtOnce = false;
#endif
    if constexpr (kFourAtOnce) {
#pragma unroll
      for (int i = 0; i < kCount; i += 4) {
        atomicAdd(
            reinterpret_cast<float4*>(sums + place + i),
            make_float4(weight * grad[i], weight * grad[i + 1], weight * grad[i + 2], weight * grad[i + 3]));
      }
    } else {
#pragma unroll
      for (int i = 0; i < kCount; ++i) {
        atomicAdd(sums + place + i, weight * grad[i]);
      }
    }
  }
};

// Integer atomics on fixed point numbers: integer addition does not depend on its order, so results repeat bit by bit.
// The point is set from the largest possible contribution, 2^exponent, with room for as many as can meet in a cell.
// For double a second integer holds what the first one rounds away.
struct FixedPoint {
  const unsigned long long* maxima;  // bit patterns, as double, of the largest |grad_output| and |weight|
  int bits;                          // a contribution is below 2^bits in units of the first integer

  __device__ double largest() const {
    return __longlong_as_double(static_cast<long long>(maxima[0])) *
           __longlong_as_double(static_cast<long long>(maxima[1]));
  }

  // Exponent that brings contributions below 1; the largest product is rounded once, hence the one more. Not below
  // -900, where the unit of the integers would no longer be a finite number.
  __device__ int exponent() const {
    const double most = largest();
    return most > 0 && isfinite(most) ? max(ilogb(most) + 2, -900) : 0;
  }
};

template <typename Scalar>
struct FixedPointSums {
  static constexpr int kParts = sizeof(Scalar) == 8 ? 2 : 1;
  unsigned long long* sums;  // (B, S, H, D, kParts), two's complement
  double unit;               // 2^(bits - exponent)
  double finer;              // 2^bits

  __device__ static FixedPointSums make(unsigned long long* sums, const FixedPoint& format) {
    return {sums, ldexp(1.0, format.bits - format.exponent()), ldexp(1.0, format.bits)};
  }

  template <int kCount>
  __device__ void add(int64_t place, const Scalar (&grad)[kCount], Scalar weight) const {
    // The unit is a power of two, so for float the products are exact, also where a float could not hold them.
    const double share = double(weight) * unit;
    for (int i = 0; i < kCount; ++i) {
      const double scaled = double(grad[i]) * share;
      const long long coarse = __double2ll_rn(scaled);
      unsigned long long* const cell = sums + (place + i) * kParts;
      atomicAdd(cell, static_cast<unsigned long long>(coarse));
      if constexpr (kParts == 2) {
        const long long fine = __double2ll_rn((scaled - double(coarse)) * finer);
        atomicAdd(cell + 1, static_cast<unsigned long long>(fine));
      }
    }
  }
};

// Largest magnitude of a tensor as the bit pattern of a double: it orders like an integer, and NaN counts as the most.
template <typename Value>
__global__ void __launch_bounds__(kThreads) max_kernel(const Value* items, int64_t count, unsigned long long* maximum) {
  unsigned long long most = 0;
  for (int64_t i = int64_t(blockIdx.x) * kThreads + threadIdx.x; i < count; i += int64_t(gridDim.x) * kThreads) {
    const unsigned long long bits = __double_as_longlong(fabs(double(to_exact(items[i]))));
    most = bits > most ? bits : most;
  }
  for (int distance = 16; distance > 0; distance /= 2) {
    const unsigned long long other = __shfl_xor_sync(0xffffffffu, most, distance);
    most = other > most ? other : most;
  }
  if (threadIdx.x % 32 == 0) {
    atomicMax(maximum, most);
  }
}

// Fixed point sums back to the value's type. Where a gradient or weight was not finite, all of it is NaN.
template <typename Value>
__global__ void __launch_bounds__(kThreads) from_fixed_point_kernel(
    const unsigned long long* sums, int64_t count, FixedPoint format, Value* result) {
  using Scalar = Exact<Value>;
  constexpr int kParts = FixedPointSums<Scalar>::kParts;
  const double unit = ldexp(1.0, format.exponent() - format.bits), finer = ldexp(1.0, -format.bits);
  const bool finite = isfinite(format.largest());
  for (int64_t i = int64_t(blockIdx.x) * kThreads + threadIdx.x; i < count; i += int64_t(gridDim.x) * kThreads) {
    double total = double(static_cast<long long>(sums[i * kParts]));
    if constexpr (kParts == 2) {
      total += double(static_cast<long long>(sums[i * kParts + 1])) * finer;
    }
    from_exact(finite ? Scalar(total * unit) : Scalar(NAN), result + i);
  }
}

// Float sums to the half precision of the value.
template <typename Value>
__global__ void __launch_bounds__(kThreads) convert_kernel(const float* sums, int64_t count, Value* result) {
  for (int64_t i = int64_t(blockIdx.x) * kThreads + threadIdx.x; i < count; i += int64_t(gridDim.x) * kThreads) {
    from_exact(sums[i], result + i);
  }
}

}  // namespace difftracker::cuda
