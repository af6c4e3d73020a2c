#include <bench/base/error.h>
#include <bench/base/temporary_folder.h>
#include <bench/models/safetensors.h>
#include <bench/models/write_safetensors.h>

#include <ATen/core/Tensor.h>

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

namespace bench::models {
namespace {

class Safetensors : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& header, const std::string& data,
                              std::int64_t announced = -1) {
    write_safetensors(path_, header, data, announced);
    return path_;
  }

  /// The message of the UsageError that reading it raises.
  std::string error(const std::filesystem::path& path) {
    try {
      SafetensorsFile file(path);
    } catch (const UsageError& e) {
      return e.what();
    }
    return "no error";
  }

  const TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_ / "some.safetensors";
};

const std::string kTwoFloats(
    R"({"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"__metadata__":{"k":"v"}})");

std::string floats(float x, float y) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &x, 4);
  std::memcpy(bytes.data() + 4, &y, 4);
  return bytes;
}

TEST_F(Safetensors, ReadsATensor) {
  const SafetensorsFile file(write(kTwoFloats, floats(1.5, -2)));
  EXPECT_EQ(file.names(), std::vector<std::string>{"a"});
  EXPECT_TRUE(file.holds("a"));
  const at::Tensor t = file.tensor("a");
  EXPECT_EQ(t.sizes(), (at::IntArrayRef{2, 1}));
  EXPECT_EQ(t[0][0].item<float>(), 1.5);
  EXPECT_EQ(t[1][0].item<float>(), -2);
}

TEST_F(Safetensors, AsWeightsConvertsAndAccounts) {
  SafetensorsWeights weights(write(kTwoFloats, floats(1.5, -2)), c10::kCPU, c10::kBFloat16);
  EXPECT_THROW(weights.require_all_taken(), UsageError);
  EXPECT_THROW(weights.take("a", {1, 2}), UsageError);
  EXPECT_THROW(weights.take("b", {2, 1}), UsageError);
  EXPECT_EQ(weights.take("a", {2, 1}).scalar_type(), at::kBFloat16);
  EXPECT_EQ(weights.parameters(), 2);
  EXPECT_NO_THROW(weights.require_all_taken());
}

TEST_F(Safetensors, RefusesWhatIsNoSuchFile) {
  EXPECT_NE(error("/no/such/file").find("cannot be read"), std::string::npos);
  EXPECT_NE(error(write("", "")).find("too short"), std::string::npos);
  EXPECT_NE(error(write("not json at all", "")).find("is no safetensors file"), std::string::npos);
  EXPECT_NE(error(write(kTwoFloats, "", 1 << 30)).find("truncated"), std::string::npos);
  EXPECT_NE(error(write(kTwoFloats, "1234")).find("truncated"), std::string::npos);
  EXPECT_NE(
      error(write(R"({"a":{"dtype":"F8","shape":[1],"data_offsets":[0,1]}})", "1")).find("F8"),
      std::string::npos);
  EXPECT_NE(error(write(R"({"a":{"shape":[1]}})", "1234")).find("data_offsets"), std::string::npos);
}

} // namespace
} // namespace bench::models
