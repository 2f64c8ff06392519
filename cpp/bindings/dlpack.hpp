// As much of DLPack's C exchange interface as it takes to look at a tensor of another library without building against
// that library: https://dmlc.github.io/dlpack (version 1). Its layout is fixed for all versions of that number.
#pragma once

#include <cstdint>

namespace adamas::bindings::dlpack {

constexpr std::uint32_t kMajorVersion = 1;
constexpr char kAttribute[] = "__dlpack_c_exchange_api__";  // of a tensor type: a capsule
constexpr char kCapsule[] = "dlpack_exchange_api";

constexpr std::int32_t kCpu = 1;

constexpr std::uint8_t kFloat = 2;
constexpr std::uint8_t kBfloat = 4;

struct Device {
  std::int32_t type;
  std::int32_t id;
};

struct DataType {
  std::uint8_t code;
  std::uint8_t bits;
  std::uint16_t lanes;
};

// Shape and strides, in elements, are the tensor's own.
struct Tensor {
  void* data;
  Device device;
  std::int32_t ndim;
  DataType dtype;
  std::int64_t* shape;
  std::int64_t* strides;
  std::uint64_t byte_offset;
};

// Fills in `out`, which is valid until control goes back to the tensor's library; -1 with a Python exception set if it
// cannot.
using Look = int (*)(void* object, Tensor* out);

struct ExchangeApi {
  std::uint32_t major;
  std::uint32_t minor;
  ExchangeApi* previous;
  void (*allocate)();
  void (*own)();
  void (*make)();
  Look look;  // may be null
  void (*stream)();
};

}  // namespace adamas::bindings::dlpack
