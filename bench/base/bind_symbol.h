#pragma once

#include <dlfcn.h>

namespace bench {

/// Sets a pointer to a function of a library opened with dlopen; null where it lacks the symbol.
template <typename Function>
void bind_symbol(void* library, Function& function, const char* symbol) {
  function = reinterpret_cast<Function>(dlsym(library, symbol));
}

} // namespace bench
