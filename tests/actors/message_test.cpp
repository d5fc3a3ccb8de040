#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <catch2/catch.hpp>
#include <cstring>

#include "actors/messaging/message.h"
#include "note.capnp.h"
#include "runtime/base/environment.h"

namespace tlfs::messaging {
namespace {

Message<Note> sample() {
  MessageBuilder<Note> builder;
  builder->setTitle("groceries");
  builder->setBody(kj::arrayPtr(reinterpret_cast<const kj::byte*>("\0\1\2"), 3));
  auto tags = builder->initTags(2);
  tags.set(0, "home");
  tags.set(1, "shared");
  auto replies = builder->initReplies(2);
  replies[0].setTitle("milk");
  replies[1].getPlace().initInside().setTitle("the fridge");
  builder->getPlace().setLine(7);
  builder->getAnything().setAs<capnp::Text>("free");
  auto grid = builder->initGrid(2);
  grid.init(0, 3).set(2, 9);
  return std::move(builder).seal();
}

Bytes copy_of(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

std::size_t read_everything(Note::Reader note) {
  std::size_t sum = note.getTitle().size() + note.getBody().size();
  for (const auto tag : note.getTags()) sum += tag.size();
  for (const auto reply : note.getReplies()) sum += read_everything(reply);
  if (note.getPlace().isInside()) sum += read_everything(note.getPlace().getInside());
  for (const auto row : note.getGrid())
    for (const auto cell : row) sum += cell;
  return sum;
}

class Reader : public caf::event_based_actor {
 public:
  using caf::event_based_actor::event_based_actor;
  caf::behavior make_behavior() override {
    return {[](const Message<Note>& note) {
      return std::make_tuple(reinterpret_cast<std::uintptr_t>(note.bytes().data()),
                             std::string(note.read()->getTitle().cStr()));
    }};
  }
};

TEST_CASE("a receiver reads the very words that the sender wrote") {
  caf::actor_system_config config;
  config.set("logger.verbosity", caf::atom("quiet"));
  caf::actor_system system(config);
  auto reader = system.spawn<Reader>();
  const auto note = sample();
  caf::scoped_actor self(system);
  self->request(reader, caf::infinite, note)
      .receive(
          [&](std::uintptr_t address, const std::string& title) {
            CHECK(address == reinterpret_cast<std::uintptr_t>(note.bytes().data()));
            CHECK(title == "groceries");
          },
          [](caf::error&) { FAIL("no answer"); });
}

TEST_CASE("a reading keeps the words alive after the message is gone") {
  const auto reading = sample().read();
  CHECK(reading->getReplies()[1].getPlace().getInside().getTitle() == "the fridge");
}

TEST_CASE("a message can be read any number of times") {
  const auto note = sample();
  for (int i = 0; i < 10'000; ++i) REQUIRE(read_everything(*note.read()) > 0);
}

TEST_CASE("a message may be smaller or much larger than what is built without asking for memory") {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, 8 * kScratchWords, 8 * kScratchWords * 100}) {
    CAPTURE(size);
    const std::string title(size, 't'), reply(size, 'r');
    MessageBuilder<Note> builder;
    builder->setTitle(title);
    auto replies = builder->initReplies(3);
    for (auto one : replies) one.setTitle(reply);
    const Message<Note> message = std::move(builder).seal();
    const auto again = Message<Note>::parse(message.bytes());
    REQUIRE(again.ok());
    const auto note = again->read();
    CHECK(std::string_view(note->getTitle().cStr(), note->getTitle().size()) == title);
    REQUIRE(note->getReplies().size() == 3);
    for (auto one : note->getReplies()) CHECK(std::string_view(one.getTitle().cStr(), one.getTitle().size()) == reply);
  }
}

TEST_CASE("a local message refuses to leave the process") {
  caf::actor_system_config config;
  config.set("logger.verbosity", caf::atom("quiet"));
  caf::actor_system system(config);
  std::vector<char> buffer;
  caf::binary_serializer sink(system, buffer);
  auto note = sample();
  CHECK_THROWS_AS(inspect(sink, note), InvariantViolation);
}

TEST_CASE("what was sealed can be parsed from its bytes") {
  const auto parsed = Message<Note>::parse(sample().bytes());
  REQUIRE(parsed.ok());
  CHECK(parsed->bytes().size() == sample().bytes().size());
  CHECK(read_everything(*parsed->read()) == read_everything(*sample().read()));
}

TEST_CASE("parsing names what is wrong with the bytes") {
  auto bytes = copy_of(sample().bytes());
  CHECK(Message<Note>::parse({}).error().is(Errc::malformed));
  CHECK(Message<Note>::parse(ByteView(bytes).first(bytes.size() - 3)).error().is(Errc::malformed));
  CHECK(Message<Note>::parse(ByteView(bytes).first(bytes.size() - 8)).error().is(Errc::malformed));
  CHECK(Message<Note>::parse(bytes, {.max_bytes = 16}).error().is(Errc::too_large));
  CHECK(Message<Note>::parse(bytes, {.traversal_words = 4}).error().is(Errc::malformed));
  bytes.resize(bytes.size() + 8);
  CHECK(Message<Note>::parse(bytes).error().is(Errc::malformed));
}

TEST_CASE("a message nested too deeply is refused, one level less is read") {
  const auto nested = [](int levels) {
    MessageBuilder<Note> builder;
    auto note = builder.root();
    for (int i = 1; i < levels; ++i) note = note.getPlace().initInside();
    return std::move(builder).seal();
  };
  int accepted = 0;
  for (int levels = 1; levels < 2 * kMaxNesting; ++levels) {
    const auto parsed = Message<Note>::parse(nested(levels).bytes());
    if (!parsed) {
      CHECK(parsed.error().is(Errc::malformed));
      break;
    }
    accepted = levels;
    read_everything(*parsed->read());
  }
  CHECK(accepted >= kMaxNesting - 1);
  CHECK(accepted <= kMaxNesting);
}

TEST_CASE("whatever the bytes, parsing returns and what it accepts can be read") {
  const auto good = copy_of(sample().bytes());
  std::size_t accepted = 0, refused = 0;
  for (std::uint64_t seed = 1; seed <= 20'000; ++seed) {
    SeededRandom random(seed);
    Bytes bytes = good;
    const auto changes = 1 + random.below(4);
    for (std::uint64_t i = 0; i < changes; ++i)
      bytes[random.below(bytes.size())] = static_cast<std::uint8_t>(random.next());
    if (random.chance(0.2)) bytes.resize(random.below(bytes.size() / 8 + 1) * 8);
    INFO("seed " << seed);
    const auto parsed = Message<Note>::parse(bytes);
    if (!parsed) {
      ++refused;
      continue;
    }
    ++accepted;
    CHECK_NOTHROW(read_everything(*parsed->read()));
  }
  CHECK(accepted > 1000);
  CHECK(refused > 1000);
}

}  // namespace
}  // namespace tlfs::messaging
