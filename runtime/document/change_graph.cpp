#include "runtime/document/change_graph.h"

#include <algorithm>

#include "runtime/base/check.h"

namespace tlfs::document {

ParentList::ParentList(std::span<const ChangeIndex> parents) : size_(static_cast<std::uint32_t>(parents.size())) {
  if (size_ > kInside) in_.many = new ChangeIndex[size_];
  std::copy(parents.begin(), parents.end(), size_ > kInside ? in_.many : in_.few);
}

// ---- adding

std::vector<ChangeIndex> ChangeGraph::parents_of(const Header& header) const {
  std::vector<ChangeIndex> parents;
  if (header.prev) parents.push_back(find(*header.prev));
  for (const ChangeHash& dep : header.deps) parents.push_back(find(dep));
  for (ChangeIndex p : parents) TLFS_CHECK(p != kNoChange, "a change is added after its parents");
  return parents;
}

Result<ChangeGraph::Place> ChangeGraph::place(const Header& header, std::span<const ChangeIndex> parents) {
  TLFS_CHECK(header.id_count >= 1 && header.id_count <= kMaxIdsPerChange, "a header that decode_header would refuse");
  if (header.id_count > kMaxOperations - sealed_)
    return Error(Errc::limit_exceeded, "a document holds at most " + std::to_string(kMaxOperations) +
                                           " operations; change " + std::to_string(header.seq) + " of " +
                                           to_hex(header.writer.device) + " is not taken");
  if (records_.size() >= kNoChange - 1) return Error(Errc::limit_exceeded, "a document holds at most 2^32 changes");
  Place p;
  p.lawful = header.lamport == max_lamport(parents) + 1;
  p.agent = agent_for(header, header.prev ? parents.front() : kNoChange, p.lawful);
  if (ids_.size() == sealed_) {
    ids_.append(p.agent, header.first_counter, header.id_count);
  } else {
    TLFS_CHECK(ids_.agent_of(sealed_) == p.agent && ids_.counter_of(sealed_) == header.first_counter &&
                   ids_.contiguous(sealed_, header.id_count) == header.id_count,
               "ids that are in no change yet must become one before another change is added");
  }
  return p;
}

Result<BlockScope> ChangeGraph::announce(const Header& header) {
  TLFS_CHECK(!announced_ && ids_.size() == sealed_, "a change is announced when all ids are in changes");
  const Result<Place> p = place(header, parents_of(header));
  if (!p) return p.error();
  announced_ = *p;
  return BlockScope{p->agent, sealed_, header.id_count};
}

Result<ChangeIndex> ChangeGraph::add(const ChangeHash& hash, const Header& header) {
  TLFS_CHECK(find(hash) == kNoChange, "a change is added once");
  const std::vector<ChangeIndex> parents = parents_of(header);
  if (!announced_) {
    const Result<Place> p = place(header, parents);
    if (!p) return p.error();
    announced_ = *p;
  }
  ChangeRecord r;
  r.hash = hash;
  r.seq = header.seq;
  r.lamport = header.lamport;
  r.first_counter = header.first_counter;
  r.id_count = header.id_count;
  r.agent = announced_->agent;
  r.lawful = announced_->lawful;
  r.parents = ParentList(parents);
  announced_.reset();
  return append(std::move(r));
}

ChangeIndex ChangeGraph::restore(ChangeRecord record) {
  if (find(record.hash) != kNoChange) return kNoChange;
  ids_.append(record.agent, record.first_counter, record.id_count);
  return append(std::move(record));
}

void ChangeGraph::reserve(std::size_t changes) {
  records_.reserve(changes);
  complete_below_.reserve(changes);
  by_hash_.reserve(changes);
}

ChangeIndex ChangeGraph::append(ChangeRecord r) {
  r.base = sealed_;
  sealed_ += r.id_count;

  const auto index = static_cast<ChangeIndex>(records_.size());
  complete_below_.push_back(complete_below(r.parents, index));
  last_of_agent_[r.agent] = index;
  for (ChangeIndex p : r.parents) {
    const auto head = std::lower_bound(heads_.begin(), heads_.end(), p);
    if (head != heads_.end() && *head == p) heads_.erase(head);
  }
  heads_.push_back(index);
  by_hash_.emplace(r.hash, index);
  records_.push_back(std::move(r));
  return index;
}

// The chain that the change continues or begins. An honest writer's changes all lie on one; a second successor of the
// same change, or a second beginning, branches off. What does not follow from its predecessor gets a chain of its own,
// so that counters ascend on each.
AgentIndex ChangeGraph::agent_for(const Header& header, ChangeIndex prev, bool& lawful) {
  if (prev == kNoChange) {
    if (header.first_counter == 0) {
      const AgentIndex known = agent_of_writer(header.writer);
      if (known != kNoAgent && last_of_agent_[known] == kNoChange) return known;
    } else {
      lawful = false;
    }
    return new_agent(header.writer, kNoAgent, 0);
  }
  const ChangeRecord& p = records_[prev];
  if (header.seq != p.seq + 1) lawful = false;
  if (ids_.writer(p.agent) != header.writer || header.first_counter != p.first_counter + p.id_count) {
    lawful = false;
    return new_agent(header.writer, kNoAgent, 0);
  }
  if (last_of_agent_[p.agent] == prev) return p.agent;
  return new_agent(header.writer, p.agent, header.first_counter);
}

AgentIndex ChangeGraph::new_agent(const WriterId& writer, AgentIndex parent, std::uint64_t fork_counter) {
  const AgentIndex agent = ids_.add_agent(writer, parent, fork_counter);
  last_of_agent_.push_back(kNoChange);
  agents_of_writer_[writer].push_back(agent);
  return agent;
}

ChangeIndex ChangeGraph::complete_below(std::span<const ChangeIndex> parents, ChangeIndex index) const {
  if (parents.size() == 1 && heads_.size() == 1 && parents[0] == heads_[0]) return index;
  std::vector<ChangeIndex> ascending(parents.begin(), parents.end());
  if (ascending.size() > 1) std::sort(ascending.begin(), ascending.end());
  if (std::includes(ascending.begin(), ascending.end(), heads_.begin(), heads_.end())) return index;
  ChangeIndex below = 0;
  for (ChangeIndex p : ascending) below = std::max(below, complete_below_[p]);
  for (ChangeIndex p : ascending)
    if (p == below) ++below;
  return below;
}

// ---- looking up

ChangeIndex ChangeGraph::find(const ChangeHash& hash) const {
  const auto found = by_hash_.find(hash);
  return found == by_hash_.end() ? kNoChange : found->second;
}

ChangeIndex ChangeGraph::change_of(Lv lv) const {
  if (lv >= sealed_) return kNoChange;
  const auto owns = [&](ChangeIndex i) {
    return i < records_.size() && lv >= records_[i].base && lv - records_[i].base < records_[i].id_count;
  };
  if (owns(last_hit_)) return last_hit_;
  if (owns(last_hit_ + 1)) return ++last_hit_;
  const auto after =
      std::upper_bound(records_.begin(), records_.end(), lv, [](Lv v, const ChangeRecord& r) { return v < r.base; });
  last_hit_ = static_cast<ChangeIndex>(after - records_.begin() - 1);
  return last_hit_;
}

std::vector<ChangeHash> ChangeGraph::head_hashes() const {
  std::vector<ChangeHash> hashes;
  for (ChangeIndex h : heads_) hashes.push_back(records_[h].hash);
  std::sort(hashes.begin(), hashes.end());
  return hashes;
}

std::uint64_t ChangeGraph::max_lamport(std::span<const ChangeIndex> of) const {
  std::uint64_t max = 0;
  for (ChangeIndex i : of) max = std::max(max, records_[i].lamport);
  return max;
}

bool ChangeGraph::ordered_before(Lv a, Lv b) const {
  const ChangeIndex ca = change_of(a);
  const ChangeIndex cb = change_of(b);
  if (ca == cb) return a < b;
  if (ca == kNoChange || cb == kNoChange) return cb == kNoChange;
  const ChangeRecord& ra = records_[ca];
  const ChangeRecord& rb = records_[cb];
  if (ra.lamport != rb.lamport) return ra.lamport < rb.lamport;
  if (ra.agent != rb.agent) {
    const auto by_writer = ids_.writer(ra.agent) <=> ids_.writer(rb.agent);
    if (by_writer != 0) return by_writer < 0;
  }
  const std::uint64_t counter_a = ra.first_counter + (a - ra.base);
  const std::uint64_t counter_b = rb.first_counter + (b - rb.base);
  if (counter_a != counter_b) return counter_a < counter_b;
  return ra.hash < rb.hash;
}

// ---- what is concurrent
//
// Let C(t) be the changes below t that are not before t; it never changes once t is there. Then
//   not_before(tips, limit) = intersection over the tips t of C(t) and everything between t and limit
// and C(t) = not_before(parents of t, t). So each answer follows from the last ones.

LvSet ChangeGraph::not_before(std::span<const ChangeIndex> tips, ChangeIndex limit) const {
  LvSet result;
  const Lv end = end_of(limit);
  if (tips.empty()) {
    result.add(0, end);
    return result;
  }
  bool first = true;
  for (ChangeIndex t : tips) {
    const Lv after = end_of(t + 1);
    const LvSet& concurrent = concurrent_with(t);
    if (first) {
      result = concurrent;
      result.add(after, end - after);
      first = false;
    } else if (!result.empty()) {
      LvSet here = concurrent;
      here.add(after, end - after);
      result.intersect(here);
    }
  }
  return result;
}

const LvSet* ChangeGraph::cached(ChangeIndex i) const {
  static const LvSet kNothing;
  if (complete(i)) return &kNothing;
  ConcurrentWith* known = remembered(i);
  if (!known) return nullptr;
  known->asked = ++questions_;
  return &known->lvs;
}

std::span<ChangeGraph::ConcurrentWith> ChangeGraph::shelf(ChangeIndex i) const {
  return std::span(remembered_).subspan(i % kShelves * kPerShelf, kPerShelf);
}

ChangeGraph::ConcurrentWith* ChangeGraph::remembered(ChangeIndex i) const {
  if (remembered_.empty()) return nullptr;
  for (ConcurrentWith& c : shelf(i))
    if (c.change == i) return &c;
  return nullptr;
}

const LvSet& ChangeGraph::concurrent_with(ChangeIndex i) const {
  if (const LvSet* known = cached(i)) return *known;
  const ParentList& parents = records_[i].parents;
  if (!std::all_of(parents.begin(), parents.end(), [&](ChangeIndex p) { return cached(p) != nullptr; }))
    return remember(i, walk(i));
  LvSet lvs = not_before(parents, i);
  // The next question will be about a successor of `i`, so each branch that grows keeps one answer.
  for (ChangeIndex p : parents)
    if (ConcurrentWith* done = remembered(p)) *done = {};
  return remember(i, std::move(lvs));
}

LvSet ChangeGraph::walk(ChangeIndex i) const {
  marks_.resize(records_.size(), 0);
  if (++mark_ == 0) {
    std::fill(marks_.begin(), marks_.end(), 0);
    mark_ = 1;
  }
  marks_[i] = mark_;
  std::vector<ChangeIndex> others;
  for (ChangeIndex at = i + 1; at-- > complete_below_[i];) {
    if (marks_[at] == mark_) {
      for (ChangeIndex p : records_[at].parents) marks_[p] = mark_;
    } else {
      others.push_back(at);
    }
  }
  LvSet lvs;
  for (auto o = others.rbegin(); o != others.rend(); ++o) lvs.add(records_[*o].base, records_[*o].id_count);
  return lvs;
}

const LvSet& ChangeGraph::remember(ChangeIndex i, LvSet lvs) const {
  if (remembered_.empty()) remembered_.resize(kShelves * kPerShelf);
  const auto places = shelf(i);
  ConcurrentWith& c =
      *std::min_element(places.begin(), places.end(), [](const auto& a, const auto& b) { return a.asked < b.asked; });
  c.change = i;
  c.asked = ++questions_;
  c.lvs = std::move(lvs);
  return c.lvs;
}

std::vector<bool> ChangeGraph::past(std::span<const ChangeIndex> tips) const {
  std::vector<bool> in_past(records_.size(), false);
  ChangeIndex above = 0;
  for (ChangeIndex t : tips) {
    in_past[t] = true;
    above = std::max(above, t + 1);
  }
  while (above-- > 0) {
    if (!in_past[above]) continue;
    for (ChangeIndex p : records_[above].parents) in_past[p] = true;
  }
  return in_past;
}

std::vector<ChangeIndex> ChangeGraph::maximal(std::vector<ChangeIndex> tips) const {
  std::sort(tips.begin(), tips.end());
  tips.erase(std::unique(tips.begin(), tips.end()), tips.end());
  if (tips.size() <= 1 || std::includes(heads_.begin(), heads_.end(), tips.begin(), tips.end())) return tips;
  std::vector<ChangeIndex> kept;
  for (auto t = tips.rbegin(); t != tips.rend(); ++t) {
    const Lv lv = records_[*t].base;
    const bool covered =
        std::any_of(kept.begin(), kept.end(), [&](ChangeIndex k) { return !concurrent_with(k).contains(lv); });
    if (!covered) kept.push_back(*t);
  }
  std::reverse(kept.begin(), kept.end());
  return kept;
}

// ---- writers

AgentIndex ChangeGraph::agent_of_writer(const WriterId& writer) const {
  const auto found = agents_of_writer_.find(writer);
  return found == agents_of_writer_.end() ? kNoAgent : found->second.front();
}

AgentIndex ChangeGraph::ensure_agent(const WriterId& writer) {
  const AgentIndex known = agent_of_writer(writer);
  return known != kNoAgent ? known : new_agent(writer, kNoAgent, 0);
}

bool ChangeGraph::has_forked(const WriterId& writer) const {
  const auto found = agents_of_writer_.find(writer);
  return found != agents_of_writer_.end() && found->second.size() > 1;
}

ChangeIndex ChangeGraph::last_of(AgentIndex agent) const { return last_of_agent_[agent]; }

AgentIndex ChangeGraph::find(const WriterEntry& entry) const {
  if (entry.branch) {
    const ChangeIndex c = find(*entry.branch);
    return c != kNoChange && ids_.writer(records_[c].agent) == entry.writer ? records_[c].agent : kNoAgent;
  }
  return has_forked(entry.writer) ? kNoAgent : agent_of_writer(entry.writer);
}

WriterEntry ChangeGraph::describe(AgentIndex agent, Lv lv) const {
  WriterEntry entry{ids_.writer(agent), {}};
  if (has_forked(entry.writer)) {
    const ChangeIndex c = change_of(lv);
    if (c != kNoChange) entry.branch = records_[c].hash;
  }
  return entry;
}

AgentIndex SeenWriters::find(const WriterEntry& entry) const {
  if (entry.branch || !graph_.has_forked(entry.writer)) return graph_.find(entry);
  if (past_.empty()) past_ = graph_.past({&change_, 1});
  // The last change of each chain that the author had.
  std::vector<std::pair<AgentIndex, Lv>> ends;
  for (AgentIndex agent : graph_.agents_of_writer_.at(entry.writer)) {
    ChangeIndex c = graph_.last_of(agent);
    while (c != kNoChange && graph_.at(c).agent == agent && !past_[c])
      c = graph_.at(c).seq > 0 ? graph_.at(c).parents.front() : kNoChange;
    if (c != kNoChange && graph_.at(c).agent == agent) ends.emplace_back(agent, graph_.at(c).base);
  }
  // Of which a chain that merely goes on in another is not an end.
  AgentIndex only = kNoAgent;
  for (const auto& [agent, lv] : ends) {
    const std::uint64_t counter = graph_.ids().counter_of(lv);
    const bool goes_on = std::any_of(ends.begin(), ends.end(), [&, own = agent, at = lv](const auto& other) {
      return other.first != own && graph_.ids().lv_of(other.first, counter) == at;
    });
    if (goes_on) continue;
    if (only != kNoAgent) return kNoAgent;
    only = agent;
  }
  return only;
}

}  // namespace tlfs::document
