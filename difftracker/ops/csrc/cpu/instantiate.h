// The table of one instruction set's kernels.
#pragma once

#include "backward.h"
#include "forward.h"

namespace difftracker::cpu::DIFFTRACKER_ISA {

// Calls `run` with a null pointer of the value type that `type` names.
template <typename Run>
inline auto with_type(Type type, Run run) {
  switch (type) {
    case Type::kFloat64:
      return run(static_cast<double*>(nullptr));
    case Type::kFloat16:
      return run(static_cast<Half*>(nullptr));
    case Type::kBFloat16:
      return run(static_cast<BFloat16*>(nullptr));
    default:
      return run(static_cast<float*>(nullptr));
  }
}

template <typename Pointer>
using Pointed = std::remove_pointer_t<Pointer>;

inline int64_t forward_scratch(Type type, const Problem& problem) {
  return with_type(type, [&](auto* value) {
    Scratch scratch(nullptr);
    ForwardScratch<Pointed<decltype(value)>>(problem, scratch);
    return scratch.used();
  });
}

inline int64_t backward_scratch(Type type, const Problem& problem) {
  return with_type(type, [&](auto* value) {
    Scratch scratch(nullptr);
    BackwardScratch<Pointed<decltype(value)>>(problem, scratch);
    return scratch.used();
  });
}

inline void forward(Type type, const Problem& problem, void* output, int64_t begin, int64_t end, char* scratch) {
  with_type(type, [&](auto* value) {
    forward_items(problem, static_cast<decltype(value)>(output), begin, end, scratch);
  });
}

inline void backward(
    Type type, const Problem& problem, const Gradients& gradients, int64_t begin, int64_t end, char* scratch) {
  with_type(type, [&](auto* value) {
    backward_items<Pointed<decltype(value)>>(problem, gradients, begin, end, scratch);
  });
}

constexpr Kernels table() { return {forward_scratch, backward_scratch, forward, backward}; }

}  // namespace difftracker::cpu::DIFFTRACKER_ISA
