// Kernels for AVX2 with FMA and F16C; build.py compiles this file with those instructions on x86-64.
#define DIFFTRACKER_ISA avx2
#include <type_traits>

#include "kernels.h"
#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#include "instantiate.h"
#endif

namespace difftracker::cpu {

#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
static constexpr Kernels kTable = avx2::table();
constinit const Kernels* const avx2_kernels = &kTable;
#else
constinit const Kernels* const avx2_kernels = nullptr;
#endif

}  // namespace difftracker::cpu
