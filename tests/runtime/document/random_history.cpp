#include "tests/runtime/document/random_history.h"

#include <algorithm>
#include <map>

#include "runtime/document/change_graph.h"
#include "tests/runtime/document/random_batch.h"

namespace tlfs::document::testing {

namespace {

class Storyteller {
 public:
  explicit Storyteller(std::uint64_t seed) : random_(seed) {}

  void tell() {
    Header h;
    h.document.fill(5);
    h.writer = writer_number(static_cast<std::uint8_t>(1 + random_.below(3)));
    h.package.fill(random_.chance(0.9) ? 1 : 2);
    h.id_count = static_cast<std::uint32_t>(1 + random_.below(20));
    std::vector<ChangeIndex> parents;
    const AgentIndex agent = graph_.agent_of_writer(h.writer);
    ChangeIndex prev = agent == kNoAgent ? kNoChange : graph_.last_of(agent);
    if (prev != kNoChange && random_.chance(0.05)) {  // a fork
      prev = graph_.at(prev).seq == 0 ? kNoChange : graph_.at(prev).parents.front();
      h.package.fill(3);
    }
    if (prev != kNoChange) {
      parents.push_back(prev);
      h.prev = graph_.at(prev).hash;
      h.seq = graph_.at(prev).seq + 1;
      h.first_counter = graph_.at(prev).first_counter + graph_.at(prev).id_count;
    }
    for (ChangeIndex head : graph_.heads())
      if (head != prev && random_.chance(0.7)) parents.push_back(head);
    for (ChangeIndex p : parents)
      if (p != prev) h.deps.push_back(graph_.at(p).hash);
    std::sort(h.deps.begin(), h.deps.end());
    h.lamport = 1 + graph_.max_lamport(parents);
    if (random_.chance(0.02)) h.lamport += 3;
    if (random_.chance(0.3)) h.authority_heads = {crypto::hash("head", {ByteView(h.writer.device)})};

    const BlockScope scope = graph_.announce(h).value();
    std::vector<Leaf> leaves = make_leaves(scope);
    Change change = make_change(h, std::move(leaves));
    (void)graph_.add(change.hash, change.header).value();
    if (change.leaves.size() > 1 && random_.chance(0.2)) change.leaves[0].reset();
    if (random_.chance(0.3)) random_.fill(change.signature.emplace());
    changes.push_back(std::move(change));
  }

  std::vector<Change> changes;

 private:
  std::vector<Leaf> make_leaves(const BlockScope& scope) {
    // Each operation and transaction goes to one of the leaves.
    const OperationBatch all = random_batch(random_, scope);
    std::vector<OperationBatch> parts(1 + random_.below(3), all);
    for (OperationBatch& part : parts) part.operations.clear();
    for (const Operation& op : all.operations) parts[random_.below(parts.size())].operations.push_back(op);
    std::vector<Leaf> leaves;
    for (const OperationBatch& part : parts) {
      Leaf leaf;
      leaf.compartment.fill(static_cast<std::uint8_t>(random_.chance(0.1) ? 0 : leaves.size()));
      leaf.payload = encode_block(part, scope, graph_.ids(), graph_, {3, random_.chance(0.9) ? kMaxBlockBytes : 20});
      if (random_.chance(0.1)) {
        leaf.epoch = 1;
        leaf.salt.resize(16);
        random_.fill(leaf.salt);
      }
      if (random_.chance(0.05)) leaf.payload.push_back(200);  // not what this encoder would write, if readable at all
      leaves.push_back(std::move(leaf));
    }
    return leaves;
  }

  SeededRandom random_;
  ChangeGraph graph_;
};

}  // namespace

std::vector<Change> random_history(std::uint64_t seed, std::size_t size) {
  Storyteller storyteller(seed);
  for (std::size_t i = 0; i < size; ++i) storyteller.tell();
  return std::move(storyteller.changes);
}

}  // namespace tlfs::document::testing
