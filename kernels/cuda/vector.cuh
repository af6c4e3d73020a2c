#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

/// Reading and writing several elements at once, and fp32 out of them.
namespace kernels::cuda {

inline __device__ float to_float(float x) {
  return x;
}
inline __device__ float to_float(__half x) {
  return __half2float(x);
}
inline __device__ float to_float(__nv_bfloat16 x) {
  return __bfloat162float(x);
}
inline __device__ void from_float(float x, float& to) {
  to = x;
}
inline __device__ void from_float(float x, __half& to) {
  to = __float2half_rn(x);
}
inline __device__ void from_float(float x, __nv_bfloat16& to) {
  to = __float2bfloat16_rn(x);
}

// Two 16-bit elements in a register.
inline __device__ float2 unpack_pair(unsigned word, __nv_bfloat16) {
  return {__uint_as_float(word << 16), __uint_as_float(word & 0xffff0000u)};
}
inline __device__ float2 unpack_pair(unsigned word, __half) {
  return __half22float2(reinterpret_cast<const __half2&>(word));
}
inline __device__ unsigned pack_pair(float2 pair, __nv_bfloat16) {
  const __nv_bfloat162 packed = __float22bfloat162_rn(pair);
  return reinterpret_cast<const unsigned&>(packed);
}
inline __device__ unsigned pack_pair(float2 pair, __half) {
  const __half2 packed = __float22half2_rn(pair);
  return reinterpret_cast<const unsigned&>(packed);
}

/// `kElements` neighbours: 16 bytes of them, or one where the row is no multiple of that. Sixteen
/// bytes are kept as four words: as elements of 16 bits they would take a register each.
template <typename T, int kElements>
struct Vector {
  static_assert(kElements * sizeof(T) == 16);
  uint4 words;

  using Floats = float[kElements];
  __device__ void unpack(Floats& to) const {
    const unsigned all[4] = {words.x, words.y, words.z, words.w};
#pragma unroll
    for (int i = 0; i < 4; ++i)
      if constexpr (sizeof(T) == 4) {
        to[i] = __uint_as_float(all[i]);
      } else {
        const float2 pair = unpack_pair(all[i], T{});
        to[2 * i] = pair.x;
        to[2 * i + 1] = pair.y;
      }
  }
  __device__ void pack(const Floats& from) {
    unsigned all[4];
#pragma unroll
    for (int i = 0; i < 4; ++i)
      if constexpr (sizeof(T) == 4)
        all[i] = __float_as_uint(from[i]);
      else
        all[i] = pack_pair({from[2 * i], from[2 * i + 1]}, T{});
    words = {all[0], all[1], all[2], all[3]};
  }
};

template <typename T>
struct Vector<T, 1> {
  T element;

  using Floats = float[1];
  __device__ void unpack(Floats& to) const { to[0] = to_float(element); }
  __device__ void pack(const Floats& from) { from_float(from[0], element); }
};

template <typename V>
constexpr bool kIs16Bytes = sizeof(V) == 16;

/// Makes the compiler forget what it derived from `vector`: it then converts the elements again
/// where they are used, instead of keeping them in fp32, twice the registers, from pass to pass.
template <typename V>
__device__ void stay_packed(V& vector) {
  if constexpr (kIs16Bytes<V>)
    asm volatile(""
                 : "+r"(vector.words.x), "+r"(vector.words.y), "+r"(vector.words.z),
                   "+r"(vector.words.w));
}

/// Read once: kept out of L1, where the weights live.
template <typename V>
__device__ V load_stream(const V* from) {
  if constexpr (kIs16Bytes<V>) {
    V vector;
    asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(vector.words.x), "=r"(vector.words.y), "=r"(vector.words.z),
                   "=r"(vector.words.w)
                 : "l"(from));
    return vector;
  } else {
    return *from;
  }
}

/// Eight bytes of it.
inline __device__ uint2 load_stream(const uint2* from) {
  uint2 words;
  asm volatile("ld.global.nc.L1::no_allocate.v2.u32 {%0, %1}, [%2];"
               : "=r"(words.x), "=r"(words.y)
               : "l"(from));
  return words;
}

/// Read by many: weights, modulation. Volatile, so that it stays where it is used: read ahead of
/// time they would take the registers that more blocks on an SM need.
template <typename V>
__device__ V load_shared(const V* from) {
  if constexpr (kIs16Bytes<V>) {
    V vector;
    asm volatile("ld.global.nc.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(vector.words.x), "=r"(vector.words.y), "=r"(vector.words.z),
                   "=r"(vector.words.w)
                 : "l"(from));
    return vector;
  } else {
    return *from;
  }
}

inline __device__ uint2 load_shared(const uint2* from) {
  uint2 words;
  asm volatile("ld.global.nc.v2.u32 {%0, %1}, [%2];" : "=r"(words.x), "=r"(words.y) : "l"(from));
  return words;
}

/// Past L1: 2 to 3 % faster than an ordinary store where memory is the limit.
template <typename V>
__device__ void store(V* to, const V& vector) {
  if constexpr (kIs16Bytes<V>)
    __stcs(reinterpret_cast<uint4*>(to), vector.words);
  else
    *to = vector;
}

// Programmatic dependent launch: a kernel may be set up while the one before it still runs. Nothing
// may be read or written before the wait.
inline __device__ void wait_for_previous_kernel() {
  asm volatile("griddepcontrol.wait;" ::: "memory");
}
inline __device__ void let_next_kernel_be_set_up() {
  asm volatile("griddepcontrol.launch_dependents;");
}

} // namespace kernels::cuda
