// Weight decay: the part of an update that all rules share. The coefficient is prepared by engine/coefficients.cpp.
#pragma once

namespace adamas {
namespace {

// Loshchilov and Hutter 2019 (arXiv 1711.05101), Algorithm 2: an L2 penalty in the gradient.
struct CoupledDecay {
  template <class V>
  static void apply(V& p, V& g, V weight_decay) {
    g = g + weight_decay * p;
  }
};

// The same paper's decoupled decay, and no decay at all (a factor of exactly 1).
struct DecoupledDecay {
  template <class V>
  static void apply(V& p, V&, V one_minus_lr_weight_decay) {
    p = p * one_minus_lr_weight_decay;
  }
};

}  // namespace
}  // namespace adamas
