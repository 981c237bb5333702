// Which kernels this processor can run.
#include "kernels.h"

namespace difftracker::cpu {

std::vector<const Kernels*> available_kernels() {
  std::vector<const Kernels*> found = {&generic_kernels};
#if defined(__x86_64__)
  const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (has_avx2 && avx2_kernels != nullptr) {
    found.push_back(avx2_kernels);
  }
  if (has_avx512 && avx512_kernels != nullptr) {
    found.push_back(avx512_kernels);
  }
#endif
  return found;
}

}  // namespace difftracker::cpu
