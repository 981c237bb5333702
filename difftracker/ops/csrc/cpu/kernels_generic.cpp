// Kernels for the instructions that every processor of the target has (SSE2 on x86-64, NEON on 64-bit Arm).
#define DIFFTRACKER_ISA generic
#include <type_traits>

#include "instantiate.h"

namespace difftracker::cpu {

const Kernels* generic_kernels() {
  static const Kernels kernels = generic::table("generic");
  return &kernels;
}

}  // namespace difftracker::cpu
