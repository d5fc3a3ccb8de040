// What people may write for a length of time.
#include "bridges/cli/duration.h"

#include <catch2/catch.hpp>

using namespace tlfs;
using namespace tlfs::cli;
using namespace std::chrono_literals;

TEST_CASE("a length of time is a whole number and its unit") {
  CHECK(parse_duration("1s").value() == 1s);
  CHECK(parse_duration("30m").value() == 30min);
  CHECK(parse_duration("12h").value() == 12h);
  CHECK(parse_duration("7d").value() == 7 * 24h);
  CHECK(parse_duration("3650d").value() == kMaxDuration);
}

TEST_CASE("anything else is refused with a sentence") {
  for (const char* text : {"", "d", "7", "-1d", "+1d", "1.5h", "1 h", " 1h", "1h ", "1w", "1D", "0x1h", "h1"}) {
    INFO(text);
    const auto parsed = parse_duration(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().is(DurationErrc::malformed));
    CHECK(parsed.error().message().find("30m, 12h or 7d") != std::string::npos);
  }
}

TEST_CASE("no time at all and more than ten years are refused") {
  for (const char* text : {"0s", "0d", "3651d", "4294967295d", "99999999999999999999s"}) {
    INFO(text);
    const auto parsed = parse_duration(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().is(DurationErrc::out_of_range));
  }
}
