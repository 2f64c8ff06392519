// Mixed number formats are worked on in pairs of vectors; codes are packed in groups of two pairs.
#pragma once

namespace adamas {

constexpr int kVectorsPerGroup = 4;

}  // namespace adamas
