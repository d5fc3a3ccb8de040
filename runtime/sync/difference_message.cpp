#include "runtime/sync/difference_message.h"

#include <algorithm>
#include <string>

#include "runtime/base/check.h"
#include "schema/framing/framing.h"
#include "schema/messages/sync.capnp.h"

namespace tlfs::sync {
namespace {

// A message is a few lists of plain words: deeper is an attack.
constexpr int kNesting = 8;
constexpr unsigned kFirstWords = 32;

using PartReader = capnp::List<messages::DifferencePart>::Reader;
using ToldReader = capnp::List<messages::DifferenceTold>::Reader;
using ToldBuilder = capnp::List<messages::DifferenceTold>::Builder;

Error malformed(const std::string& what) {
  return Error(DifferenceErrc::malformed, "a message about differing documents: " + what);
}

Error too_many(const std::string& what, std::size_t count, std::size_t limit) {
  return Error(DifferenceErrc::over_limit, "a message about differing documents: " + std::to_string(count) + " " +
                                               what + " where at most " + std::to_string(limit) + " are allowed");
}

unsigned narrow(std::size_t size) { return static_cast<unsigned>(size); }

void write(const Told& told, messages::DifferenceTold::Builder out) {
  out.setHigh(told.position.high);
  out.setLow(told.position.low);
  out.setLeaf(told.leaf);
}

void write(const std::vector<Told>& told, ToldBuilder out) {
  for (unsigned i = 0; i < out.size(); ++i) write(told[i], out[i]);
}

void write(const Prefix& prefix, std::size_t size, messages::DifferencePart::Builder out) {
  out.setPrefix(prefix.bits);
  out.setLength(static_cast<std::uint8_t>(prefix.length));
  out.setSize(static_cast<std::uint16_t>(size));
}

struct Writer {
  messages::DifferenceMessage::Builder out;

  void operator()(const BeginMessage& message) {
    auto begin = out.initBegin();
    begin.setVersion(kDifferenceVersion);
    begin.setRootHigh(message.root.high);
    begin.setRootLow(message.root.low);
  }

  void operator()(const TurnMessage& message) {
    auto turn = out.initTurn();
    turn.setWaiting(message.waiting);
    if (!message.branches.empty()) {
      auto parts = turn.initBranches(narrow(message.branches.size()));
      std::size_t count = 0;
      for (const BranchPart& branch : message.branches) count += branch.sums.size();
      auto sums = turn.initSums(narrow(count));
      unsigned at = 0;
      for (unsigned i = 0; i < parts.size(); ++i) {
        const BranchPart& branch = message.branches[i];
        write(branch.prefix, branch.bits, parts[i]);
        for (const std::uint64_t sum : branch.sums) sums.set(at++, sum);
      }
    }
    if (!message.lists.empty()) {
      auto parts = turn.initLists(narrow(message.lists.size()));
      std::size_t count = 0;
      for (const ListPart& list : message.lists) count += list.entries.size();
      auto entries = turn.initEntries(narrow(count));
      unsigned at = 0;
      for (unsigned i = 0; i < parts.size(); ++i) {
        const ListPart& list = message.lists[i];
        write(list.prefix, list.entries.size(), parts[i]);
        for (const Told& entry : list.entries) write(entry, entries[at++]);
      }
    }
    if (!message.told.empty()) write(message.told, turn.initTold(narrow(message.told.size())));
  }

  void operator()(const DoneMessage&) { out.setDone(); }

  void operator()(const ChangedMessage& message) { write(message.told, out.initChanged(narrow(message.told.size()))); }

  void operator()(const AskMessage& message) {
    auto positions = out.initAsk(narrow(message.positions.size()));
    for (unsigned i = 0; i < positions.size(); ++i) {
      positions[i].setHigh(message.positions[i].high);
      positions[i].setLow(message.positions[i].low);
    }
  }

  void operator()(const NamedMessage& message) {
    auto ids = out.initNamed(narrow(message.documents.size() * sizeof(DocumentId)));
    for (std::size_t i = 0; i < message.documents.size(); ++i)
      std::copy(message.documents[i].begin(), message.documents[i].end(), ids.begin() + i * sizeof(DocumentId));
  }
};

Told read(messages::DifferenceTold::Reader in) { return {{in.getHigh(), in.getLow()}, in.getLeaf()}; }

std::vector<Told> read(ToldReader in) {
  std::vector<Told> out;
  out.reserve(in.size());
  for (const auto told : in) out.push_back(read(told));
  return out;
}

// The prefix of the next part, which begins behind `after` (the last position's high half of the part before).
Result<Prefix> next_prefix(messages::DifferencePart::Reader in, std::optional<std::uint64_t>& after) {
  const Prefix prefix{in.getPrefix(), in.getLength()};
  if (prefix.length > 64) return malformed("a prefix of " + std::to_string(prefix.length) + " bits");
  if ((prefix.bits & ~Prefix::mask(prefix.length)) != 0) return malformed("a prefix with bits beyond its length");
  if (after && prefix.bits <= *after) return malformed("parts that overlap or are not in order");
  after = prefix.last();
  return prefix;
}

Result<std::vector<BranchPart>> read_branches(PartReader parts, capnp::List<std::uint64_t>::Reader sums) {
  std::vector<BranchPart> out;
  std::optional<std::uint64_t> after;
  unsigned at = 0;
  for (const auto part : parts) {
    const auto prefix = next_prefix(part, after);
    if (!prefix) return prefix.error();
    const unsigned bits = part.getSize();
    if (bits < 1 || bits > kMaxFanOutBits || prefix->length + bits > 64)
      return malformed("a branch with " + std::to_string(bits) + " bits of children below " +
                       std::to_string(prefix->length));
    const unsigned count = 1U << bits;
    if (sums.size() - at < count) return malformed("fewer sums than its branches have children");
    BranchPart& branch = out.emplace_back();
    branch.prefix = *prefix;
    branch.bits = bits;
    branch.sums.reserve(count);
    for (unsigned i = 0; i < count; ++i) branch.sums.push_back(sums[at++]);
  }
  if (at != sums.size()) return malformed("more sums than its branches have children");
  return out;
}

Result<std::vector<ListPart>> read_lists(PartReader parts, ToldReader entries) {
  std::vector<ListPart> out;
  std::optional<std::uint64_t> after;
  unsigned at = 0;
  for (const auto part : parts) {
    const auto prefix = next_prefix(part, after);
    if (!prefix) return prefix.error();
    if (entries.size() - at < part.getSize()) return malformed("fewer entries than its lists have");
    ListPart& list = out.emplace_back();
    list.prefix = *prefix;
    list.entries.reserve(part.getSize());
    for (unsigned i = 0; i < part.getSize(); ++i) {
      const Told entry = read(entries[at++]);
      if (!prefix->holds(entry.position)) return malformed("an entry outside its list's prefix");
      if (!list.entries.empty() && entry.position <= list.entries.back().position)
        return malformed("a list that is not in order");
      if (entry.leaf == 0) return malformed("a list with an entry that holds nothing");
      list.entries.push_back(entry);
    }
  }
  if (at != entries.size()) return malformed("more entries than its lists have");
  return out;
}

Result<DifferenceMessage> read(messages::DifferenceTurn::Reader in) {
  const std::size_t parts = std::size_t{in.getBranches().size()} + in.getLists().size();
  const std::size_t pairs = std::size_t{in.getEntries().size()} + in.getTold().size();
  if (parts > kMaxParts) return too_many("parts", parts, kMaxParts);
  if (in.getSums().size() > kMaxSums) return too_many("sums", in.getSums().size(), kMaxSums);
  if (pairs > kMaxPairs) return too_many("entries", pairs, kMaxPairs);
  auto branches = read_branches(in.getBranches(), in.getSums());
  if (!branches) return branches.error();
  auto lists = read_lists(in.getLists(), in.getEntries());
  if (!lists) return lists.error();
  return DifferenceMessage(TurnMessage{in.getWaiting(), std::move(*branches), std::move(*lists), read(in.getTold())});
}

Result<DifferenceMessage> read(capnp::Data::Reader ids) {
  if (ids.size() % sizeof(DocumentId) != 0) return malformed("document ids that are not whole");
  NamedMessage out;
  if (ids.size() / sizeof(DocumentId) > kMaxAsked)
    return too_many("documents", ids.size() / sizeof(DocumentId), kMaxAsked);
  out.documents.resize(ids.size() / sizeof(DocumentId));
  for (std::size_t i = 0; i < out.documents.size(); ++i)
    std::copy_n(ids.begin() + i * sizeof(DocumentId), sizeof(DocumentId), out.documents[i].begin());
  return DifferenceMessage(std::move(out));
}

Result<DifferenceMessage> read(messages::DifferenceMessage::Reader in) {
  switch (in.which()) {
    case messages::DifferenceMessage::BEGIN: {
      const auto begin = in.getBegin();
      if (begin.getVersion() != kDifferenceVersion)
        return malformed("version " + std::to_string(begin.getVersion()) + ", and only " +
                         std::to_string(kDifferenceVersion) + " is known here");
      return DifferenceMessage(BeginMessage{{begin.getRootHigh(), begin.getRootLow()}});
    }
    case messages::DifferenceMessage::TURN:
      return read(in.getTurn());
    case messages::DifferenceMessage::DONE:
      return DifferenceMessage(DoneMessage{});
    case messages::DifferenceMessage::CHANGED: {
      const auto told = in.getChanged();
      if (told.size() > kMaxPairs) return too_many("changes", told.size(), kMaxPairs);
      return DifferenceMessage(ChangedMessage{read(told)});
    }
    case messages::DifferenceMessage::ASK: {
      const auto positions = in.getAsk();
      if (positions.size() > kMaxAsked) return too_many("questions", positions.size(), kMaxAsked);
      AskMessage out;
      for (const auto position : positions) out.positions.push_back({position.getHigh(), position.getLow()});
      return DifferenceMessage(std::move(out));
    }
    case messages::DifferenceMessage::NAMED:
      return read(in.getNamed());
  }
  return malformed("of a kind that is not known here");
}

}  // namespace

Bytes encode_difference(const DifferenceMessage& message) {
  capnp::MallocMessageBuilder builder(kFirstWords);
  std::visit(Writer{builder.initRoot<messages::DifferenceMessage>()}, message);
  Bytes bytes = framing::to_bytes(builder);
  TLFS_CHECK(bytes.size() <= kMaxDifferenceBytes,
             "a message about differing documents is larger than its limits allow");
  return bytes;
}

Result<DifferenceMessage> decode_difference(ByteView bytes) {
  if (bytes.size() > kMaxDifferenceBytes) return too_many("bytes", bytes.size(), kMaxDifferenceBytes);
  return framing::read<messages::DifferenceMessage>(
      bytes, kNesting, [](messages::DifferenceMessage::Reader root) { return read(root); }, malformed);
}

}  // namespace tlfs::sync
