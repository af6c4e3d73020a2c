# Writes OUTPUT, the definitions of version.h, when the checkout's revision changed.
# Variables: SOURCE_DIR, VERSION, OUTPUT.

execute_process(COMMAND git -C ${SOURCE_DIR} rev-parse --short=12 HEAD
  OUTPUT_VARIABLE sha OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
execute_process(COMMAND git -C ${SOURCE_DIR} status --porcelain --untracked-files=no
  OUTPUT_VARIABLE changes OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT sha)
  set(sha "unknown")
endif()
if(changes STREQUAL "")
  set(dirty false)
else()
  set(dirty true)
endif()

set(text "// Written by version.cmake.\n#include <bench/version/version.h>\n\nnamespace bench {\n\n\
const Version& version() {\n  static const Version version{.tool = \"${VERSION}\", .git_sha = \"${sha}\", .git_dirty = ${dirty}};\n\
  return version;\n}\n\n} // namespace bench\n")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} old)
endif()
if(NOT "${old}" STREQUAL "${text}")
  file(WRITE ${OUTPUT} "${text}")
endif()
