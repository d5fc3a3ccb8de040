#include "tests/runtime/document/model_reader.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "runtime/base/check.h"
#include "runtime/base/utf.h"
#include "runtime/base/varint.h"

namespace tlfs::document::testing {
namespace {

class ModelReader {
 public:
  ModelReader(const Document& document, const std::vector<std::shared_ptr<const schema::Package>>& packages)
      : graph_(document.graph()), history_(document.history()) {
    for (const auto& p : packages) add_package(*p);
  }

  Model run(const std::set<LeafId>& voided) {
    for (ChangeIndex c = 0; c < graph_.size(); ++c) read_change(c, voided);
    rank();
    return Model(nodes_, std::move(operations_), std::move(pasts_));
  }

 private:
  void add_package(const schema::Package& package) {
    std::vector<int>& known = nodes_of_[package.hash()];
    for (const schema::Node& n : package.nodes()) {
      const auto at = std::find_if(nodes_.begin(), nodes_.end(), [&](const ModelNode& m) { return m.id == n.id; });
      known.push_back(static_cast<int>(at - nodes_.begin()));
      if (at != nodes_.end()) continue;
      ModelNode m{n.id, n.kind, n.primitive};
      if (n.parent != schema::kNoOrdinal) {
        m.parent = known[n.parent];
        m.compartment = n.compartment ? known.back() : nodes_[m.parent].compartment;
      }
      nodes_.push_back(m);
    }
  }

  void read_change(ChangeIndex c, const std::set<LeafId>& voided) {
    const Change change = history_.change(c).value();
    const Header& h = change.header;
    std::vector<bool> past(graph_.size());
    std::uint64_t lamport = 0;
    const auto parent = [&](const ChangeHash& hash) {
      const ChangeIndex p = number_.at(hash);
      past[p] = true;
      for (ChangeIndex i = 0; i < p; ++i)
        if (pasts_[p][i]) past[i] = true;
      lamport = std::max(lamport, headers_[p].lamport);
    };
    if (h.prev) parent(*h.prev);
    for (const ChangeHash& d : h.deps) parent(d);
    // What a writer says of itself must follow from what it has seen.
    bool lawful = h.lamport == lamport + 1;
    if (h.prev) {
      const Header& p = headers_[number_.at(*h.prev)];
      lawful = lawful && h.seq == p.seq + 1 && h.writer == p.writer && h.first_counter == p.first_counter + p.id_count;
    } else {
      lawful = lawful && h.first_counter == 0;
    }
    number_[change.hash] = c;
    headers_.push_back(h);
    pasts_.push_back(std::move(past));
    for (std::uint32_t i = 0; i < change.leaves.size(); ++i) {
      const auto leaf = history_.leaf(c, i);
      if (leaf) read_leaf(c, *leaf, !lawful || voided.contains({change.hash, i}));
    }
  }

  void read_leaf(ChangeIndex c, const History::ReadLeaf& leaf, bool voided) {
    const OperationBatch& batch = leaf.batch;
    const std::vector<int>& nodes = nodes_of_.at(headers_[c].package);
    for (const Target& t : batch.targets)
      if (t.node >= nodes.size() || name_of_compartment(nodes[t.node], batch, t) != leaf.compartment) voided = true;
    for (const Operation& op : batch.operations) {
      const Target& target = batch.targets[op.target];
      if (target.node >= nodes.size()) continue;
      std::string_view text;
      if (op.kind == OperationKind::text_insert) text = std::string_view(batch.text).substr(op.first, op.length);
      for (std::uint32_t i = 0; i < op.count; ++i) {
        ModelOperation o;
        o.kind = op.kind;
        o.change = static_cast<int>(c);
        o.voided = voided;
        o.place.node = nodes[target.node];
        for (std::uint32_t k = 0; k < target.key_count; ++k) {
          const Key& key = batch.keys[target.first_key + k];
          o.place.keys.push_back(key.is_element() ? ModelKey(named(key.element)) : ModelKey(key.table_key));
        }
        const bool first = i == 0 || op.kind == OperationKind::move;
        o.parent = !first               ? static_cast<int>(operations_.size()) - 1
                   : op.parent == kNoLv ? kBeginning
                                        : named(op.parent);
        o.side = first ? op.side : Side::right;
        o.subject = op.subject == kNoLv || op.subject == kUnknownLv ? kNowhere : named(op.subject + i);
        if (op.kind == OperationKind::assign)
          o.values.assign(batch.values.begin() + op.first, batch.values.begin() + op.first + op.length);
        if (op.kind == OperationKind::text_insert) {
          const std::size_t bytes = byte_offset_of_code_point(text, 1);
          o.text = text.substr(0, bytes);
          text.remove_prefix(bytes);
        }
        o.amount = op.amount;
        by_lv_[op.id + i] = static_cast<int>(operations_.size());
        lvs_.push_back(op.id + i);
        operations_.push_back(std::move(o));
      }
    }
  }

  // The boundary's id, or a hash of it and the keys that lead to it.
  CompartmentId name_of_compartment(int node, const OperationBatch& batch, const Target& target) const {
    const int boundary = nodes_[node].compartment;
    std::size_t count = 0;
    for (int n = nodes_[boundary].parent; n >= 0; n = nodes_[n].parent)
      if (nodes_[n].kind == schema::Kind::table || nodes_[n].kind == schema::Kind::array) ++count;
    if (count == 0) return nodes_[boundary].id;
    ByteWriter keys;
    for (std::size_t k = 0; k < count; ++k) {
      const Key& key = batch.keys[target.first_key + k];
      if (key.is_element()) {
        const OpId id = key.element < graph_.ids().size() ? graph_.ids().id_of(key.element) : OpId{};
        keys.u8(0);
        keys.raw(ByteView(id.writer.device));
        keys.fixed64(id.writer.incarnation);
        keys.fixed64(id.counter);
      } else if (const auto* text = std::get_if<std::string>(&key.table_key)) {
        keys.u8(static_cast<std::uint8_t>(Primitive::string));
        keys.text(*text);
      } else if (const auto* flag = std::get_if<bool>(&key.table_key)) {
        keys.u8(static_cast<std::uint8_t>(Primitive::boolean));
        keys.u8(*flag ? 1 : 0);
      } else if (const auto* number = std::get_if<std::uint64_t>(&key.table_key)) {
        keys.u8(static_cast<std::uint8_t>(Primitive::u64));
        keys.fixed64(*number);
      } else {
        keys.u8(static_cast<std::uint8_t>(Primitive::i64));
        keys.fixed64(static_cast<std::uint64_t>(std::get<std::int64_t>(key.table_key)));
      }
    }
    const crypto::Digest digest = crypto::hash("tlfs compartment", {nodes_[boundary].id, keys.view()});
    CompartmentId out;
    std::copy_n(digest.begin(), out.size(), out.begin());
    return out;
  }

  int named(Lv lv) const {
    const auto at = by_lv_.find(lv);
    return at == by_lv_.end() ? kNowhere : at->second;
  }

  // Operation order: lamport, writer, counter; the change's hash between branches of a fork.
  void rank() {
    std::vector<int> order(operations_.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
    const auto place = [&](int i) {
      const Header& h = headers_[operations_[i].change];
      return std::tuple(h.lamport, h.writer, graph_.ids().counter_of(lvs_[i]),
                        graph_.at(static_cast<ChangeIndex>(operations_[i].change)).hash);
    };
    std::sort(order.begin(), order.end(), [&](int a, int b) { return place(a) < place(b); });
    for (std::size_t i = 0; i < order.size(); ++i) operations_[order[i]].rank = static_cast<int>(i);
  }

  const ChangeGraph& graph_;
  const History& history_;
  std::map<crypto::Digest, std::vector<int>> nodes_of_;
  std::vector<ModelNode> nodes_;
  std::map<ChangeHash, ChangeIndex> number_;
  std::vector<Header> headers_;
  std::vector<std::vector<bool>> pasts_;
  std::vector<ModelOperation> operations_;
  std::vector<Lv> lvs_;
  std::map<Lv, int> by_lv_;
};

}  // namespace

Model read_model(Document& document, const std::vector<std::shared_ptr<const schema::Package>>& packages,
                 const std::set<LeafId>& voided) {
  document.seal();
  return ModelReader(document, packages).run(voided);
}

}  // namespace tlfs::document::testing
