"""Usage: python3 embed.py FOLDER FILE.cpp

What compile.py wrote into FOLDER as C++: the bodies of kernels::triton::embedded_rms_norm() and triton_version(), which is
this Python's Triton: the build calls both with the same one."""

import importlib.metadata
import sys
from pathlib import Path

TYPES = {"bf16": "BFloat16", "fp16": "Half", "fp32": "Float"}


def literal(data: bytes) -> str:
    """Octal escapes: unlike hexadecimal ones they end after three digits."""
    lines = [data[i : i + 32] for i in range(0, len(data), 32)]
    return "\n".join('      "' + "".join(f"\\{byte:03o}" for byte in line) + '"' for line in lines)


def main() -> None:
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    text = "#include <kernels/triton/compiled_kernels.h>\n\nnamespace kernels::triton {\n\n"
    text += "std::vector<CompiledKernel> embedded_rms_norm() {\n  std::vector<CompiledKernel> all;\n"
    for line in (folder / "kernels.txt").read_text().splitlines():
        function, width, kind, symbol, rows, warps, shared, cubin = line.split()
        data = (folder / cubin).read_bytes()
        text += f'  all.push_back({{"{function}", {width}, c10::ScalarType::{TYPES[kind]}, "{symbol}",\n'
        text += f"    {rows}, {warps}, {shared},\n"
        text += f"    std::string(\n{literal(data)},\n      {len(data)})}});\n"
    text += "  return all;\n}\n\n"
    text += f'std::string triton_version() {{\n  return "{importlib.metadata.version("triton")}";\n}}\n'
    out.write_text(text + "\n} // namespace kernels::triton\n")


main()
