# Hardening, as distributions do it: what makes a bug harder to exploit and costs nothing that can be measured.
# Everything here is private to our objects: who links the static library keeps flags of their own.
#
# Canaries and checked copies are for the code that meets the world. The kernels have neither strings nor buffers whose
# size comes from outside, and count their instructions; they get what costs one instruction a call, or none. (That a
# binary keeps to its control flow is marked only if all objects in it do.)
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
set(ADAMAS_HARDENING_FLAGS "")
set(ADAMAS_HARDENING_LINK_FLAGS "")
if(ADAMAS_HARDENING)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
    adamas_known_flags(ADAMAS_KERNEL_HARDENING -fstack-clash-protection -fcf-protection)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64|ARM64)$" AND NOT APPLE)  # Apple's arm64 has an ABI without it
    adamas_known_flags(ADAMAS_KERNEL_HARDENING -fstack-clash-protection -mbranch-protection=standard)
  endif()

  set(ADAMAS_HARDENING_FLAGS ${ADAMAS_KERNEL_HARDENING})
  adamas_known_flags(ADAMAS_HARDENING_FLAGS -fstack-protector-strong)
  if(NOT MSVC)  # without optimisation, glibc can only warn about it
    list(APPEND ADAMAS_HARDENING_FLAGS -U_FORTIFY_SOURCE $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=3>)
  endif()

  foreach(flag relro now noexecstack text)
    check_linker_flag(CXX "LINKER:-z,${flag}" ADAMAS_LINKS_Z_${flag})
    if(ADAMAS_LINKS_Z_${flag})
      list(APPEND ADAMAS_HARDENING_LINK_FLAGS "LINKER:-z,${flag}")
    endif()
  endforeach()
endif()
