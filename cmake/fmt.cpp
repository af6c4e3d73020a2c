// fmt's own code, compiled once. torch ships fmt's headers without their library; header-only,
// every file that formats would compile and optimize all of it again.
#include <fmt/format-inl.h>

namespace fmt {

template auto locale_ref::get<std::locale>() const -> std::locale;
template auto detail::thousands_sep_impl<char>(locale_ref) -> detail::thousands_sep_result<char>;
template auto detail::decimal_point_impl<char>(locale_ref) -> char;
template auto detail::dragonbox::to_decimal(float) noexcept -> detail::dragonbox::decimal_fp<float>;
template auto
detail::dragonbox::to_decimal(double) noexcept -> detail::dragonbox::decimal_fp<double>;

} // namespace fmt
