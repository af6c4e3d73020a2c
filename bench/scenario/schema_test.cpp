#include <bench/base/file.h>
#include <bench/scenario/fake_catalog.h>
#include <bench/scenario/schema.h>

#include <gtest/gtest.h>

#include <set>

namespace bench::scenario {
namespace {

std::string readme() {
  return read_file(BENCH_SCENARIOS_DIR "/README.md");
}

/// What stands between the lines `begin` and `end`.
std::string between(const std::string& text, const std::string& begin, const std::string& end) {
  const std::size_t from = text.find(begin + "\n");
  const std::size_t to = text.find(end + "\n", from == std::string::npos ? 0 : from);
  if (from == std::string::npos || to == std::string::npos)
    return "(no lines '" + begin + "' and '" + end + "')";
  return text.substr(from + begin.size() + 1, to - from - begin.size() - 1);
}

TEST(Schema, TheReadmeIsTheReferenceOfEveryKey) {
  const std::string expected = schema_markdown();
  EXPECT_TRUE(between(readme(), "<!-- keys -->", "<!-- /keys -->") == expected)
      << "the table of keys in scenarios/README.md must be:\n"
      << expected;
}

TEST(Schema, TheExampleOfTheReadmeLoads) {
  const std::string example = between(readme(), "```yaml", "```");
  EXPECT_EQ(faults_of(example), "");
}

TEST(Schema, EachKeyOnceBelowAMapThatIsThere) {
  std::set<std::string_view> seen;
  for (const SchemaKey& key : schema()) {
    EXPECT_TRUE(seen.insert(key.path).second) << key.path;
    if (const std::size_t dot = key.path.rfind('.'); dot != std::string_view::npos) {
      const std::string_view parent = key.path.substr(0, dot);
      ASSERT_TRUE(seen.contains(parent)) << parent;
      EXPECT_EQ(schema_key(parent).type, Type::map) << parent;
    }
  }
  EXPECT_THROW(schema_key("banana"), std::logic_error);
}

/// The path of a schema key with names that kSmall or the fake catalog has.
std::string concrete(std::string path) {
  const std::pair<std::string, std::string> names[] = {{"<loop>", "a"},
                                                       {"<profile>", "full"},
                                                       {"<worker>", "mine"},
                                                       {"<family>", "rms_norm"},
                                                       {"<key>", "layers"}};
  for (const auto& [placeholder, name] : names)
    if (const std::size_t at = path.find(placeholder); at != std::string::npos)
      path.replace(at, placeholder.size(), name);
  return path;
}

/// The words of the examples, to be known here.
std::string with_names_of_small(std::string example) {
  for (const std::string word : {"turbo-9", "zimage"})
    if (const std::size_t at = example.find(word); at != std::string::npos)
      example.replace(at, word.size(), "a");
  return example;
}

TEST(Schema, EveryExampleIsAllowed) {
  for (const SchemaKey& key : schema()) {
    if (key.path == "profiles" || key.path == "loops")
      continue; // kSmall's other keys name loops and profiles that the example replaces
    const std::string setting =
        concrete(std::string(key.path)) + "=" + with_names_of_small(std::string(key.example));
    const std::string file =
        key.last() == "conditioning" ? small_with("z_image", "editor") : std::string(kSmall);
    EXPECT_EQ(faults_of(file, {setting}), "") << setting;
  }
}

TEST(Schema, EveryDefaultIsAllowed) {
  int count = 0;
  for (const SchemaKey& key : schema()) {
    if (key.is_required() || key.fallback.starts_with('('))
      continue;
    const std::string setting = concrete(std::string(key.path)) + "=" + std::string(key.fallback);
    EXPECT_EQ(faults_of(kSmall, {setting}), "") << setting;
    ++count;
  }
  EXPECT_GT(count, 10);
}

TEST(Schema, DefaultsAgreeWithTheHeader) {
  const Catalog catalog = fake_catalog();
  const Expansion expansion = expand(load_text(kSmall), "full", catalog);
  EXPECT_EQ(expansion.sampling.loops, Sampling{}.loops);
  EXPECT_EQ(expansion.sampling.regions, Sampling{}.regions);
  EXPECT_EQ(expansion.sampling.warmup_s, Sampling{}.warmup_s);
  EXPECT_EQ(expansion.sampling.machine_interval_s, Sampling{}.machine_interval_s);
  const Case& measured = expansion.cases.front();
  EXPECT_EQ(measured.gate.work, Gate{}.work);
  const LoopCase& loop = std::get<LoopCase>(measured.work);
  EXPECT_EQ(loop.spec.guidance, LoopSpec{}.guidance);
  EXPECT_EQ(loop.spec.negative_text_tokens, LoopSpec{}.negative_text_tokens);
  EXPECT_EQ(loop.spec.shift, LoopSpec{}.shift);
  EXPECT_EQ(loop.model.width, ModelSpec{}.width);
  EXPECT_EQ(loop.model.height, ModelSpec{}.height);
  EXPECT_EQ(loop.model.batch, ModelSpec{}.batch);
  EXPECT_EQ(loop.model.text_tokens, ModelSpec{}.text_tokens);
  EXPECT_EQ(loop.model.dtype, ModelSpec{}.dtype);
  EXPECT_EQ(loop.model.weights, ModelSpec{}.weights);
  EXPECT_EQ(loop.model.seed, ModelSpec{}.seed);
}

} // namespace
} // namespace bench::scenario
