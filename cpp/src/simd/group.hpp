// Mixed number formats are worked on in groups of vectors, so that a format is looked up once a group; and the bytes or
// words of a group are packed together.
#pragma once

namespace adamas {

constexpr int kVectorsPerGroup = 4;

}  // namespace adamas
