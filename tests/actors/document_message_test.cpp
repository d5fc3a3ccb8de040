// What document actors say to each other survives the way there, and nonsense is refused in words.
#include <catch2/catch.hpp>

#include "actors/document/patch_message.h"
#include "actors/document/reply_message.h"
#include "actors/document/request_message.h"

namespace tlfs::document_actor {
namespace {

using document::Data;
using document::Patch;
using document::PatchKind;
using document::Path;
using document::PathStep;

std::string random_text(SeededRandom& random) {
  static constexpr char32_t kLetters[] = {U'a', U'.', U'"', U'\0', U'\u00e9', U'\u20ac', U'\U0001f600'};
  std::string out;
  for (std::uint64_t n = random.below(6); n > 0; --n) append_utf8(out, kLetters[random.below(7)]);
  return out;
}

Value random_value(SeededRandom& random) {
  switch (random.below(7)) {
    case 0:
      return {};
    case 1:
      return random.chance(0.5);
    case 2:
      return random.next();
    case 3:
      return static_cast<std::int64_t>(random.next());
    case 4:
      return static_cast<double>(static_cast<std::int64_t>(random.next())) / 1024;
    case 5:
      return random_text(random);
    default: {
      Bytes bytes(random.below(9));
      random.fill(bytes);
      return bytes;
    }
  }
}

Data random_data(SeededRandom& random, int depth) {
  const std::uint64_t kind = depth > 4 ? 0 : random.below(4);
  if (kind < 2) return random_value(random);
  if (kind == 2) {
    Data::Array array;
    for (std::uint64_t n = random.below(4); n > 0; --n) array.push_back(random_data(random, depth + 1));
    return array;
  }
  Data::Object object;
  for (std::uint64_t n = 0; n < random.below(4); ++n)
    object.push_back({std::to_string(n) + random_text(random), random_data(random, depth + 1)});
  return object;
}

std::vector<Data> random_list(SeededRandom& random) {
  std::vector<Data> out;
  for (std::uint64_t n = random.below(4); n > 0; --n) out.push_back(random_data(random, 0));
  return out;
}

Path random_path(SeededRandom& random) {
  Path path;
  for (std::uint64_t n = random.below(5); n > 0; --n) {
    switch (random.below(4)) {
      case 0:
        path.push_back(PathStep::field(random_text(random)));
        break;
      case 1:
        path.push_back(PathStep::of_key(random_text(random)));
        break;
      case 2:
        path.push_back(PathStep::of_key(static_cast<std::int64_t>(random.next())));
        break;
      default:
        path.push_back(PathStep::at(random.next()));
        break;
    }
  }
  return path;
}

Patch random_patch(SeededRandom& random) {
  Patch patch;
  patch.kind = static_cast<PatchKind>(1 + random.below(6));
  patch.path = random_path(random);
  switch (patch.kind) {
    case PatchKind::set:
      patch.value = random_data(random, 0);
      break;
    case PatchKind::remove:
      patch.index = random.next(), patch.count = random.next();
      break;
    case PatchKind::insert:
      patch.index = random.next(), patch.values = random_list(random);
      break;
    case PatchKind::move:
      patch.index = random.next(), patch.to = random.next();
      break;
    case PatchKind::splice:
      patch.position = {random.next(), random.next()};
      patch.removed = {random.next(), random.next()};
      patch.text = random_text(random);
      break;
    case PatchKind::conflict:
      patch.values = random_list(random);
      break;
  }
  return patch;
}

Edit random_edit(SeededRandom& random) {
  Edit edit;
  edit.kind = static_cast<EditKind>(random.below(9));
  edit.place = random_path(random);
  if (random.chance(0.3)) {
    PermanentAddress address;
    random.fill(address.node);
    for (std::uint64_t n = random.below(3); n > 0; --n) {
      PermanentKey& key = address.keys.emplace_back();
      if (random.chance(0.5)) {
        key.element.emplace();
        random.fill(key.element->writer.device);
        key.element->writer.incarnation = random.next();
        key.element->counter = random.next();
      } else {
        key.table_key = random_text(random);
      }
    }
    edit.place = address;
  }
  switch (edit.kind) {
    case EditKind::set:
      edit.value = random_data(random, 0);
      if (random.chance(0.5)) edit.seen = random_list(random);
      break;
    case EditKind::insert:
      edit.index = random.next(), edit.values = random_list(random);
      break;
    case EditKind::erase:
      edit.index = random.next(), edit.count = random.next();
      break;
    case EditKind::move:
      edit.index = random.next(), edit.to = random.next();
      break;
    case EditKind::splice:
      edit.index = random.next(), edit.count = random.next(), edit.text = random_text(random);
      break;
    case EditKind::increment:
      edit.amount = static_cast<std::int64_t>(random.next());
      break;
    default:
      break;
  }
  return edit;
}

WriteRequest random_request(SeededRandom& random) {
  WriteRequest request;
  for (std::uint64_t n = random.below(5); n > 0; --n) request.edits.push_back(random_edit(random));
  if (random.chance(0.5)) request.on_revision = random.below(1000);
  request.unit = random.chance(0.5) ? document::TextUnit::utf16 : document::TextUnit::code_points;
  request.options.origin = random_text(random);
  request.options.label = random_text(random);
  if (random.chance(0.5)) request.options.time_ms = static_cast<std::int64_t>(1 + random.below(1u << 30));
  request.id = {random.next() | 1, random.next()};
  return request;
}

messaging::Message<messages::Transact> message_of(const WriteRequest& request) {
  messaging::MessageBuilder<messages::Transact> builder;
  write(request, builder.root());
  return std::move(builder).seal();
}

TEST_CASE("write requests come out of a message as they went in") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    const WriteRequest request = random_request(random);
    const auto message = message_of(request);
    // Over a wire and back.
    const auto received = messaging::Message<messages::Transact>::parse(message.bytes());
    REQUIRE(received.ok());
    const Result<WriteRequest> back = read(*received->read());
    REQUIRE(back.ok());
    CHECK(back->edits == request.edits);
    CHECK(back->on_revision == request.on_revision);
    CHECK(back->unit == request.unit);
    CHECK(back->options.origin == request.options.origin);
    CHECK(back->options.label == request.options.label);
    CHECK(back->options.time_ms == request.options.time_ms);
    CHECK(back->id == request.id);
  }
}

TEST_CASE("patches and snapshots come out of a message as they went in") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    Update update{random.next(), random.next(), random.next(), random.next(), {}, std::nullopt, random.next()};
    for (std::uint64_t n = random.below(6); n > 0; --n) update.patches.push_back(random_patch(random));
    const auto patches = from_reply<Update>(to_reply(Result<Update>(update)));
    REQUIRE(patches.ok());
    CHECK(patches->from == update.from);
    CHECK(patches->to == update.to);
    CHECK(patches->durable == update.durable);
    CHECK(patches->patches == update.patches);
    CHECK(patches->statements == update.statements);
    update.snapshot = random_data(random, 0);
    for (std::uint64_t n = random.below(3); n > 0; --n) update.conflicts.push_back(random_patch(random));
    const auto snapshot = from_reply<Update>(to_reply(Result<Update>(update)));
    REQUIRE(snapshot.ok());
    CHECK(snapshot->snapshot == update.snapshot);
    CHECK(snapshot->to == update.to);
    CHECK(snapshot->durable == update.durable);
    CHECK(snapshot->statements == update.statements);
    CHECK(snapshot->conflicts == update.conflicts);
  }
}

TEST_CASE("histories, states and principals come out of a message as they went in") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    std::vector<HistoryEntry> history(random.below(4));
    for (HistoryEntry& entry : history) {
      random.fill(entry.hash);
      random.fill(entry.device);
      entry.incarnation = random.next();
      entry.seq = random.next();
      entry.operations = random.next();
      if (random.chance(0.5)) entry.time_ms = static_cast<std::int64_t>(1 + random.below(1u << 30));
      entry.label = random_text(random);
      entry.parents.resize(random.below(3));
      for (auto& parent : entry.parents) random.fill(parent);
    }
    const auto entries = from_reply<std::vector<HistoryEntry>>(to_reply(Result<std::vector<HistoryEntry>>(history)));
    REQUIRE(entries.ok());
    REQUIRE(entries->size() == history.size());
    for (std::size_t i = 0; i < history.size(); ++i) {
      const HistoryEntry &a = history[i], &b = (*entries)[i];
      CHECK(std::tie(a.hash, a.device, a.incarnation, a.seq, a.operations, a.time_ms, a.label, a.parents) ==
            std::tie(b.hash, b.device, b.incarnation, b.seq, b.operations, b.time_ms, b.label, b.parents));
    }

    DocumentStatus status;
    status.revision = random.next(), status.durable = random.next(), status.changes = random.next();
    status.waiting = random.next(), status.unreadable = random.next(), status.subscriptions = random.next();
    if (random.chance(0.5)) status.disk_error = "full";
    status.withheld = {random_text(random)};
    status.lost = {random_text(random), random_text(random)};
    const auto back = from_reply<DocumentStatus>(to_reply(Result<DocumentStatus>(status)));
    REQUIRE(back.ok());
    const auto all = [](const DocumentStatus& s) {
      return std::tie(s.revision, s.durable, s.disk_error, s.changes, s.waiting, s.unreadable, s.subscriptions,
                      s.withheld, s.lost);
    };
    CHECK(all(*back) == all(status));

    crypto::PublicKey key{};
    random.fill(key);
    for (const auto& principal :
         {access::Principal::anyone(), access::Principal::of_key(key), access::Principal::user(key),
          access::Principal::members(key, {}, access::Level::write)}) {
      messaging::MessageBuilder<messages::Principal> builder;
      write(principal, builder.root());
      const auto same = read(*std::move(builder).seal().read());
      REQUIRE(same.ok());
      CHECK(*same == principal);
    }
  }
}

TEST_CASE("an error keeps its module, code and words; one of an unknown module keeps its words") {
  const auto there_and_back = [](const Error& error) { return from_reply<Committed>(to_reply(Status(error))).error(); };
  const Error ours = there_and_back(Error(document::Errc::out_of_range, "too far"));
  CHECK(ours.is(document::Errc::out_of_range));
  CHECK(ours.message() == "too far");
  CHECK(there_and_back(Error(Errc::stale, "old")).is(Errc::stale));
  CHECK(there_and_back(Error(access::Errc::denied, "no")).is(access::Errc::denied));
  CHECK(there_and_back(Error(storage::Errc::full, "no room")).is(storage::Errc::full));
  const Error theirs = there_and_back(Error(messaging::Errc::too_large, "big"));
  CHECK(theirs.is(Errc::foreign));
  CHECK(theirs.message() == "messaging: big");
  CHECK(from_reply<Changes>(to_reply(Result<Committed>(Committed()))).error().is(Errc::malformed));
}

TEST_CASE("a value as deep as JSON may be travels; one level more is refused") {
  const auto nested = [](std::size_t depth) {
    Data data{Value(true)};
    for (std::size_t i = 0; i < depth; ++i) data = Data(Data::Array{data});
    return data;
  };
  const auto travel = [](const Data& data) {
    messaging::MessageBuilder<messages::Tree> builder;
    write(data, builder.root());
    const auto received = messaging::Message<messages::Tree>::parse(std::move(builder).seal().bytes());
    REQUIRE(received.ok());
    return read(*received->read());
  };
  const Data deep = nested(document::kMaxJsonDepth);
  const Result<Data> back = travel(deep);
  REQUIRE(back.ok());
  CHECK(*back == deep);
  CHECK(travel(nested(document::kMaxJsonDepth + 1)).error().is(Errc::malformed));
}

TEST_CASE("a tree that promises more than it holds is refused") {
  messaging::MessageBuilder<messages::Tree> builder;
  auto items = builder->initItems(2);
  items[0].setArray(4'000'000'000u);
  items[1].initValue();
  const auto message = std::move(builder).seal();
  CHECK(read(*message.read()).error().is(Errc::malformed));
}

TEST_CASE("damaged messages are refused or mean something else, and never crash") {
  std::size_t read_fine = 0, refused = 0;
  for (std::uint64_t seed = 0; seed < 3'000; ++seed) {
    SeededRandom random(seed);
    const auto damage = [&](ByteView view) {
      Bytes bytes(view.begin(), view.end());
      for (std::uint64_t n = 1 + random.below(4); n > 0; --n)
        bytes[random.below(bytes.size())] ^= static_cast<std::uint8_t>(1u << random.below(8));
      return bytes;
    };
    const auto write_message = message_of(random_request(random));
    const auto parsed = messaging::Message<messages::Transact>::parse(damage(write_message.bytes()));
    if (parsed && read(*parsed->read())) {
      ++read_fine;
    } else {
      ++refused;
    }
    Update update;
    for (int i = 0; i < 3; ++i) update.patches.push_back(random_patch(random));
    const auto reply = ReplyMessage::parse(damage(to_reply(Result<Update>(update)).bytes()));
    if (!reply) continue;
    (void)from_reply<Update>(*reply).ok();
    (void)from_reply<Changes>(*reply).ok();
    (void)from_reply<Committed>(*reply).ok();
    (void)from_reply<Imported>(*reply).ok();
    (void)from_reply<PermanentAddress>(*reply).ok();
  }
  CHECK(read_fine > 100);
  CHECK(refused > 100);
}

}  // namespace
}  // namespace tlfs::document_actor
