// Kernels for AVX-512 (F, BW, DQ, VL); build.py compiles this file with those instructions on x86-64.
#define DIFFTRACKER_ISA avx512
#include <type_traits>

#include "kernels.h"
#if defined(__AVX512F__) && defined(__AVX512VL__)
#include "instantiate.h"
#endif

namespace difftracker::cpu {

const Kernels* avx512_kernels() {
#if defined(__AVX512F__) && defined(__AVX512VL__)
  static const Kernels kernels = avx512::table("avx512");
  const bool supported = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return supported ? &kernels : nullptr;
#else
  return nullptr;
#endif
}

}  // namespace difftracker::cpu
