"""What the handler takes for XLA's structs has the layout of those in the headers that jaxlib brings."""

from __future__ import annotations

import subprocess
from pathlib import Path

import jaxlib

BINDINGS = Path(__file__).parent.parent.parent / "cpp" / "bindings"

#: Of each struct ours, theirs, and the members: ours, theirs.
STRUCTS: list[tuple[str, str, dict[str, str]]] = [
    ("Extension", "XLA_FFI_Extension_Base", {"struct_size": "struct_size", "type": "type", "next": "next"}),
    (
        "Version",
        "XLA_FFI_Api_Version",
        {"struct_size": "struct_size", "major": "major_version", "minor": "minor_version"},
    ),
    ("Metadata", "XLA_FFI_Metadata", {"version": "api_version", "traits": "traits"}),
    ("MetadataExtension", "XLA_FFI_Metadata_Extension", {"base": "extension_base", "metadata": "metadata"}),
    ("ErrorArguments", "XLA_FFI_Error_Create_Args", {"message": "message", "code": "errc"}),
    ("DestroyArguments", "XLA_FFI_Error_Destroy_Args", {"error": "error"}),
    ("ScheduleArguments", "XLA_FFI_ThreadPool_Schedule_Args", {"context": "ctx", "task": "task", "data": "data"}),
    ("ThreadsArguments", "XLA_FFI_ThreadPool_NumThreads_Args", {"context": "ctx", "count": "num_threads"}),
    (
        "Api",
        "XLA_FFI_Api",
        {
            "version": "api_version",
            "create_error": "XLA_FFI_Error_Create",
            "destroy_error": "XLA_FFI_Error_Destroy",
            "schedule": "XLA_FFI_ThreadPool_Schedule",
            "count_threads": "XLA_FFI_ThreadPool_NumThreads",
        },
    ),
    ("Buffer", "XLA_FFI_Buffer", {"dtype": "dtype", "data": "data", "rank": "rank", "dims": "dims"}),
    ("Buffers", "XLA_FFI_Args", {"size": "size", "types": "types", "buffers": "args"}),
    ("Buffers", "XLA_FFI_Rets", {"size": "size", "types": "types", "buffers": "rets"}),
    ("Text", "XLA_FFI_ByteSpan", {"data": "ptr", "size": "len"}),
    ("Array", "XLA_FFI_Array", {"dtype": "dtype", "size": "size", "data": "data"}),
    ("Attributes", "XLA_FFI_Attrs", {"size": "size", "types": "types", "names": "names", "values": "attrs"}),
    (
        "CallFrame",
        "XLA_FFI_CallFrame",
        {
            "api": "api",
            "context": "ctx",
            "stage": "stage",
            "arguments": "args",
            "results": "rets",
            "attributes": "attrs",
        },
    ),
]
VALUES = {
    "kMetadataExtension": "XLA_FFI_Extension_Metadata",
    "kInvalidArgument": "XLA_FFI_Error_Code_INVALID_ARGUMENT",
    "kInternal": "XLA_FFI_Error_Code_INTERNAL",
    "kArrayAttribute": "XLA_FFI_AttrType_ARRAY",
    "kExecute": "XLA_FFI_ExecutionStage_EXECUTE",
    "kMajor": "XLA_FFI_API_MAJOR",
    **{
        f"DataType::k{name.capitalize()}": f"XLA_FFI_DataType_{name}"
        for name in ("S32", "S64", "U8", "U16", "U32", "F16", "F32", "F64", "BF16")
    },
}


def test_layout(tmp_path: Path) -> None:
    lines = ['#include "xla/abi.hpp"', '#include "xla/ffi/api/c_api.h"', "using namespace adamas::bindings::xla;"]
    for ours, theirs, members in STRUCTS:
        for our, their in members.items():
            lines += [
                f'static_assert(offsetof({ours}, {our}) == offsetof({theirs}, {their}), "{ours}::{our}");',
                f'static_assert(sizeof({ours}::{our}) == sizeof({theirs}::{their}), "{ours}::{our}");',
            ]
    lines += [f"static_assert(static_cast<int>({ours}) == {theirs});" for ours, theirs in VALUES.items()]
    lines.append("static_assert(kMinor <= XLA_FFI_API_MINOR);")
    source = tmp_path / "layout.cpp"
    source.write_text("\n".join(lines) + "\n")
    headers = Path(jaxlib.__file__).parent / "include"
    command = ["g++", "-std=c++17", "-fsyntax-only", f"-I{BINDINGS}", f"-isystem{headers}", str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
