// Cautious updates: Liang et al. 2024, "Cautious Optimizers: Improving Training with One Line of Code" (arXiv
// 2411.16085). Elements whose change would go along the gradient, instead of against it, wait; all others move the
// further:
//
//   c <- the change that the rule makes
//   mask <- 1 where c and g are of unlike sign, else 0
//   p <- p * decay + c * (mask / max(mean(mask), 1/1000))
//
// g is the gradient as the rule takes it, with coupled decay. The mean is over the parameter and has to be known
// beforehand, so there are two passes: one counts, the other updates. A rule that may be cautious (kCautious,
// rules/rule.hpp) makes a parameter of zeros its change; where all is float32 it has a loop for that
// (kernel/cautious_loop.hpp). In other formats its kernel is run on zeros in cache, and in the first pass it is so in
// all of them, with a copy of the states, which is then forgotten. Where the sign of the change is that of an average
// of gradients, as in Adam (kFollowsAverage), the first pass needs that average alone, and neither roots nor quotients.
#pragma once

#include <cstddef>

#include "engine/item.hpp"
#include "engine/scratch.hpp"

namespace adamas {

// What moving elements are multiplied by.
double mask_scale(double moving, std::size_t size);

class CautiousUpdate {
 public:
  // begin: of the elements that are gone through, in order.
  CautiousUpdate(const KernelTable& kernels, const Item& item, const Streams& streams, const StepCoefficients& c,
                 const GivenGradient& gradient, std::size_t begin);

  // Of elements [begin, end), from a granule on: counts[i / kGranule] for each granule of elements i. Nothing else is
  // written, but what is kept of parameters is settled.
  void count(std::size_t begin, std::size_t end, double* counts);

  // Elements [begin, end), from a granule on.
  void update(std::size_t begin, std::size_t end);

 private:
  UpdateKernel kernel_of(Rule rule) const;
  // A parameter of zeros in scratch, for elements from this one on.
  void* zeros_for(std::size_t element, std::size_t count);
  // The parameter as it is computed with, from element `begin` on: where it is, or else in `scratch`.
  void* take_param(std::size_t begin, std::size_t end, void* scratch) const;
  // The gradient as the rule takes it, likewise.
  const void* take_gradient(const void* param, std::size_t begin, std::size_t end, void* scratch) const;

  const KernelTable& kernels_;
  const Item& item_;
  const Parameter& parameter_;
  Streams streams_;
  GivenGradient gradient_;
  const CautiousKernels& cautious_;
  StepCoefficients c_;  // of the rule's kernel, which has the gradient prepared and nothing to decay
  int column_;
  bool by_average_;  // count by the average alone
  DType compute_;
  bool coupled_;
  double decay_;
  double scale_;
  std::size_t first_;
  Places places_;
  Scratch change_;
};

}  // namespace adamas
