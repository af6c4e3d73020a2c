#include <bench/explain/kernel_name.h>

#include <algorithm>
#include <cctype>

namespace bench::explain {
namespace {

bool is_identifier(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// Every `what` that does not begin in the middle of a word.
void erase_all(std::string& text, std::string_view what) {
  for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at))
    if (at > 0 && is_identifier(text[at - 1]))
      ++at;
    else
      text.erase(at, what.size());
}

/// "add<float>, array<char*, 3> >(int" -> "add<float>": up to what is outside of its own brackets.
std::string first_argument(std::string_view text) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (depth == 0 && (text[i] == ',' || text[i] == '>' || text[i] == '(')) {
      text = text.substr(0, i);
      return std::string(text.substr(0, text.find_last_not_of(' ') + 1));
    }
    depth += text[i] == '<';
    depth -= text[i] == '>';
  }
  return std::string(text) + ".."; // results cut names
}

/// Torch's kernels of one operation an element differ in the functor that they are given, which may
/// itself only wrap the one that tells: "elementwise MulFunctor<float>".
std::string elementwise(const std::string& text) {
  constexpr std::string_view kKernel = "elementwise_kernel<";
  const std::size_t at = text.find(kKernel);
  const std::string kind = text.substr(0, std::min(at, text.size()));
  if (at == text.npos || (!kind.empty() && kind != "vectorized_" && kind != "unrolled_"))
    return text;
  std::size_t from = at + kKernel.size();
  while (from < text.size() && (std::isdigit(static_cast<unsigned char>(text[from])) != 0 ||
                                text[from] == ',' || text[from] == ' ')) {
    ++from;
  }
  std::string_view functor = std::string_view(text).substr(from);
  for (const std::string_view wrapper : {"gpu_kernel_impl_nocast<", "gpu_kernel_impl<"})
    if (functor.starts_with(wrapper))
      functor.remove_prefix(wrapper.size());
  constexpr std::string_view kInner = "binary_internal::";
  for (const std::string_view wrapper : {"BinaryFunctor<", "AUnaryFunctor<", "BUnaryFunctor<"}) {
    const std::size_t inner = functor.find(kInner);
    if (functor.starts_with(wrapper) && inner != functor.npos)
      functor.remove_prefix(inner + kInner.size());
  }
  return kind + "elementwise " + first_argument(functor);
}

} // namespace

std::string without_arguments(std::string name) {
  int depth = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '(' && depth == 0 && i > 0) {
      name.resize(i);
      break;
    }
    depth += name[i] == '<' || name[i] == '(';
    depth -= name[i] == '>' || name[i] == ')';
  }
  return name;
}

std::string short_kernel_name(std::string_view name, std::size_t width) {
  std::string text(name);
  for (const std::string_view shared :
       {"void ", "(anonymous namespace)::", "<unnamed>::", "at::native::", "at::cuda::", "at::",
        "c10::", "bench::", "kernels::cuda::", "kernels::", "cuda::detail::", "std::"}) {
    erase_all(text, shared);
  }
  text = without_arguments(elementwise(text));
  std::ranges::replace_if(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  if (text.empty())
    return "?";
  if (text.size() > width)
    text.replace(width - 2, text.npos, "..");
  return text;
}

} // namespace bench::explain
