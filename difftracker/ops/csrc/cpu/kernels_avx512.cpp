// Kernels for AVX-512 (F, BW, DQ, VL); build.py compiles this file with those instructions on x86-64.
#define DIFFTRACKER_ISA avx512
#include <type_traits>

#include "kernels.h"
#if defined(__AVX512F__) && defined(__AVX512VL__)
#include "instantiate.h"
#endif

namespace difftracker::cpu {

#if defined(__AVX512F__) && defined(__AVX512VL__)
static constexpr Kernels kTable = avx512::table();
constinit const Kernels* const avx512_kernels = &kTable;
#else
constinit const Kernels* const avx512_kernels = nullptr;
#endif

}  // namespace difftracker::cpu
