#pragma once

namespace bench::measure {

/// From now on SIGINT and SIGTERM ask the run to end at the next step instead of killing it; a
/// second one kills.
void catch_interrupts();

/// A signal has asked the run to end.
bool interrupted();

/// Thrown out of a measurement that a signal ended; what it had sampled is dropped.
struct Interrupted {};

} // namespace bench::measure
