#include <bench/base/error.h>
#include <bench/results/json_document.h>
#include <bench/results/sample_result.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace bench::results {
namespace {

using Json = nlohmann::ordered_json;

Json tree(const JsonValue& value) {
  Json json;
  switch (value.type) {
  case JsonValue::Type::null:
    break;
  case JsonValue::Type::boolean:
    return value.boolean();
  case JsonValue::Type::count:
    return value.count();
  case JsonValue::Type::number:
    return value.number();
  case JsonValue::Type::string:
    return std::string(value.text());
  case JsonValue::Type::array:
    json = Json::array();
    for (const JsonValue* v = value.begin(); v != value.end(); v = v->next())
      json.push_back(tree(*v));
    break;
  case JsonValue::Type::object:
    json = Json::object();
    for (const JsonValue* key = value.begin(); key != value.end(); key = key[1].next())
      json[std::string(key->text())] = tree(key[1]);
    break;
  }
  return json;
}

/// Both readers say the same of it.
void expect_alike(const std::string& text) {
  const Json theirs = Json::parse(text, nullptr, false);
  try {
    const JsonDocument document = JsonDocument::parse(text, "f");
    EXPECT_FALSE(theirs.is_discarded()) << text;
    EXPECT_EQ(tree(document.root()), theirs) << text;
  } catch (const UsageError&) {
    EXPECT_TRUE(theirs.is_discarded()) << text;
  }
}

TEST(JsonDocument, ReadsWhatIsJsonAndNothingElse) {
  for (const char* text : {"null",
                           "true",
                           "false",
                           "tru",
                           "nullx",
                           "0",
                           "-0",
                           "00",
                           "01",
                           "-",
                           "+1",
                           "1.",
                           ".5",
                           "1.5e",
                           "1.5e+",
                           "1e5",
                           "1E-5",
                           "-2.25",
                           "1e999",
                           "1e-999",
                           "0x1",
                           "NaN",
                           "inf",
                           "18446744073709551615",
                           "18446744073709551616",
                           "4.9e-324",
                           "0.1",
                           "1.7976931348623157e308",
                           "\"\"",
                           "\"a\"",
                           "\"a",
                           "\"\\\"\"",
                           "\"\\\\\"",
                           "\"\\u00e9\\n\"",
                           "\"\\ud83d\\ude00\"",
                           "\"\\ud83d\"",
                           "\"\\x\"",
                           "\"\xc3\xa9\"",
                           "\"\xc3\"",
                           "\"\x01\"",
                           "\"\x7f\"",
                           "\"a\tb\"",
                           "[]",
                           "[ ]",
                           "[1]",
                           "[1,]",
                           "[,1]",
                           "[1 2]",
                           "[1,[2,[]],3]",
                           "[",
                           "]",
                           "{}",
                           "{\"a\":1}",
                           "{\"a\"}",
                           "{a:1}",
                           "{\"a\":1,}",
                           "{\"a\":{\"b\":[{}]},\"c\":[]}",
                           " \r\n\t1 ",
                           "1 1",
                           "\xef\xbb\xbf{}",
                           "\xef\xbb{}",
                           "// x\n1",
                           "",
                           " ",
                           "'a'",
                           "{\"\\u0061\": 1}"})
    expect_alike(text);
}

TEST(JsonDocument, ReadsAResultAndNoneOfItsDamagedCopies) {
  const std::string text = to_text(sample_result());
  expect_alike(text);
  for (std::size_t at = 0; at < text.size(); at += 61) {
    for (const char c : {'"', '\\', '{', ']', ',', '1', 'e', '\x80', '\0'}) {
      std::string damaged = text;
      damaged[at] = c;
      expect_alike(damaged);
    }
  }
}

TEST(JsonDocument, IsNotEndlesslyDeep) {
  EXPECT_NO_THROW(JsonDocument::parse(std::string(60, '[') + std::string(60, ']'), "f"));
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');
  try {
    JsonDocument::parse(deep, "f.json");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(), "f.json: nested deeper than any file of bench");
  }
}

} // namespace
} // namespace bench::results
