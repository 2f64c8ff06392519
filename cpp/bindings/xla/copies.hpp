// Copies of buffers whose input and output lie in different places.
#pragma once

#include <adamas/threads.hpp>

#include <cstddef>
#include <vector>

namespace adamas::bindings::xla {

// What is to be copied before a step.
class Copies {
 public:
  // The memory at `to` may never have been touched.
  void add(void* to, const void* from, std::size_t bytes);

  // Copies all, on at most so many of the threads.
  void run(const Workers& workers, int threads);

 private:
  struct Piece {
    char* to;
    const char* from;
    std::size_t bytes;
  };

  std::vector<Piece> pieces_;
  std::size_t bytes_ = 0;
};

}  // namespace adamas::bindings::xla
