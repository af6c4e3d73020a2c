#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace bench {

/// The whole file. Throws UsageError naming it when it cannot be read.
std::string read_file(const std::filesystem::path& path);

/// Replaces `path` by `text` at once: temporary file beside it, fsync, rename; a reader sees the
/// old file or the new one. Makes missing parent folders, follows a symbolic link to the file it
/// names. Throws UsageError naming the folder when it cannot be written, UnavailableError when the
/// disk is full; the old file is then untouched and no temporary file stays.
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

/// Throws as write_file_atomically would, before the work whose output goes there is begun.
void check_writable(const std::filesystem::path& path);

/// Throws what the two above throw when a system call for `path` failed with `error`, an errno.
[[noreturn]] void throw_write_error(const std::filesystem::path& path, int error);

} // namespace bench
