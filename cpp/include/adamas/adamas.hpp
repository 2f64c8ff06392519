/// \file
/// The whole public interface.
#pragma once

#include <adamas/float_mode.hpp>
#include <adamas/formats.hpp>
#include <adamas/hyperparameters.hpp>
#include <adamas/isa.hpp>
#include <adamas/observation.hpp>
#include <adamas/plan.hpp>
#include <adamas/problem.hpp>
#include <adamas/rules.hpp>
#include <adamas/threads.hpp>
#include <adamas/types.hpp>
#include <adamas/version.hpp>

/// \namespace adamas
/// The Adam family of optimizers for the CPU. A Plan holds the parameters of a model; Plan::step() updates all of them.
