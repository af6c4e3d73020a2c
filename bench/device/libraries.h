#pragma once

#include <bench/device/device.h>

#include <map>
#include <string>

namespace bench::device {

using Facts = std::map<std::string, std::map<std::string, std::string>>;

/// Versions of torch and the libraries it loaded ("libraries" -> "torch" -> "2.11.0"), and the
/// settings of theirs that change speed ("settings" -> "tf32_matmul" -> "off"). `device` decides
/// which attention backend torch chooses for a dense bf16 attention of 128-wide heads.
Facts library_facts(Device& device);

} // namespace bench::device
