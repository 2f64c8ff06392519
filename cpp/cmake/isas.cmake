# The instruction sets of the target processor, and what is compiled once for each of them. The list here and
# src/simd/registry.hpp name the same sets.
set(ADAMAS_ISAS scalar)
# Spares instructions that only move a number between registers (up to 8 % of a step).
set(ADAMAS_FLAGS_scalar $<$<CXX_COMPILER_ID:GNU>:-frename-registers>)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  list(APPEND ADAMAS_ISAS avx2 avx512)
  # Where registers are few, the order of instructions matters: groups of vectors are to be interleaved (10 % measured).
  set(ADAMAS_FLAGS_avx2 -mavx2 $<$<CXX_COMPILER_ID:GNU>:-fschedule-insns> $<$<CXX_COMPILER_ID:GNU>:-fsched-pressure>)
  # GCC 12 takes the don't-care operand inside its own AVX-512 intrinsics for an uninitialised variable (GCC bug 105593).
  set(ADAMAS_FLAGS_avx512 -mavx512f -mprefer-vector-width=512 $<$<CXX_COMPILER_ID:GNU>:-Wno-uninitialized>
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  # Windows aligns the stack to 16 bytes. GCC keeps wider vectors on it all the same, and moves them by instructions that
  # may fail there (GCC bug 54412). The assembler, of binutils 2.38 or newer, replaces these by some that take any
  # address. (Some GCCs are repaired; Debian's is.)
  if(WIN32)
    list(APPEND ADAMAS_FLAGS_avx2 $<$<CXX_COMPILER_ID:GNU>:-Wa,-muse-unaligned-vector-move>)
    list(APPEND ADAMAS_FLAGS_avx512 $<$<CXX_COMPILER_ID:GNU>:-Wa,-muse-unaligned-vector-move>)
  endif()
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64|ARM64)$")
  list(APPEND ADAMAS_ISAS neon)
endif()

# Adds to a library one object per instruction set, all of them from the same source.
function(adamas_add_kernels library source)
  foreach(isa ${ADAMAS_ISAS})
    set(object ${library}_kernels_${isa})
    add_library(${object} OBJECT ${source})
    target_compile_features(${object} PRIVATE cxx_std_17)
    target_compile_definitions(${object} PRIVATE ADAMAS_ISA=${isa})
    target_compile_options(${object} PRIVATE ${ADAMAS_NUMERIC_FLAGS} ${ADAMAS_WARNING_FLAGS} ${ADAMAS_KERNEL_HARDENING}
      $<$<NOT:$<CONFIG:Debug>>:-O3> ${ADAMAS_FLAGS_${isa}})
    target_include_directories(${object} PRIVATE ${ADAMAS_CPP}/include ${ADAMAS_CPP}/src)
    set_target_properties(${object} PROPERTIES
      POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
    target_sources(${library} PRIVATE $<TARGET_OBJECTS:${object}>)
  endforeach()
endfunction()
