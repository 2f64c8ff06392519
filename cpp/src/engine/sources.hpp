// Steps with gradients of several sources (GradientSources).
#pragma once

#include "engine/plan_impl.hpp"

namespace adamas {

// While it lives, items may have sources; then they have none in use.
class SourcesInUse {
 public:
  SourcesInUse(std::vector<Item>& items, bool any) : items_(items), any_(any) {}
  SourcesInUse(const SourcesInUse&) = delete;
  SourcesInUse& operator=(const SourcesInUse&) = delete;
  ~SourcesInUse() {
    if (!any_) return;
    for (Item& item : items_) {
      if (item.sums) item.sums->uses_sources = false;
    }
  }

 private:
  std::vector<Item>& items_;
  bool any_;
};

}  // namespace adamas
