// The part of XLA's foreign function interface that a handler touches, as XLA lays it out in memory
// (xla/ffi/api/c_api.h, version 0.1; later ones add to its end). Declared here, so that nothing of XLA is needed to
// build; tests/jax_adapter compares it with the headers that jaxlib brings.
#pragma once

#include <cstddef>
#include <cstdint>

namespace adamas::bindings::xla {

constexpr int kMajor = 0;
constexpr int kMinor = 1;

enum class DataType : int {
  kS32 = 4,
  kS64 = 5,
  kU8 = 6,
  kU16 = 7,
  kU32 = 8,
  kF16 = 10,
  kF32 = 11,
  kF64 = 12,
  kBf16 = 16
};

struct Extension {
  std::size_t struct_size;
  int type;
  Extension* next;
};
constexpr int kMetadataExtension = 1;

struct Version {
  std::size_t struct_size;
  Extension* extension;
  int major;
  int minor;
};

// Later versions have more behind it.
struct Metadata {
  std::size_t struct_size;
  Version version;
  std::uint32_t traits;
};
struct MetadataExtension {
  Extension base;
  Metadata* metadata;
};

struct Error;
struct ErrorArguments {
  std::size_t struct_size;
  Extension* extension;
  const char* message;
  int code;
};
constexpr int kInvalidArgument = 3;
constexpr int kInternal = 13;

struct DestroyArguments {
  std::size_t struct_size;
  Extension* extension;
  Error* error;
};

struct ScheduleArguments {
  std::size_t struct_size;
  Extension* extension;
  void* context;
  void (*task)(void* data);
  void* data;
};
struct ThreadsArguments {
  std::size_t struct_size;
  Extension* extension;
  void* context;
  std::int64_t* count;
};

struct Api {
  std::size_t struct_size;
  Extension* extension;
  Version version;
  const void* internal;
  Error* (*create_error)(ErrorArguments*);
  void* get_message;
  void (*destroy_error)(DestroyArguments*);
  void* others[8];  // handlers, streams, types, states, memory
  Error* (*schedule)(ScheduleArguments*);
  Error* (*count_threads)(ThreadsArguments*);
};

struct Buffer {
  std::size_t struct_size;
  Extension* extension;
  DataType dtype;
  void* data;
  std::int64_t rank;
  std::int64_t* dims;
};

// Arguments, or results.
struct Buffers {
  std::size_t struct_size;
  Extension* extension;
  std::int64_t size;
  int* types;
  Buffer** buffers;
};

struct Text {
  const char* data;
  std::size_t size;
};
struct Array {
  DataType dtype;
  std::size_t size;
  void* data;
};
constexpr int kArrayAttribute = 1;

struct Attributes {
  std::size_t struct_size;
  Extension* extension;
  std::int64_t size;
  int* types;
  Text** names;
  void** values;
};

constexpr int kExecute = 3;

struct CallFrame {
  std::size_t struct_size;
  Extension* extension;
  const Api* api;
  void* context;
  int stage;
  Buffers arguments;
  Buffers results;
  Attributes attributes;
};

}  // namespace adamas::bindings::xla
