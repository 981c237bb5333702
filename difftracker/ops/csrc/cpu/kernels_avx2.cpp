// Kernels for AVX2 with FMA and F16C; build.py compiles this file with those instructions on x86-64.
#define DIFFTRACKER_ISA avx2
#include <type_traits>

#include "kernels.h"
#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#include "instantiate.h"
#endif

namespace difftracker::cpu {

const Kernels* avx2_kernels() {
#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
  static const Kernels kernels = avx2::table("avx2");
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &kernels : nullptr;
#else
  return nullptr;
#endif
}

}  // namespace difftracker::cpu
