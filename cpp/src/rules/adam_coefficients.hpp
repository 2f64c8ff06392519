// Which coefficient of Adam is where.
#pragma once

namespace adamas::adam {

enum { kBeta1, kOneMinusBeta1, kBeta2, kOneMinusBeta2, kInverseSqrtBias2, kEps, kStepSize, kCoefficientCount };

}  // namespace adamas::adam
