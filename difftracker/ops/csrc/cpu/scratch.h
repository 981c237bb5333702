// A thread's scratch memory, handed out in pieces that start on cache lines.
#pragma once

#include <cstdint>

namespace difftracker::cpu::DIFFTRACKER_ISA {

class Scratch {
 public:
  // A null start only counts: the same calls then tell how many bytes they would take.
  explicit Scratch(char* start) : start_(start) {}

  template <typename Item>
  Item* take(int64_t count) {
    Item* const piece = reinterpret_cast<Item*>(start_ + used_);
    used_ += (count * int64_t(sizeof(Item)) + kLine - 1) / kLine * kLine;
    return piece;
  }

  int64_t used() const { return used_; }

 private:
  static constexpr int64_t kLine = 64;
  char* start_;
  int64_t used_ = 0;
};

}  // namespace difftracker::cpu::DIFFTRACKER_ISA
