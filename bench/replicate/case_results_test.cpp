#include <bench/replicate/case_results.h>

#include <gtest/gtest.h>

namespace bench::replicate {
namespace {

TEST(CaseResults, NoteWhereTheDeviceWaitedForTheHost) {
  results::CaseResult loop;
  loop.message = "its buffers lie anywhere";
  measure::Sampled sampled;
  note_waits_for_host(loop, sampled);
  sampled.steps_ahead = 1.2;
  note_waits_for_host(loop, sampled);
  EXPECT_TRUE(loop.parameters.empty());
  sampled.steps_ahead = 0.01;
  note_waits_for_host(loop, sampled);
  EXPECT_EQ(loop.parameters.at("gpu"), "waits for the host");
  EXPECT_EQ(loop.message,
            "its buffers lie anywhere; the GPU waits for the host, which takes as long to enqueue "
            "a step as the step takes: it is judged as it was timed");
}

} // namespace
} // namespace bench::replicate
