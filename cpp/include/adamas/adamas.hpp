// Everything public.
#pragma once

#include <adamas/float_mode.hpp>
#include <adamas/formats.hpp>
#include <adamas/hyperparameters.hpp>
#include <adamas/isa.hpp>
#include <adamas/observation.hpp>
#include <adamas/plan.hpp>
#include <adamas/rules.hpp>
#include <adamas/threads.hpp>
#include <adamas/types.hpp>
#include <adamas/version.hpp>
