#include "runtime/sync/difference_session.h"

#include <algorithm>
#include <bit>
#include <string>

#include "runtime/base/check.h"

namespace tlfs::sync {
namespace {

// A subtree of so many documents is listed. A larger one is divided so that a child has about half as many: listing a
// document costs as much as three sums.
constexpr std::size_t kListed = 24;
constexpr std::size_t kPerChild = 8;
constexpr unsigned kRootFanOutBits = 8;   // one round trip less
constexpr unsigned kInnerFanOutBits = 5;  // fewer sums that agree
// Answered with our list where the peer shows its own; more is divided further.
constexpr std::size_t kAnswered = 64;
// No honest tree is that deep: 2^48 documents would have to be tried to make two share so much.
constexpr unsigned kDeepest = 48;

unsigned fan_out_bits(const Prefix& prefix, std::size_t count) {
  const auto wanted = static_cast<unsigned>(std::bit_width(count / kPerChild)) - 1;  // count > kListed
  return std::clamp(wanted, 1U, prefix.length == 0 ? kRootFanOutBits : kInnerFanOutBits);
}

Error out_of_turn(const std::string& what) {
  return Error(DifferenceErrc::out_of_turn, "comparing documents: the peer sent " + what);
}

Error over(const std::string& what, std::size_t limit) {
  return Error(DifferenceErrc::over_limit,
               "comparing documents: the peer's answers take more than " + std::to_string(limit) + " " + what);
}

bool shows_something(const TurnMessage& turn) { return !turn.branches.empty() || !turn.lists.empty(); }
bool is_last(const TurnMessage& turn) { return !shows_something(turn) && turn.waiting == 0; }

}  // namespace

DifferenceSession::DifferenceSession(const PairKey& key, DifferenceTree& tree, const DocumentTable& documents)
    : key_(key), tree_(tree), documents_(documents), most_documents_(tree.count()) {}

DifferenceSession::~DifferenceSession() { tree_.unwatch(this); }

void DifferenceSession::begin_watching() {
  tree_.watch(this);
  most_documents_ = tree_.count();
}

void DifferenceSession::changed(const Position& position) {
  most_documents_ = std::max(most_documents_, tree_.count());
  if (unsent_.insert(position).second) changes_.push_back(position);
}

Told DifferenceSession::ours_at(const Position& position) const {
  const DifferenceTree::Entry* entry = tree_.find(position);
  return {position, entry == nullptr ? 0 : entry->leaf.low};
}

Bytes DifferenceSession::start() {
  TLFS_CHECK(state_ == State::idle, "a session begins once");
  begin_watching();
  state_ = State::waiting;
  Bytes message = encode_difference(BeginMessage{tree_.sum()});
  cost_.bytes += message.size();
  return message;
}

void DifferenceSession::send(const DifferenceMessage& message, Heard& heard) {
  heard.send.push_back(encode_difference(message));
  cost_.bytes += heard.send.back().size();
}

Result<DifferenceSession::Heard> DifferenceSession::received(ByteView bytes) {
  if (state_ == State::failed) return out_of_turn("more after its session had failed");
  const bool comparing = state_ != State::compared;
  Heard heard;
  Status status;
  const auto message = decode_difference(bytes);
  if (message) {
    if (comparing && !std::holds_alternative<ChangedMessage>(*message)) cost_.bytes += bytes.size();
    status = std::visit([&](const auto& each) { return handle(each, heard); }, *message);
    if (status && comparing) status = within_budget();
  } else {
    status = message.error();
  }
  if (status) return heard;
  tree_.unwatch(this);
  state_ = State::failed;
  open_ = {};
  owed_ = {};
  changes_ = {};
  unsent_ = {};
  return status.error();
}

Status DifferenceSession::within_budget() const {
  const std::size_t documents = most_documents_ + unknown_;
  const std::size_t turns = kBaseTurns + documents / kDocumentsPerTurn;
  const std::size_t bytes = kBaseBytes + most_documents_ * kBytesPerDocument + unknown_ * kBytesPerUnknown;
  if (cost_.turns > turns) return over("turns", turns);
  if (cost_.bytes > bytes) return over("bytes", bytes);
  if (open_.size() > kMaxOpen) return over("open subtrees", kMaxOpen);
  if (owed_.size() > kMaxOwed) return over("open documents", kMaxOwed);
  if (unknown_ > kMaxUnknown) return over("unknown documents", kMaxUnknown);
  return {};
}

// ---- comparing ----

Status DifferenceSession::handle(const BeginMessage& message, Heard& heard) {
  if (state_ != State::idle) return out_of_turn("a beginning where the session had begun");
  begin_watching();
  if (message.root != tree_.sum()) open_.push_back({});
  reply(nullptr, heard);
  return {};
}

Status DifferenceSession::handle(const TurnMessage& message, Heard& heard) {
  if (state_ != State::waiting) return out_of_turn("a turn where it had none");
  ++cost_.turns;
  peer_waiting_ = message.waiting;
  for (const Told& told : message.told) judge(told, heard);
  if (Status taken = take_branches(message); !taken) return taken;
  for (const ListPart& list : message.lists) take_list(list, heard);
  const auto unknown = [](const Difference& each) { return each.kind == Difference::Kind::only_theirs; };
  unknown_ += static_cast<std::size_t>(std::count_if(heard.differences.begin(), heard.differences.end(), unknown));
  if (Status fits = within_budget(); !fits) return fits;
  reply(&message, heard);
  return {};
}

Status DifferenceSession::handle(const DoneMessage&, Heard& heard) { return handle(TurnMessage{}, heard); }

Status DifferenceSession::take_branches(const TurnMessage& message) {
  for (const BranchPart& branch : message.branches) {
    if (branch.prefix.length >= kDeepest)
      return Error(DifferenceErrc::over_limit, "comparing documents: the peer divides a subtree at " +
                                                   std::to_string(branch.prefix.length) + " bits, where at most " +
                                                   std::to_string(kDeepest) + " are divided");
    for (std::size_t i = 0; i < branch.sums.size(); ++i) {
      const Prefix child = branch.prefix.child(branch.bits, i);
      if (tree_.summary(child).sum.low != branch.sums[i]) open_.push_back(child);
    }
  }
  return {};
}

void DifferenceSession::take_list(const ListPart& list, Heard& heard) {
  if (list.prefix.length < kDeepest && tree_.summary(list.prefix).count > kAnswered + list.entries.size()) {
    open_.push_back(list.prefix);
    return;
  }
  // Both are in order: what stands in one and not in the other, or otherwise, is different.
  auto theirs = list.entries.begin();
  const auto different = [&](const Told& told) {
    judge(told, heard);
    owed_.push_back(told.position);
  };
  tree_.visit(list.prefix, [&](const DifferenceTree::Entry& ours) {
    for (; theirs != list.entries.end() && theirs->position < ours.position; ++theirs) different(*theirs);
    const bool both = theirs != list.entries.end() && theirs->position == ours.position;
    if (!both) return different({ours.position, 0});
    if (theirs->leaf != ours.leaf.low) different(*theirs);
    ++theirs;
  });
  for (; theirs != list.entries.end(); ++theirs) different(*theirs);
}

// What the peer holds somewhere, beside what we hold.
void DifferenceSession::judge(const Told& told, Heard& heard) {
  if (theirs_.size() >= kMaxRemembered && !theirs_.contains(told.position)) theirs_.clear();
  theirs_[told.position] = told.leaf;
  const DifferenceTree::Entry* ours = tree_.find(told.position);
  if (ours == nullptr) {
    if (told.leaf == 0) return;
    heard.differences.push_back({Difference::Kind::only_theirs, told.position, std::nullopt});
    return;
  }
  const auto kind = told.leaf == 0                ? Difference::Kind::only_ours
                    : told.leaf == ours->leaf.low ? Difference::Kind::equal
                                                  : Difference::Kind::differs;
  heard.differences.push_back({kind, told.position, documents_.row(ours->document).id});
}

// Our next turn, unless both have said everything. `to` is what it answers; nullptr for the beginning.
void DifferenceSession::reply(const TurnMessage* to, Heard& heard) {
  if (to != nullptr && is_last(*to) && open_.empty() && owed_.empty()) {
    state_ = State::compared;
    return;
  }
  TurnMessage turn = next_turn();
  state_ = is_last(turn) && peer_waiting_ == 0 ? State::compared : State::waiting;
  if (is_last(turn) && turn.told.empty())
    send(DoneMessage{}, heard);
  else
    send(turn, heard);
}

// The deepest subtrees first, so that few are open at a time.
TurnMessage DifferenceSession::next_turn() {
  TurnMessage turn;
  std::size_t pairs = 0;
  std::size_t sums = 0;
  for (; !owed_.empty() && pairs < kMaxPairs; ++pairs) {
    turn.told.push_back(ours_at(owed_.front()));
    owed_.pop_front();
  }
  for (std::size_t parts = 0; !open_.empty() && parts < kMaxParts; ++parts) {
    if (parts > 0 && peer_waiting_ > kPauseWaiting) break;
    const Prefix prefix = open_.back();
    const std::size_t count = tree_.summary(prefix).count;
    if (count <= kListed || prefix.length >= kDeepest) {
      if (count > kMaxPairs - pairs) break;
      pairs += count;
      ListPart& list = turn.lists.emplace_back();
      list.prefix = prefix;
      tree_.visit(prefix, [&](const auto& entry) { list.entries.push_back({entry.position, entry.leaf.low}); });
    } else {
      const unsigned bits = fan_out_bits(prefix, count);
      const std::size_t children = std::size_t{1} << bits;
      if (children > kMaxSums - sums) break;
      sums += children;
      BranchPart& branch = turn.branches.emplace_back();
      branch.prefix = prefix;
      branch.bits = bits;
      for (std::size_t i = 0; i < children; ++i) branch.sums.push_back(tree_.summary(prefix.child(bits, i)).sum.low);
    }
    open_.pop_back();
  }
  const auto ascending = [](const auto& a, const auto& b) { return a.prefix.bits < b.prefix.bits; };
  std::sort(turn.branches.begin(), turn.branches.end(), ascending);
  std::sort(turn.lists.begin(), turn.lists.end(), ascending);
  turn.waiting = static_cast<std::uint32_t>(open_.size() + owed_.size());
  return turn;
}

// ---- living on ----

Status DifferenceSession::handle(const ChangedMessage& message, Heard& heard) {
  if (state_ == State::idle) return out_of_turn("a change before the session had begun");
  for (const Told& told : message.told) judge(told, heard);
  return {};
}

std::optional<Bytes> DifferenceSession::flush() {
  ChangedMessage message;
  while (!changes_.empty() && message.told.size() < kMaxPairs) {
    const Told told = ours_at(changes_.front());
    unsent_.erase(told.position);
    changes_.pop_front();
    const auto theirs = theirs_.find(told.position);
    const bool known = theirs != theirs_.end() && theirs->second == told.leaf;
    if (theirs != theirs_.end()) theirs_.erase(theirs);
    if (!known) message.told.push_back(told);
  }
  if (message.told.empty()) return std::nullopt;
  return encode_difference(message);
}

Bytes DifferenceSession::ask(std::span<const Position> positions) {
  TLFS_CHECK(!positions.empty() && positions.size() <= kMaxAsked, "a question about no documents or too many");
  TLFS_CHECK(asked_.empty(), "a question while another is open");
  asked_.insert(positions.begin(), positions.end());
  return encode_difference(AskMessage{{positions.begin(), positions.end()}});
}

Status DifferenceSession::handle(const AskMessage& message, Heard& heard) {
  if (state_ == State::idle) return out_of_turn("a question before the session had begun");
  NamedMessage answer;
  std::set<Position> named;
  for (const Position& position : message.positions) {
    const DifferenceTree::Entry* entry = tree_.find(position);
    if (entry != nullptr && named.insert(position).second)
      answer.documents.push_back(documents_.row(entry->document).id);
  }
  heard.send.push_back(encode_difference(answer));
  return {};
}

Status DifferenceSession::handle(const NamedMessage& message, Heard& heard) {
  if (asked_.empty()) return out_of_turn("names that nobody had asked for");
  for (const DocumentId& id : message.documents)
    if (asked_.erase(key_.position(id)) == 0)
      return Error(DifferenceErrc::false_naming,
                   "the peer named document " + to_hex(id) + ", which does not stand at a position that was asked for");
  asked_.clear();
  heard.named = message.documents;
  return {};
}

}  // namespace tlfs::sync
