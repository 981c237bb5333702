// Runs the CUDA kernels' source on the CPU, so that their logic is tested where there is no GPU. Each thread of a block
// is a coroutine that runs until its next barrier; a barrier that not all threads reach together is an error. Only what
// the kernels use is here.
#pragma once

#include <ucontext.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <vector>

#define __global__
#define __device__
#define __host__
#define __shared__
#define __align__(bytes) __attribute__((aligned(bytes)))
#define __launch_bounds__(...)
struct alignas(8) int2 { int x, y; };

struct Dimensions {
  unsigned int x;
};
struct alignas(16) int4 {
  int x, y, z, w;
};
struct alignas(16) float4 {
  float x, y, z, w;
};

namespace emulation {

enum class Stop { kBlock, kWarp, kEnd };

struct Thread {
  ucontext_t context;
  std::unique_ptr<char[]> stack;
  Stop stop;
};

inline ucontext_t scheduler;
inline std::vector<Thread>* threads;
inline unsigned int current;
inline uint64_t mailboxes[1024];
inline const std::function<void()>* kernel;

inline void pause(Stop stop) {
  Thread& thread = (*threads)[current];
  thread.stop = stop;
  swapcontext(&thread.context, &scheduler);
}

inline void run_thread() {
  (*kernel)();
  pause(Stop::kEnd);
}

}  // namespace emulation

inline Dimensions threadIdx, blockIdx, blockDim, gridDim;

// Where the kernels' `extern __shared__` array lies.
namespace difftracker::cuda {
constexpr int kSharedMemory = 64 * 1024;
alignas(16) char shared_memory[kSharedMemory];
}  // namespace difftracker::cuda

inline void __syncthreads() { emulation::pause(emulation::Stop::kBlock); }
inline void __syncwarp() { emulation::pause(emulation::Stop::kWarp); }

template <typename Number>
Number __shfl_xor_sync(unsigned int, Number number, int distance) {
  const unsigned int own = threadIdx.x;
  std::memcpy(&emulation::mailboxes[own], &number, sizeof(number));
  __syncwarp();
  std::memcpy(&number, &emulation::mailboxes[own ^ unsigned(distance)], sizeof(number));
  __syncwarp();
  return number;
}

template <typename Number>
void atomicAdd(Number* to, Number number) {
  *to += number;
}

// Additions of four floats at once, which cards from 9.0 on have.
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline int vector_additions = 0;

inline void atomicAdd(float4* to, float4 number) {
  if (reinterpret_cast<uintptr_t>(to) % alignof(float4) != 0) {
    std::fprintf(stderr, "addition of four floats to an unaligned place\n");
    std::abort();
  }
  *to = {to->x + number.x, to->y + number.y, to->z + number.z, to->w + number.w};
  ++vector_additions;
}

inline void atomicMax(unsigned long long* to, unsigned long long number) { *to = std::max(*to, number); }
inline long long __double2ll_rn(double number) { return std::llrint(number); }
inline long long __double_as_longlong(double number) { return std::bit_cast<long long>(number); }
inline double __longlong_as_double(long long bits) { return std::bit_cast<double>(bits); }
using std::fabs;
using std::floor;
using std::ilogb;
using std::isfinite;
using std::ldexp;
using std::max;
using std::min;

// Half precision of the card's headers, as far as the kernels convert it.
struct __half {
  _Float16 number;
};
struct __nv_bfloat16 {
  uint16_t bits;
};
inline float __half2float(__half half) { return float(half.number); }
inline __half __float2half_rn(float number) { return {_Float16(number)}; }
inline float __bfloat162float(__nv_bfloat16 half) { return std::bit_cast<float>(uint32_t(half.bits) << 16); }
inline __nv_bfloat16 __float2bfloat16_rn(float number) {
  const uint32_t bits = std::bit_cast<uint32_t>(number);
  return {uint16_t(number != number ? 0x7fff : (bits + 0x7fff + (bits >> 16 & 1)) >> 16)};
}

// Runs every thread of every block from barrier to barrier, in rising or falling order: both are orders that a card may
// take, so a deterministic kernel gives the same bits.
inline void launch(unsigned int blocks, unsigned int count, bool falling, const std::function<void()>& kernel) {
  std::vector<emulation::Thread> threads(count);
  emulation::threads = &threads;
  emulation::kernel = &kernel;
  blockDim = {count};
  gridDim = {blocks};
  for (unsigned int i = 0; i < blocks; ++i) {
    blockIdx = {falling ? blocks - 1 - i : i};
    std::memset(difftracker::cuda::shared_memory, 0xff, difftracker::cuda::kSharedMemory);
    for (auto& thread : threads) {
      thread.stack = std::make_unique<char[]>(64 * 1024);
      getcontext(&thread.context);
      thread.context.uc_stack = {thread.stack.get(), 0, 64 * 1024};
      thread.context.uc_link = nullptr;
      makecontext(&thread.context, emulation::run_thread, 0);
    }
    for (bool ended = false; !ended;) {
      for (unsigned int k = 0; k < count; ++k) {
        const unsigned int id = falling ? count - 1 - k : k;
        emulation::current = id;
        threadIdx = {id};
        swapcontext(&emulation::scheduler, &threads[id].context);
      }
      for (const auto& thread : threads) {
        if (thread.stop != threads[0].stop) {
          std::fprintf(stderr, "threads wait at different barriers\n");
          std::abort();
        }
      }
      ended = threads[0].stop == emulation::Stop::kEnd;
    }
  }
}
