#include "tests/runtime/document/trace_history.h"

#include <algorithm>

#include "runtime/base/utf.h"
#include "runtime/document/change_graph.h"

namespace tlfs::document::testing {

namespace {

// Characters with tombstones, in pieces so that an insertion moves few of them.
class NaiveText {
 public:
  struct Item {
    Lv id;
    bool visible;
  };

  // Where a new character goes that will have `position` visible ones before it; inserts it under `id`.
  std::pair<Lv, Side> insert(std::uint64_t position, Lv id) {
    std::size_t piece = 0;
    std::size_t at = 0;
    Lv left = kNoLv;
    if (position > 0) {
      std::tie(piece, at) = find(position - 1);
      left = pieces_[piece][at].id;
      ++at;
    }
    std::pair<Lv, Side> place{left, Side::right};
    const std::size_t slot = left == kNoLv ? 0 : std::size_t{left} + 1;
    if (has_right_child_.size() < std::size_t{id} + 2) has_right_child_.resize(std::size_t{id} + 2);
    if (has_right_child_[slot]) {
      std::size_t next_piece = piece;
      std::size_t next = at;
      while (next == pieces_[next_piece].size()) ++next_piece, next = 0;
      place = {pieces_[next_piece][next].id, Side::left};
    } else {
      has_right_child_[slot] = true;
    }
    auto& target = pieces_[piece];
    target.insert(target.begin() + static_cast<std::ptrdiff_t>(at), {id, true});
    ++visible_[piece];
    ++length_;
    if (target.size() > 2000) split(piece);
    return place;
  }

  Lv erase(std::uint64_t position) {
    const auto [piece, at] = find(position);
    pieces_[piece][at].visible = false;
    --visible_[piece];
    --length_;
    return pieces_[piece][at].id;
  }

  std::uint64_t length() const { return length_; }

 private:
  std::pair<std::size_t, std::size_t> find(std::uint64_t position) const {
    std::size_t piece = 0;
    while (position >= visible_[piece]) position -= visible_[piece++];
    for (std::size_t at = 0;; ++at)
      if (pieces_[piece][at].visible && position-- == 0) return {piece, at};
  }

  void split(std::size_t piece) {
    std::vector<Item> tail(pieces_[piece].begin() + 1000, pieces_[piece].end());
    pieces_[piece].resize(1000);
    const auto moved =
        static_cast<std::uint64_t>(std::count_if(tail.begin(), tail.end(), [](const Item& i) { return i.visible; }));
    visible_[piece] -= moved;
    visible_.insert(visible_.begin() + static_cast<std::ptrdiff_t>(piece) + 1, moved);
    pieces_.insert(pieces_.begin() + static_cast<std::ptrdiff_t>(piece) + 1, std::move(tail));
  }

  std::vector<std::vector<Item>> pieces_{{}};
  std::vector<std::uint64_t> visible_{0};
  std::vector<bool> has_right_child_;
  std::uint64_t length_ = 0;
};

class Historian {
 public:
  explicit Historian(const BlockOptions& options) : options_(options) {}

  void edit(std::uint64_t position, std::uint64_t deleted, std::string_view inserted, std::uint32_t agent) {
    position = std::min(position, text_.length());
    deleted = std::min(deleted, text_.length() - position);
    for (; deleted > 0; --deleted)
      add(OperationKind::text_erase, agent, [&](Operation& op) { op.subject = text_.erase(position); });
    while (!inserted.empty()) {
      const std::size_t width = utf8_width(static_cast<unsigned char>(inserted[0]));
      add(OperationKind::text_insert, agent, [&](Operation& op) {
        std::tie(op.parent, op.side) = text_.insert(position++, op.id);
        op.length = static_cast<std::uint32_t>(width);
        one_.text = inserted.substr(0, width);
      });
      inserted.remove_prefix(width);
    }
  }

  void end_transaction() {
    if (batch_.operations.empty()) return;
    const Operation& last = batch_.operations.back();
    if (marked_ < last.id + last.count) {
      batch_.transactions.push_back({marked_, 0});
      marked_ = last.id + last.count;
    }
  }

  void seal(std::uint32_t agent) {
    if (batch_.operations.empty()) return;
    Header h;
    h.document.fill(1);
    h.writer = writer(agent);
    const ChangeIndex last = graph_.last_of(graph_.ensure_agent(h.writer));
    if (last != kNoChange) {
      h.seq = graph_.at(last).seq + 1;
      h.prev = graph_.at(last).hash;
      h.first_counter = graph_.at(last).first_counter + graph_.at(last).id_count;
    }
    for (ChangeIndex head : graph_.heads())
      if (head != last) h.deps.push_back(graph_.at(head).hash);
    h.lamport = 1 + graph_.max_lamport(graph_.heads());
    const Lv base = graph_.first_unsealed();
    h.id_count = graph_.ids().size() - base;
    Leaf leaf;
    leaf.payload =
        encode_block(batch_, {graph_.ensure_agent(h.writer), base, h.id_count}, graph_.ids(), graph_, options_);
    changes_.push_back(make_change(h, {leaf}));
    (void)graph_.add(changes_.back().hash, changes_.back().header).value();
    batch_.clear();
  }

  std::vector<Change> take() { return std::move(changes_); }

 private:
  static WriterId writer(std::uint32_t agent) {
    WriterId w;
    w.device.fill(static_cast<std::uint8_t>(agent + 1));
    return w;
  }

  template <class F>
  void add(OperationKind kind, std::uint32_t agent, F fill) {
    one_.clear();
    one_.add_target(1, nullptr, 0);
    const AgentIndex a = graph_.ensure_agent(writer(agent));
    Operation op;
    op.kind = kind;
    const ChangeIndex last = graph_.last_of(a);
    const std::uint64_t first = last == kNoChange ? 0 : graph_.at(last).first_counter + graph_.at(last).id_count;
    op.id = graph_.ids().append(a, first + (graph_.ids().size() - graph_.first_unsealed()), 1);
    if (batch_.operations.empty()) marked_ = op.id;
    fill(op);
    one_.operations.push_back(op);
    batch_.append(one_);
  }

  BlockOptions options_;
  ChangeGraph graph_;
  NaiveText text_;
  OperationBatch one_;
  OperationBatch batch_;
  Lv marked_ = 0;
  std::vector<Change> changes_;
};

}  // namespace

std::vector<Change> history_of(const cli::Trace& trace, std::uint32_t per_change, const BlockOptions& options) {
  Historian historian(options);
  std::uint32_t held = 0;
  for (std::size_t i = 0; i < trace.transactions.size(); ++i) {
    const auto& t = trace.transactions[i];
    for (const auto& p : trace.patches_of(t)) historian.edit(p.position, p.deleted, p.inserted, t.agent);
    historian.end_transaction();
    ++held;
    const bool next_is_another = i + 1 == trace.transactions.size() || trace.transactions[i + 1].agent != t.agent;
    if (next_is_another || held == per_change) {
      historian.seal(t.agent);
      held = 0;
    }
  }
  return historian.take();
}

}  // namespace tlfs::document::testing
