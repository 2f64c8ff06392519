// Going through a parameter in every combination of number formats that computes in float32: kernel/block_loop.hpp has
// a loop for parameters of float32, and beside some states one for those of bfloat16. All others are unpacked to
// float32 before the loop and packed behind it, a few blocks at a time, by functions that all rules share.
//
// The loop goes through whole blocks of kBlock elements, since quantised states have one scale a block. What is left at
// the end of a parameter is copied to a padded block, so that neither rule nor format has a second form for it.
#pragma once

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "kernel/block_loop.hpp"

namespace adamas {
namespace {

// The loops of one rule and state format, and what is to be known about its states.
using UpdateBlocks = void (*)(const MixedStep& step, const BlockArrays& first, const Run& run);
struct MixedKernel {
  UpdateBlocks floats;  // beside parameters of float32
  UpdateBlocks words;   // beside those of bfloat16; null: they are unpacked
  int state_count;
  const StateStorage* storage;
  std::size_t ahead;  // see States::kAhead
};
template <class Rule, class FloatStates, class WordStates>
constexpr MixedKernel mixed_kernel() {
  UpdateBlocks words = nullptr;
  if constexpr (!std::is_void_v<WordStates>) words = update_blocks<Rule, WordStates, true>;
  return {update_blocks<Rule, FloatStates, false>, words, Rule::kStateCount, FloatStates::kStorage.state,
          FloatStates::kAhead};
}

// Goes through the elements of a parameter, whatever its rule and formats.
class MixedLoop {
 public:
  MixedLoop(const Streams& streams, const StepCoefficients& coefficients, const MixedKernel& kernel)
      : streams_(streams),
        coefficients_(coefficients),
        kernel_(kernel),
        format_(param_format(streams.param_dtype, streams.residue_kind)) {}

  void update(std::size_t begin, std::size_t end) const {
    const std::size_t whole = (end - begin) / kBlock;
    const bool direct = param_is_direct() && is_direct(streams_.grad_dtype);
    const std::size_t unpacked = has_codes() ? kUnpackedBlocks : kFewUnpackedBlocks;
    const std::size_t most = direct ? whole : unpacked;
    for (std::size_t block = 0; block < whole; block += most) {
      const std::size_t blocks = std::min(most, whole - block);
      const std::size_t i = begin + block * kBlock;
      update_run(arrays_at(i), {i, blocks, kBlock});
    }
    if (const std::size_t rest = (end - begin) % kBlock; rest != 0) {
      const std::size_t i = end - rest;
      Padded padded;
      update_run(pad(arrays_at(i), rest, padded), {i, 1, rest});
      unpad(arrays_at(i), rest, padded);
    }
  }

  // Calls work(arrays, params, grads) for the block at element i, of which `count` elements are real: with the states
  // as they are stored, and the others in float32.
  template <class Work>
  void with_block(std::size_t i, std::size_t count, Work work) const {
    alignas(64) float params[kBlock];
    alignas(64) float grads[kBlock];
    Padded padded;
    const BlockArrays arrays = count == kBlock ? arrays_at(i) : pad(arrays_at(i), count, padded);
    settle(format_, arrays.param, kBlock);
    unpack_params(format_, arrays.param, kBlock, params);
    unpack_gradients(streams_.grad_dtype, arrays.grad, kBlock, grads);
    work(arrays, params, grads);
  }

 private:
  // At most so many are unpacked at a time. Few, so that all arrays come from memory at an even pace; but more where
  // states are in codes, since the pipeline of blocks has to be emptied each time.
  static constexpr std::size_t kUnpackedBlocks = 16;
  static constexpr std::size_t kFewUnpackedBlocks = 4;

  bool has_codes() const {
    const auto is_coded = [](const StateStorage& storage) { return storage.element_bytes == 0; };
    return std::any_of(kernel_.storage, kernel_.storage + kernel_.state_count, is_coded);
  }
  bool param_is_direct() const {
    return format_ == ParamFormat::kFloat32 || (kernel_.words != nullptr && is_direct(format_));
  }

  // Of an array that the loop reads itself, elements of this run; of one that is unpacked before it, those of the next.
  void fetch_ahead(const BlockArrays& given, std::size_t count, MixedStep& step) const {
    const auto fetched = [&](const void* array, std::size_t element_bytes, bool direct) -> Fetched {
      const std::size_t distance = direct ? kernel_.ahead : count * element_bytes;
      return {static_cast<const char*>(array) + distance, element_bytes};
    };
    const std::size_t residue_bytes = size_of(streams_.residue_kind);
    step.fetched[0] = fetched(given.param.values, size_of(streams_.param_dtype), param_is_direct());
    step.fetched[1] = fetched(given.grad, size_of(streams_.grad_dtype), is_direct(streams_.grad_dtype));
    step.fetched[2] = residue_bytes == 0 ? Fetched{step.fetched[0].next, 0}
                                         : fetched(given.param.residue, residue_bytes, param_is_direct());
  }

  void update_run(const BlockArrays& given, const Run& run) const {
    const std::size_t count = run.blocks * kBlock;
    settle(format_, given.param, count);
    MixedStep step{streams_, coefficients_, format_, streams_.grad_dtype, {}};
    if (kernel_.ahead != 0) fetch_ahead(given, count, step);
    BlockArrays arrays = given;
    alignas(64) float grads[kUnpackedBlocks * kBlock];
    if (!is_direct(step.grad_dtype)) {
      unpack_gradients(step.grad_dtype, given.grad, count, grads);
      arrays.grad = grads;
      step.grad_dtype = DType::kFloat32;
    }
    if (param_is_direct()) {
      const UpdateBlocks blocks = format_ == ParamFormat::kFloat32 ? kernel_.floats : kernel_.words;
      return blocks(step, arrays, run);
    }
    alignas(64) float params[kUnpackedBlocks * kBlock];
    arrays.param.values = has_master(format_) ? given.param.residue : params;
    if (!has_master(format_)) unpack_params(format_, given.param, count, params);
    step.format = ParamFormat::kFloat32;
    kernel_.floats(step, arrays, run);
    pack_params(format_, static_cast<const float*>(arrays.param.values), count, given.param, run.element, streams_.key);
  }

  BlockArrays arrays_at(std::size_t i) const {
    BlockArrays arrays{};
    arrays.param.values = shifted(streams_.param, i * size_of(streams_.param_dtype));
    arrays.param.residue = shifted(streams_.residue, i * size_of(streams_.residue_kind));
    arrays.grad = static_cast<const char*>(streams_.grad) + i * size_of(streams_.grad_dtype);
    for (int k = 0; k < kernel_.state_count; ++k) {
      const StateStorage& storage = kernel_.storage[k];
      arrays.states.values[k] = shifted(streams_.states[k], i / kBlock * storage.block_bytes);
      if (storage.element_bytes != 0) continue;
      const std::size_t blocks = (streams_.size + kBlock - 1) / kBlock;
      arrays.states.scales[k] = static_cast<float*>(shifted(streams_.states[k], blocks * storage.block_bytes)) +
                                (i / kBlock - streams_.first_block);
    }
    return arrays;
  }

  // One block of gradient, parameter, residue and states. (Codes come in whole blocks already.)
  struct Padded {
    alignas(64) char bytes[3 + kMaxStates][kBlock * sizeof(double)];
  };

  // Calls copy(which, pointer into arrays, bytes) for each array that a step writes, where it is to be padded.
  template <class Arrays, class Copy>
  void for_each_padded(Arrays& arrays, std::size_t count, Copy copy) const {
    copy(1, arrays.param.values, count * size_of(streams_.param_dtype));
    copy(2, arrays.param.residue, count * size_of(streams_.residue_kind));
    for (int k = 0; k < kMaxStates && k < kernel_.state_count; ++k) {
      copy(3 + k, arrays.states.values[k], count * kernel_.storage[k].element_bytes);
    }
  }

  BlockArrays pad(BlockArrays arrays, std::size_t count, Padded& padded) const {
    std::memset(padded.bytes, 0, sizeof padded.bytes);
    std::memcpy(padded.bytes[0], arrays.grad, count * size_of(streams_.grad_dtype));
    arrays.grad = padded.bytes[0];
    for_each_padded(arrays, count, [&](int which, void*& array, std::size_t bytes) {
      if (bytes == 0) return;
      std::memcpy(padded.bytes[which], array, bytes);
      array = padded.bytes[which];
    });
    return arrays;
  }

  void unpad(const BlockArrays& arrays, std::size_t count, const Padded& padded) const {
    for_each_padded(arrays, count, [&](int which, void* array, std::size_t bytes) {
      if (bytes != 0) std::memcpy(array, padded.bytes[which], bytes);
    });
  }

  const Streams& streams_;
  const StepCoefficients& coefficients_;
  const MixedKernel& kernel_;
  ParamFormat format_;
};

template <class Rule, class FloatStates, class WordStates>
void update_mixed(const Streams& streams, std::size_t begin, std::size_t end, const StepCoefficients& c) {
  static constexpr MixedKernel kKernel = mixed_kernel<Rule, FloatStates, WordStates>();
  MixedLoop(streams, c, kKernel).update(begin, end);
}

}  // namespace
}  // namespace adamas
