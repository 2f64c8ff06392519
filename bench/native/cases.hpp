// What there is to measure, as the library tells it: a rule, format or instruction set that is new to it is new here
// too.
#pragma once

#include <adamas/adamas.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace bench {

// A combination of number formats. Gradients have the dtype of the parameter.
struct Format {
  std::string name;  // parameter, states if they are in another format, residue if there is one: bfloat16-int8-split24
  adamas::DType param;
  adamas::StateFormat states;
  adamas::Residue residue;
};

// What is measured: one parameter of `size` elements.
struct Case {
  adamas::Rule rule;
  Format format;
  std::size_t size;
};

std::vector<adamas::Rule> rules();
std::vector<Format> formats();
std::vector<std::string> available_isas();

// Does a step read all arrays once more, for norms?
// Rows of the matrix that a parameter of so many elements is taken for.
inline std::size_t matrix_rows(std::size_t size) { return size % 1024 == 0 ? size / 1024 : 1; }

inline bool takes_sums(adamas::Rule rule) { return adamas::rule_info(rule).sum_count != 0; }

// Ends the program if something could not be done.
void check(adamas::Status status, const char* what);

}  // namespace bench
