#pragma once

#include <bench/scenario/scenario.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bench::replicate {

/// A known change of a case's work, put there to see whether the harness finds it.
struct Injection {
  enum class Kind {
    none,    ///< the same work again
    spin,    ///< one SM counts `amount` of the step's cycles while the others wait: exactly known
    norms,   ///< `amount` launches of at::rms_norm, 4128 x 3840 bf16, about 22 us each on an H200
    power,   ///< the same work at less power, so at another clock: weights of which only the signs
             ///< are random
    launches ///< of a kernel `amount` more launches than are counted: exactly known
  };
  Kind kind = Kind::none;
  double amount = 0; ///< spin, launches: a share, 0.003 is 0.3 %; norms: a number

  bool operator==(const Injection&) const = default;
};

/// "none", "spin=0.3%", "norms=10", "power", "launches=0.5%".
std::string to_string(const Injection& injection);
/// Throws UsageError for other text.
Injection parse_injection(std::string_view text);

/// Whether cases of this kind, "loop" or "kernel", can have it.
bool is_for(const Injection& injection, std::string_view kind);

/// Refuses injections none of which any of the cases can have: a run that looks for one would find
/// nothing there. Throws UsageError.
void check_some_fits(const std::vector<Injection>& injections,
                     const std::vector<scenario::Case>& cases);

/// What the cases of a request are measured with.
struct Arms {
  std::vector<Injection> injections{};
  bool only_injected = false; ///< and not as they are

  /// Of the cases of a kind, none being a case as it is: what no injection is for is measured so.
  std::vector<std::optional<Injection>> of(std::string_view kind) const;
};

/// The loop that is run: with `power`, of other weights. Throws UnavailableError where these are
/// not random.
scenario::LoopCase injected_loop(scenario::LoopCase loop, const Injection& injection);

/// Case id -> the id of the case with the injection: "zimage/loop/turbo-9/graph/aten#spin=0.3%".
std::string injected_id(std::string_view id, const Injection& injection);
/// And back: "zimage/loop/turbo-9/graph/aten", also of an id without an injection.
std::string id_without_injection(std::string_view id);

} // namespace bench::replicate
