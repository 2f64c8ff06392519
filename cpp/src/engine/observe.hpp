// Observed steps: what is kept of a piece before it is updated, and measured after it (adamas/observation.hpp).
#pragma once

#include <cstddef>

#include "engine/item.hpp"

namespace adamas {

// Elements that are updated and measured at a time. Half as many as in other steps, since there is more to keep in the
// nearest cache meanwhile.
inline constexpr std::size_t kObservedPiece = kGranule;

// One part of a parameter, piece by piece: before(), the update, after().
class Observer {
 public:
  Observer(const Pass& pass, const Item& item);

  // The parameter is settled by now.
  void before(const Streams& streams, std::size_t begin, std::size_t end);

  // What ObservedUpdateKernel is given for elements from `begin` on.
  ObservedPiece how(const Streams& streams, std::size_t begin) const;

  // The gradient as it was given, with what was accumulated, but not scaled; of the compute type.
  void after(const Streams& streams, const void* gradient, std::size_t begin, std::size_t end);

 private:
  ObservedPiece numbers() const;
  bool is_rounded() const;  // are the states?
  PackedState packed(int which) const;
  const void* param_at(const Streams& streams, std::size_t begin, std::size_t end, void* memory) const;
  void unpack(int which, std::size_t begin, std::size_t end, void* to) const;
  void fetch(const Streams& streams, ObservedPiece& piece) const;

  const Pass& pass_;
  const Item& item_;
  const Parameter& parameter_;
  int moment_;  // indices of states, or -1
  int second_;
  alignas(64) double before_[kObservedPiece];
  alignas(64) double after_[kObservedPiece];
  alignas(64) double moment_before_[kObservedPiece];
  alignas(64) double second_before_[kObservedPiece];
  alignas(64) double second_after_[kObservedPiece];
};

// Adds up the granules of an item, which was updated by this factor.
Observation observation_of(const Pass& pass, const Item& item, double lr);

}  // namespace adamas
