// The interface between the operator and its CPU kernels, which are compiled once per instruction set.
#pragma once

#include <cstdint>
#include <vector>

namespace difftracker::cpu {

enum class Type { kFloat64, kFloat32, kFloat16, kBFloat16 };

// Sizes of one call and where its contiguous tensors lie; names as in the Python documentation.
struct Problem {
  int64_t batch, length, heads, dim, queries, levels, points;
  const int64_t* spatial_shapes;     // (L, 2) height, width; checked to fill `length` without gaps
  const int64_t* level_start_index;  // (L,)
  const void* value;                 // (B, S, H, D) of the value type
  const void* locations;             // (B, Q, H, L, P, 2) of the exact type: double for double, else float
  const void* weights;               // (B, Q, H, L, P) of the exact type
};

struct Gradients {
  const void* output;  // (B, Q, H, D) of the value type
  void* value;         // written completely
  void* locations;     // written completely
  void* weights;       // written completely
};

// One instruction set's kernels. Work is cut into numbered items that do not share any output:
// forward items are (batch, query, head), backward items (batch, head, level). So threads need no locks, and results do
// not depend on their number.
struct Kernels {
  // Bytes of scratch memory that one thread needs, aligned to 64.
  int64_t (*forward_scratch)(Type type, const Problem& problem);
  int64_t (*backward_scratch)(Type type, const Problem& problem);
  void (*forward)(Type type, const Problem& problem, void* output, int64_t begin, int64_t end, char* scratch);
  void (*backward)(
      Type type, const Problem& problem, const Gradients& gradients, int64_t begin, int64_t end, char* scratch);
};

// Plain data that is there before anything runs: a function in the files of a wide instruction set would itself be
// compiled to it, and stop a processor without it. Null where the compiler or the processor family has none.
extern const Kernels generic_kernels;
extern const Kernels* const avx2_kernels;
extern const Kernels* const avx512_kernels;

// What this processor can run, in the order of preference: the last one is the widest.
std::vector<const Kernels*> available_kernels();

}  // namespace difftracker::cpu
