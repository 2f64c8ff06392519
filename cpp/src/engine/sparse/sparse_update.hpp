// The part of a pass that concerns rows of a matrix.
#pragma once

#include <cstddef>
#include <functional>

#include "engine/item.hpp"

namespace adamas {

// As run_part() and for_each_gradient(), of an item with rows.
void run_sparse_update(const Pass& pass, const Item& item, std::size_t begin, std::size_t end);
void for_each_row_gradient(const Pass& pass, const Item& item,
                           const std::function<void(const void*, std::size_t)>& work);

// Finds out, once for each step that rows of the item's set come from, what they have missed until the last one.
Status find_missed(Item& item, const Crew& crew);

}  // namespace adamas
