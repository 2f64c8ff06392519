# What the core and the extension are compiled with.

# Exactness: one rounding per operation (no contraction into fused multiply-add), and the IEEE meaning of everything.
# Without -fno-math-errno and -fno-trapping-math GCC will not vectorise sqrt; neither changes a result.
set(ADAMAS_NUMERIC_FLAGS -ffp-contract=off -fno-math-errno -fno-trapping-math)
set(ADAMAS_WARNING_FLAGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
if(ADAMAS_WERROR)
  list(APPEND ADAMAS_WARNING_FLAGS -Werror)
endif()

include(${CMAKE_CURRENT_LIST_DIR}/hardening.cmake)
