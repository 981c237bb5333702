// Kernels for the instructions that every processor of the target has (SSE2 on x86-64, NEON on 64-bit Arm).
#define DIFFTRACKER_ISA generic
#include <type_traits>

#include "instantiate.h"

namespace difftracker::cpu {

constinit const Kernels generic_kernels = generic::table();

}  // namespace difftracker::cpu
