#include "bridges/cli/progress.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "bridges/cli/figures.h"

using namespace tlfs;
using namespace tlfs::cli;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

struct SteppedClock final : Clock {
  std::chrono::milliseconds wall() const override { return 0ms; }
  std::chrono::nanoseconds monotonic() const override { return now; }
  std::chrono::nanoseconds now{0};
};

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size())) ++n;
  return n;
}

}  // namespace

TEST_CASE("away from a terminal progress is a few plain lines without control characters") {
  SteppedClock clock;
  std::ostringstream out;
  {
    Progress progress(out, false, clock);
    const auto row = progress.add("replaying", 1000, "edits");
    for (std::uint64_t done = 1; done <= 1000; ++done) {
      clock.now += 1ms;
      progress.set(row, done);
    }
    progress.say("done");
  }
  CHECK(count(out.str(), "\n") == Progress::kPlainSteps + 1);
  CHECK(count(out.str(), "\x1b") == 0);
  CHECK_THAT(out.str(), Contains(" 20 %  200 of 1,000 edits, 1,000/s\n"));
  CHECK_THAT(out.str(), Contains("100 %  1,000 of 1,000 edits, 1,000/s\n"));
}

TEST_CASE("on a terminal progress redraws in place, and not more often than its interval") {
  SteppedClock clock;
  std::ostringstream out;
  Progress progress(out, true, clock);
  const auto one = progress.add("one", 10'000, "edits");
  progress.add("two", 10, "todos");
  out.str("");
  for (std::uint64_t done = 1; done < 10'000; ++done) progress.set(one, done);
  CHECK(out.str().empty());
  clock.now += Progress::kRedrawInterval;
  progress.set(one, 5'000);
  CHECK(count(out.str(), "\x1b[2A") == 1);  // two rows up
  CHECK_THAT(out.str(), Contains("██████████░░░░░░░░░░  50 %  5,000 of 10,000 edits"));
  out.str("");
  progress.set(one, 10'000);  // the end is shown at once
  CHECK_THAT(out.str(), Contains("100 %"));
}

TEST_CASE("a line said on a terminal stands above the bars") {
  SteppedClock clock;
  std::ostringstream out;
  Progress progress(out, true, clock);
  progress.add("one", 10, "edits");
  out.str("");
  progress.say("restarted");
  CHECK(out.str().find("restarted") > out.str().find("\x1b[J"));
  CHECK(out.str().find("restarted") < out.str().find("one"));
}

TEST_CASE("long labels are cut at a code point and nothing divides by zero") {
  SteppedClock clock;
  std::ostringstream out;
  Progress progress(out, false, clock);
  const auto row = progress.add("äöüäöüäöüäöüäöüäöüäöü", 0, "edits");
  progress.set(row, 0);
  CHECK_THAT(out.str(), Contains("äöüäöüäöüäöüäöüäöü 100 %  0 of 0 edits, -\n"));
}

TEST_CASE("figures read as people write them") {
  CHECK(format_count(0) == "0");
  CHECK(format_count(999) == "999");
  CHECK(format_count(1000) == "1,000");
  CHECK(format_count(259'778) == "259,778");
  CHECK(format_count(1'234'567'890) == "1,234,567,890");
  CHECK(format_bytes(999) == "999 B");
  CHECK(format_bytes(80'250) == "80.2 kB");
  CHECK(format_bytes(999'499) == "999 kB");
  CHECK(format_bytes(999'500) == "1.00 MB");
  CHECK(format_duration(12'340ns) == "12.3 µs");
  CHECK(format_duration(999'600ns) == "1.00 ms");
  CHECK(format_duration(207ms) == "207 ms");
  CHECK(format_duration(61s) == "61.0 s");
  CHECK(format_rate(1'250'000, 1s) == "1.25 M/s");
  CHECK(format_rate(8'310, 1s) == "8,310/s");
  CHECK(format_rate(5, 0s) == "-");
}
