#include "copies.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "../pages.hpp"

namespace adamas::bindings::xla {
namespace {

// Bytes that a thread takes at a time: two huge pages, so that each is touched first by one thread.
constexpr std::size_t kPiece = std::size_t{4} << 20;

}  // namespace

void Copies::add(void* to, const void* from, std::size_t bytes) {
  if (bytes == 0) return;
  advise_huge(to, bytes);
  bytes_ += bytes;
  for (std::size_t begin = 0; begin < bytes; begin += kPiece) {
    pieces_.push_back(
        {static_cast<char*>(to) + begin, static_cast<const char*>(from) + begin, std::min(kPiece, bytes - begin)});
  }
}

void Copies::run(const Workers& workers, int threads) {
  struct Shared {
    const std::vector<Piece>& pieces;
    std::atomic<std::size_t> next{0};
  } shared{pieces_};
  const auto copy = [](void* context, int, int) {
    Shared& all = *static_cast<Shared*>(context);
    for (std::size_t i = all.next.fetch_add(1); i < all.pieces.size(); i = all.next.fetch_add(1)) {
      std::memcpy(all.pieces[i].to, all.pieces[i].from, all.pieces[i].bytes);
    }
  };
  const auto worth = static_cast<int>(std::min<std::size_t>(bytes_ / bytes_per_thread(), kMaxThreads));
  const int count = std::max(1, std::min({threads, workers.count, worth}));
  if (count == 1) {
    copy(&shared, 0, 1);
  } else {
    workers.run(workers.self, count, copy, &shared);
  }
}

}  // namespace adamas::bindings::xla
