// Rows of channels as vectors of the compiler's vector extension: one source for every instruction set.
// Each translation unit defines DIFFTRACKER_ISA before it includes this file, so that no two sets share a function.
#pragma once

#include <cstdint>
#include <cstring>
#if defined(__F16C__)
#include <immintrin.h>
#endif

namespace difftracker::cpu::DIFFTRACKER_ISA {

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
#elif defined(__AVX__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif

// Storage types of half precision; arithmetic is in float.
struct Half {
  uint16_t bits;
};
struct BFloat16 {
  uint16_t bits;
};

typedef float FloatVector __attribute__((vector_size(kVectorBytes)));
typedef double DoubleVector __attribute__((vector_size(kVectorBytes)));
typedef uint32_t WordVector __attribute__((vector_size(kVectorBytes)));
typedef uint16_t HalfWordVector __attribute__((vector_size(kVectorBytes / 2)));

// The exact type of a value type, and the vector of it.
template <typename T>
struct Exact {
  using Scalar = float;
  using Vector = FloatVector;
};
template <>
struct Exact<double> {
  using Scalar = double;
  using Vector = DoubleVector;
};

inline float bits_to_float(uint32_t bits) {
  float result;
  std::memcpy(&result, &bits, sizeof(result));
  return result;
}

inline uint32_t float_to_bits(float number) {
  uint32_t result;
  std::memcpy(&result, &number, sizeof(result));
  return result;
}

inline double to_exact(double number) { return number; }
inline float to_exact(float number) { return number; }
inline float to_exact(BFloat16 number) { return bits_to_float(uint32_t(number.bits) << 16); }

inline float to_exact(Half number) {
#if defined(__F16C__)
  return _cvtsh_ss(number.bits);
#else
  const uint32_t sign = uint32_t(number.bits & 0x8000u) << 16;
  const uint32_t rest = number.bits & 0x7fffu;
  if (rest >= 0x7c00u) {
    return bits_to_float(sign | 0x7f800000u | ((rest & 0x3ffu) << 13));
  }
  // 2^112 moves the exponent bias from 15 to 127, for subnormal numbers too.
  const float magnitude = bits_to_float(rest << 13) * bits_to_float(uint32_t(127 + 112) << 23);
  return bits_to_float(sign | float_to_bits(magnitude));
#endif
}

inline void from_exact(double number, double* to) { *to = number; }
inline void from_exact(float number, float* to) { *to = number; }

inline void from_exact(float number, BFloat16* to) {
  const uint32_t bits = float_to_bits(number);
  const bool is_nan = (bits & 0x7fffffffu) > 0x7f800000u;
  to->bits = is_nan ? uint16_t((bits >> 16) | 0x40u) : uint16_t((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

inline void from_exact(float number, Half* to) {
#if defined(__F16C__)
  to->bits = uint16_t(_cvtss_sh(number, _MM_FROUND_TO_NEAREST_INT));
#else
  const uint32_t bits = float_to_bits(number);
  const uint16_t sign = uint16_t((bits >> 16) & 0x8000u);
  const uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) {
    to->bits = sign | 0x7e00u;
  } else if (magnitude >= 0x477ff000u) {  // 65520 and above round to infinity
    to->bits = sign | 0x7c00u;
  } else if (magnitude < 0x38800000u) {  // below 2^-14: adding 0.5 lets the adder round to steps of 2^-24
    const float shifted = bits_to_float(magnitude) + 0.5f;
    to->bits = sign | uint16_t(float_to_bits(shifted) - 0x3f000000u);
  } else {
    const uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
    to->bits = sign | uint16_t((rounded - (uint32_t(112) << 23)) >> 13);
  }
#endif
}

inline DoubleVector load(const double* from) {
  DoubleVector result;
  std::memcpy(&result, from, sizeof(result));
  return result;
}

inline FloatVector load(const float* from) {
  FloatVector result;
  std::memcpy(&result, from, sizeof(result));
  return result;
}

inline FloatVector load(const BFloat16* from) {
  HalfWordVector words;
  std::memcpy(&words, from, sizeof(words));
  const WordVector wide = __builtin_convertvector(words, WordVector) << 16;
  FloatVector result;
  std::memcpy(&result, &wide, sizeof(result));
  return result;
}

inline FloatVector load(const Half* from) {
#if defined(__AVX512F__)
  return (FloatVector)_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
#elif defined(__F16C__)
  return (FloatVector)_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
#else
  FloatVector result;
  for (int i = 0; i < kVectorBytes / 4; ++i) {
    result[i] = to_exact(from[i]);
  }
  return result;
#endif
}

inline void store(double* to, DoubleVector vector) { std::memcpy(to, &vector, sizeof(vector)); }
inline void store(float* to, FloatVector vector) { std::memcpy(to, &vector, sizeof(vector)); }

template <typename Value>
inline void store(Value* to, FloatVector vector) {
  for (int i = 0; i < kVectorBytes / 4; ++i) {
    from_exact(vector[i], to + i);
  }
}

template <typename Vector>
inline auto sum_lanes(Vector vector) {
  auto total = vector[0];
  for (int i = 1; i < int(sizeof(vector) / sizeof(vector[0])); ++i) {
    total += vector[i];
  }
  return total;
}

// Sums the lanes of four vectors at once.
inline void sum_lanes_of_four(const DoubleVector (&vectors)[4], double (&sums)[4]) {
  for (int i = 0; i < 4; ++i) {
    sums[i] = sum_lanes(vectors[i]);
  }
}

#if defined(__AVX__)
inline void sum_lanes_of_four(const FloatVector (&vectors)[4], float (&sums)[4]) {
  __m128 quarter[4];
  for (int i = 0; i < 4; ++i) {
#if defined(__AVX512F__)
    const __m512 all = (__m512)vectors[i];
    const __m256 half = _mm256_add_ps(
        _mm512_castps512_ps256(all), _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(all), 1)));
#else
    const __m256 half = (__m256)vectors[i];
#endif
    quarter[i] = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  }
  _MM_TRANSPOSE4_PS(quarter[0], quarter[1], quarter[2], quarter[3]);
  _mm_storeu_ps(sums, _mm_add_ps(_mm_add_ps(quarter[0], quarter[1]), _mm_add_ps(quarter[2], quarter[3])));
}
#else
inline void sum_lanes_of_four(const FloatVector (&vectors)[4], float (&sums)[4]) {
  for (int i = 0; i < 4; ++i) {
    sums[i] = sum_lanes(vectors[i]);
  }
}
#endif

}  // namespace difftracker::cpu::DIFFTRACKER_ISA
