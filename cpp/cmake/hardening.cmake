# Hardening, as distributions do it: what makes a bug harder to exploit and costs nothing that can be measured.
# Everything here is private to our objects: who links the static library keeps flags of their own.
#
# Canaries wherever something has an address cost a small step 1 % of its instructions: they are for the bindings, which
# meet the world. The engine has them where it reads text. The kernels have neither text nor buffers whose size comes
# from outside; they get what costs an instruction a call. (A binary is marked as keeping to its control flow only if all
# objects in it do.)
include(CheckCXXCompilerFlag)
include(CheckLinkerFlag)

# Appends to `list` those flags that the compiler knows.
function(adamas_known_flags list)
  foreach(flag ${ARGN})
    string(MAKE_C_IDENTIFIER "ADAMAS_HAS${flag}" known)
    check_cxx_compiler_flag("${flag}" ${known})
    if(${known})
      list(APPEND ${list} "${flag}")
    endif()
  endforeach()
  set(${list} "${${list}}" PARENT_SCOPE)
endfunction()

set(ADAMAS_KERNEL_HARDENING "")
set(ADAMAS_ENGINE_HARDENING "")
set(ADAMAS_BINDINGS_HARDENING "")
set(ADAMAS_LINK_HARDENING "")
# Windows gets none of it, but for what its linker does unasked (addresses at random, no code in data). There, GCC touches
# every page of a large frame anyway, and fails with an internal error when asked for -fstack-clash-protection. Canaries
# and checked functions are in a library of their own, which whoever links ours would need.
if(ADAMAS_HARDENING AND NOT WIN32)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
    adamas_known_flags(ADAMAS_KERNEL_HARDENING -fstack-clash-protection -fcf-protection)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64|ARM64)$" AND NOT APPLE)  # Apple's arm64 has an ABI without it
    adamas_known_flags(ADAMAS_KERNEL_HARDENING -fstack-clash-protection -mbranch-protection=standard)
  endif()

  # (Without optimisation, glibc can only warn about it.)
  set(checked -U_FORTIFY_SOURCE $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=3>)
  set(ADAMAS_ENGINE_HARDENING ${ADAMAS_KERNEL_HARDENING} ${checked})
  set(ADAMAS_BINDINGS_HARDENING ${ADAMAS_KERNEL_HARDENING} ${checked})
  adamas_known_flags(ADAMAS_ENGINE_HARDENING -fstack-protector)
  adamas_known_flags(ADAMAS_BINDINGS_HARDENING -fstack-protector-strong)

  foreach(flag relro now noexecstack text)
    check_linker_flag(CXX "LINKER:-z,${flag}" ADAMAS_LINKS_Z_${flag})
    if(ADAMAS_LINKS_Z_${flag})
      list(APPEND ADAMAS_LINK_HARDENING "LINKER:-z,${flag}")
    endif()
  endforeach()
endif()
