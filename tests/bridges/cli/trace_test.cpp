#include "bridges/cli/trace.h"

#include <zlib.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "bridges/cli/gzip.h"
#include "runtime/base/environment.h"
#include "tests/bridges/cli/reference_replay.h"

using namespace tlfs;
using namespace tlfs::cli;
using Catch::Matchers::Contains;
using Catch::Matchers::Equals;

namespace {

Result<Trace> decode(std::string_view json) { return decode_trace(as_bytes(json)); }

std::string error_of(std::string_view json) {
  const auto trace = decode(json);
  return trace ? "no error" : trace.error().message();
}

Bytes gzip(std::string_view text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  Bytes input(text.begin(), text.end());
  Bytes out(deflateBound(&stream, static_cast<uLong>(input.size())));
  stream.next_in = input.data();
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// A one-writer trace around the transactions, and a concurrent one of two agents.
std::string sequential(std::string_view txns) {
  return R"({"startContent":"","endContent":"","txns":[)" + std::string(txns) + "]}";
}
std::string concurrent(std::string_view txns) {
  return R"({"kind":"concurrent","endContent":"","numAgents":2,"txns":[)" + std::string(txns) + "]}";
}

const std::string kSmall =
    R"({"startContent":"äb","endContent":"ä😀","txns":[{"time":"x","patches":[[1,1,""],[1,0,"\ud83d\ude00"]]},{"patches":[]}]})";

constexpr const char* kSharedTraces = TLFS_SHARED_DIR "/traces";

}  // namespace

TEST_CASE("a one-writer trace keeps its transactions, patches and contents") {
  const auto trace = decode(kSmall);
  REQUIRE(trace);
  CHECK_FALSE(trace->concurrent);
  CHECK(trace->agents == 1);
  CHECK(trace->start_content == "äb");
  CHECK(trace->end_content == "ä😀");
  REQUIRE(trace->transactions.size() == 2);
  const auto patches = trace->patches_of(trace->transactions[0]);
  REQUIRE(patches.size() == 2);
  CHECK(patches[0].position == 1);
  CHECK(patches[0].deleted == 1);
  CHECK(patches[0].inserted.empty());
  CHECK(patches[1].inserted == "😀");
  CHECK(trace->patches_of(trace->transactions[1]).empty());
  CHECK(trace->parents_of(trace->transactions[0]).empty());
}

TEST_CASE("a concurrent trace keeps who wrote what after what") {
  const auto trace = decode(R"({"txns":[
      {"parents":[],"numChildren":2,"agent":0,"patches":[[0,0,"a"]]},
      {"agent":1,"patches":[[1,0,"b","2023-11-22T04:49:00+00:00"]],"parents":[0]},
      {"agent":0,"patches":[],"parents":[0, 1]}],
      "endContent":"ab","numAgents":2,"kind":"concurrent","from":{"deep":[{"er":[1,2.5,null,true]}]}})");
  REQUIRE(trace);
  CHECK(trace->concurrent);
  CHECK(trace->agents == 2);
  REQUIRE(trace->transactions.size() == 3);
  CHECK(trace->transactions[1].agent == 1);
  CHECK(trace->parents_of(trace->transactions[0]).empty());
  const auto parents = trace->parents_of(trace->transactions[2]);
  CHECK(std::vector(parents.begin(), parents.end()) == std::vector<std::uint32_t>{0, 1});
  CHECK(trace->patches_of(trace->transactions[1])[0].inserted == "b");
}

TEST_CASE("moving a trace keeps what its texts point at") {
  auto first = decode(R"({"startContent":"x","endContent":"y","txns":[{"patches":[[0,1,"y"]]}]})");
  REQUIRE(first);
  const Trace moved = std::move(*first);
  CHECK(moved.start_content == "x");
  CHECK(moved.patches[0].inserted == "y");
}

TEST_CASE("gzip is recognised by its content, and several members count as one file") {
  const auto packed = gzip(kSmall);
  const auto trace = decode_trace(packed);
  REQUIRE(trace);
  CHECK(trace->end_content == "ä😀");

  Bytes two = gzip(std::string_view(kSmall).substr(0, 20));
  const Bytes rest = gzip(std::string_view(kSmall).substr(20));
  two.insert(two.end(), rest.begin(), rest.end());
  const auto joined = decode_trace(two);
  REQUIRE(joined);
  CHECK(joined->transactions.size() == 2);
}

TEST_CASE("a gzip file that is cut anywhere is refused") {
  const auto packed = gzip(kSmall);
  for (std::size_t size = 2; size < packed.size(); ++size) {
    const auto trace = decode_trace(ByteView(packed).first(size));
    REQUIRE_FALSE(trace);
    CHECK(trace.error().is(TraceErrc::damaged));
    CHECK(trace.error().message() == "its gzip data is cut short");
  }
}

TEST_CASE("gzip with a wrong checksum or a tail of other bytes is refused") {
  auto packed = gzip(kSmall);
  packed[packed.size() - 6] ^= 1;
  auto trace = decode_trace(packed);
  REQUIRE_FALSE(trace);
  CHECK_THAT(trace.error().message(), Contains("gzip data is damaged"));

  packed = gzip(kSmall);
  packed.push_back('x');
  trace = decode_trace(packed);
  REQUIRE_FALSE(trace);
  CHECK_THAT(trace.error().message(), Equals("after the end of its gzip data follow 1 other bytes"));
}

TEST_CASE("what is not JSON is refused with the place") {
  CHECK(error_of("") == "it is empty");
  CHECK_THAT(error_of("{\"endContent\": }"), Contains("not JSON") && Contains("At byte 15 of 16"));
  CHECK_THAT(error_of("{} {}"), Contains("not JSON"));
  CHECK_THAT(error_of("\xff\xfe{}"), Contains("neither gzip nor UTF-8"));
  CHECK_THAT(error_of(std::string_view("{}\0{}", 5)), Contains("zero byte"));
  CHECK_THAT(error_of(sequential(R"({"patches":[[0,0,"\ud800"]]})")), Contains("not JSON") && Contains("surrogate"));
}

TEST_CASE("half a surrogate pair is refused wherever text is kept") {
  CHECK(error_of(sequential(R"({"patches":[[0,0,"\ude00"]]})")) ==
        "transaction 0, patch 0: the inserted text holds one half of a surrogate pair");
  CHECK(error_of(R"({"startContent":"a\udc00"})") == "\"startContent\" holds one half of a surrogate pair");
  CHECK_THAT(error_of(R"({"endContent":"\ud800x"})"), Contains("not JSON"));
}

TEST_CASE("every field of the wrong type is named with its transaction and what was expected") {
  const std::string good = R"({"patches":[]},)";
  CHECK(error_of("[]") == "a trace must be an object, not an array");
  CHECK(error_of(R"({"startContent":1})") == "\"startContent\" must be a string, not a number");
  CHECK(error_of(R"({"endContent":null})") == "\"endContent\" must be a string, not null");
  CHECK(error_of(R"({"kind":[]})") == "\"kind\" must be a string, not an array");
  CHECK(error_of(R"({"numAgents":"2"})") == "\"numAgents\" must be a whole number from 0 up, not a string");
  CHECK(error_of(R"({"txns":{}})") == "\"txns\" must be an array, not an object");
  CHECK(error_of(sequential(good + "7")) == "transaction 1 must be an object, not a number");
  CHECK(error_of(sequential(good + R"({"patches":{}})")) ==
        "transaction 1: \"patches\" must be an array, not an object");
  CHECK(error_of(sequential(R"({"patches":[1]})")) ==
        "transaction 0, patch 0 must be an array [position, deleted, inserted], not a number");
  CHECK(error_of(sequential(R"({"patches":[[-1,0,""]]})")) ==
        "transaction 0, patch 0: the position must be a whole number from 0 up, not a negative or fractional number");
  CHECK(error_of(sequential(R"({"patches":[[0,0,"a"],[0,1.5,""]]})")) ==
        "transaction 0, patch 1: the number of deleted characters must be a whole number from 0 up, not a negative or "
        "fractional number");
  CHECK(error_of(sequential(R"({"patches":[[0,0,5]]})")) ==
        "transaction 0, patch 0: the inserted text must be a string, not a number");
  CHECK(error_of(sequential(R"({"patches":[[0,0]]})")) ==
        "transaction 0, patch 0: the inserted text must be a string, not the end of the array");
  CHECK(error_of(sequential(R"({"patches":[[0,0,"",{}]]})")) ==
        "transaction 0, patch 0: what follows the inserted text must be its time, or nothing, not an object");
  CHECK_THAT(error_of(sequential(R"({"patches":[[0,0,"","t","t"]]})")), Contains("what follows the inserted text"));
  CHECK(error_of(concurrent(R"({"parents":0})")) == "transaction 0: \"parents\" must be an array, not a number");
  CHECK(error_of(concurrent(R"({"parents":[-1]})")) ==
        "transaction 0: a parent must be the index of an earlier transaction, not a negative or fractional number");
  CHECK(error_of(concurrent(R"({"agent":true})")) ==
        "transaction 0: \"agent\" must be a whole number from 0 up, not true or false");
  CHECK_THAT(error_of(concurrent(R"({"numChildren":-2})")), Contains("transaction 0: \"numChildren\" must be"));
}

TEST_CASE("missing fields are named") {
  CHECK(error_of(R"({"startContent":"","txns":[]})") == "\"endContent\" is missing");
  CHECK(error_of(R"({"startContent":"","endContent":""})") == "\"txns\" is missing");
  CHECK(error_of(R"({"endContent":"","txns":[]})") == "\"startContent\" is missing");
  CHECK(error_of(sequential(R"({"time":"x"})")) == "transaction 0 has no \"patches\"");
  CHECK(error_of(R"({"kind":"concurrent","endContent":"","txns":[]})") == "\"numAgents\" is missing");
  CHECK(error_of(concurrent(R"({"parents":[],"agent":0,"patches":[]},{"agent":0,"patches":[]})")) ==
        "transaction 1 has no \"parents\"");
  CHECK(error_of(concurrent(R"({"parents":[],"patches":[]})")) == "transaction 0 has no \"agent\"");
}

TEST_CASE("fields that contradict each other are refused") {
  const std::string first = R"({"parents":[],"agent":0,"patches":[]},)";
  CHECK(error_of(concurrent(first + R"({"parents":[1],"agent":0,"patches":[]})")) ==
        "transaction 1: parent 1 does not precede it");
  CHECK(error_of(concurrent(first + R"({"parents":[0],"agent":2,"patches":[]})")) ==
        "transaction 1: agent 2 is not below \"numAgents\", which is 2");
  CHECK(error_of(R"({"kind":"tree","endContent":"","txns":[]})") ==
        "\"kind\" is \"tree\"; only \"concurrent\" is known");
  CHECK_THAT(error_of(sequential(R"({"patches":[]},{"patches":[],"parents":[0]})")),
             Contains("does not say \"concurrent\""));
  CHECK_THAT(error_of(R"({"kind":"concurrent","startContent":"x","endContent":"","numAgents":0,"txns":[]})"),
             Contains("begins with the empty text"));
  CHECK(error_of(R"({"endContent":"","endContent":""})") == "\"endContent\" is given twice");
  CHECK(error_of(sequential(R"({"patches":[],"patches":[]})")) == "transaction 0: \"patches\" is given twice");
}

TEST_CASE("absurd sizes are refused by a limit") {
  const auto code_of = [](std::string_view json) {
    const auto trace = decode(json);
    REQUIRE_FALSE(trace);
    return trace.error().is(TraceErrc::too_large);
  };
  CHECK(code_of(sequential(R"({"patches":[[1073741825,0,""]]})")));
  CHECK(code_of(sequential(R"({"patches":[[0,18446744073709551615,""]]})")));
  CHECK(code_of(R"({"numAgents":1000001})"));
  CHECK(code_of(R"({"from":)" + std::string(1'000'000, '[')));
  CHECK(code_of(sequential(R"({"patches":[]},{"patches":[[0,4294967296,""]]})")));
}

TEST_CASE("gzip that unpacks to more than its limit is refused, however little it is packed") {
  const Bytes member = gzip(std::string(100'000, ' '));
  CHECK(gunzip(member, 100'000));
  Bytes two = member;
  two.insert(two.end(), member.begin(), member.end());
  const auto unpacked = gunzip(two, 199'999);
  REQUIRE_FALSE(unpacked);
  CHECK(unpacked.error().is(GzipErrc::too_large));
  CHECK(unpacked.error().message() == "it unpacks to more than the limit of 199999 bytes");
  REQUIRE(gunzip(two, 200'000));
  CHECK(gunzip(two, 200'000)->size() == 200'000);
}

TEST_CASE("no change of bytes in a trace makes the reader do more than refuse") {
  const std::string source = R"({"kind":"concurrent","endContent":"ä","numAgents":2,"txns":[
      {"parents":[],"numChildren":2,"agent":0,"patches":[[0,0,"a\n\u00e4"],[1,1,"",7]]},{"agent":1,"patches":[],"parents":[0]}]})";
  const Bytes packed = gzip(source);
  const std::uint64_t seed = 20260101;
  INFO("seed " << seed);
  SeededRandom random(seed);
  std::size_t accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    Bytes bytes = i % 4 == 0 ? packed : Bytes(source.begin(), source.end());
    for (std::uint64_t n = 1 + random.below(3); n > 0; --n) {
      const auto at = static_cast<std::ptrdiff_t>(random.below(bytes.size()));
      switch (random.below(3)) {
        case 0:
          bytes[static_cast<std::size_t>(at)] = static_cast<std::uint8_t>(random.below(256));
          break;
        case 1:
          bytes.erase(bytes.begin() + at);
          break;
        default:
          bytes.insert(bytes.begin() + at, bytes[random.below(bytes.size())]);
      }
    }
    const auto trace = decode_trace(bytes);
    if (!trace) continue;
    ++accepted;
    for (const TraceTransaction& t : trace->transactions) {
      REQUIRE(t.agent < trace->agents);
      for (const std::uint32_t parent : trace->parents_of(t)) REQUIRE(parent < trace->transactions.size());
      REQUIRE(trace->patches_of(t).size() == t.patch_count);
    }
  }
  CHECK(accepted > 0);
}

TEST_CASE("errors of a file begin with its path") {
  const auto missing = load_trace("no/such/trace.json");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().is(TraceErrc::unreadable));
  CHECK_THAT(missing.error().message(), Equals("no/such/trace.json: cannot be read: No such file or directory"));
  const auto folder = load_trace(".");
  REQUIRE_FALSE(folder);
  CHECK_THAT(folder.error().message(), Contains(".: cannot be read: Is a directory"));
}

TEST_CASE("the reference replay tells where a patch leaves the text") {
  const auto trace =
      decode(R"({"startContent":"ab","endContent":"","txns":[{"patches":[[0,2,"c"]]},{"patches":[[1,1,""]]}]})");
  REQUIRE(trace);
  const auto outcome = reference_replay(*trace);
  CHECK(outcome.out_of_range == std::size_t{1});
  CHECK(outcome.text == U"c");
}

TEST_CASE("every recorded trace of one writer replays to the content that it promises") {
  if (!std::filesystem::is_directory(kSharedTraces)) {
    WARN("skipped: " << kSharedTraces << " is not there");
    return;
  }
  std::size_t replayed = 0;
  for (const auto& file : std::filesystem::directory_iterator(kSharedTraces)) {
    if (!file.path().string().ends_with(".json.gz")) continue;
    INFO(file.path().string());
    const auto trace = load_trace(file.path().string());
    if (!trace) FAIL(trace.error().message());
    if (trace->concurrent) continue;
    const auto outcome = reference_replay(*trace);
    CHECK_FALSE(outcome.out_of_range);
    // Not compared through Catch, which would print both texts.
    CHECK((outcome.text == code_points(trace->end_content)));
    ++replayed;
  }
  CHECK(replayed > 0);
}

TEST_CASE("the recorded traces have the sizes that are known of them") {
  if (!std::filesystem::is_directory(kSharedTraces)) {
    WARN("skipped: " << kSharedTraces << " is not there");
    return;
  }
  const auto paper = load_trace(std::string(kSharedTraces) + "/automerge-paper.json.gz");
  REQUIRE(paper);
  CHECK(paper->transactions.size() == 259'778);
  const auto friends = load_trace(std::string(kSharedTraces) + "/friendsforever.json.gz");
  REQUIRE(friends);
  CHECK(friends->concurrent);
  CHECK(friends->agents == 2);
  CHECK(friends->patches.size() == 26'078);
}
