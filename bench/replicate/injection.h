#pragma once

#include <bench/scenario/scenario.h>

#include <string>
#include <string_view>

namespace bench::replicate {

/// A known change of a loop's step, put there to see whether the harness finds it.
struct Injection {
  enum class Kind {
    none,  ///< the same work again
    spin,  ///< one SM counts `amount` of the step's cycles while the others wait: exactly known
    norms, ///< `amount` launches of at::rms_norm, 4128 x 3840 bf16, about 22 us each on an H200
    power ///< the same work at less power, so at another clock: weights of which only the signs are
          ///< random
  };
  Kind kind = Kind::none;
  double amount = 0; ///< spin: share of the step, 0.003 is 0.3 %; norms: a number

  bool operator==(const Injection&) const = default;
};

/// "none", "spin=0.3%", "norms=10", "power".
std::string to_string(const Injection& injection);
/// Throws UsageError for other text.
Injection parse_injection(std::string_view text);

/// The loop that is run: with `power`, of other weights. Throws UnavailableError where these are
/// not random.
scenario::LoopCase injected_loop(scenario::LoopCase loop, const Injection& injection);

/// Case id -> the id of the case with the injection: "zimage/loop/turbo-9/graph/aten#spin=0.3%".
std::string injected_id(std::string_view id, const Injection& injection);
/// And back: "zimage/loop/turbo-9/graph/aten", also of an id without an injection.
std::string id_without_injection(std::string_view id);

} // namespace bench::replicate
