// The sealed changes of a document, as they came, by their index in the causal graph.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/document/change_graph.h"
#include "runtime/document/state.h"

namespace tlfs::document {

// Something has to be computed with a change whose bytes are elsewhere, and they cannot be had there: the disk has lost
// them. What was being done is half done, so the document is of no use any more.
class HistoryLost final : public std::exception {
 public:
  explicit HistoryLost(std::string why) : why_(std::move(why)) {}
  const char* what() const noexcept override { return why_.c_str(); }

 private:
  std::string why_;
};

class History final : public CharacterSource {
 public:
  explicit History(const ChangeGraph& graph) : graph_(&graph) {}

  // To be added right after the change got its place in the graph.
  void add(Change change);
  // The next `count` changes of the graph; their bytes are elsewhere, and `load` of set_loader brings them when
  // something needs them.
  void add_absent(std::size_t count) { entries_.resize(entries_.size() + count); }
  // Turns a leaf that is not in epoch 0 into its operation block, or into nothing. Without one, only epoch 0 is read;
  // with one, epoch 0 is not.
  using Opener = std::function<std::optional<Bytes>(ChangeIndex, const Leaf&)>;
  void set_opener(Opener open) { open_ = std::move(open); }
  // Leaves of `change`, which is the one at `index`, that it came without; loads it when its bytes are elsewhere, and
  // keeps it as it is now when they cannot be had there. Returns how many were new.
  std::size_t add_leaves(ChangeIndex index, const Change& change);
  // Holds the bytes of a change that were elsewhere.
  void restore(ChangeIndex index, Change change);
  // The leaf as it came; null when it is not here.
  const Leaf* sealed_leaf(ChangeIndex index, std::size_t leaf) const;
  void set_loader(std::function<Result<Change>(const ChangeHash&)> load) { load_ = std::move(load); }
  std::size_t size() const { return entries_.size(); }

  // The change as it came. An error only when its bytes are elsewhere and cannot be had.
  Result<Change> change(ChangeIndex index) const;
  void sign(ChangeIndex index, const crypto::Signature& signature);
  bool is_signed(ChangeIndex index) const { return entries_[index].signature != nullptr; }
  const crypto::Signature& signature(ChangeIndex index) const { return *entries_[index].signature; }  // is_signed

  // What computing with a change needs. All of them throw HistoryLost when the bytes are elsewhere and cannot be had.
  const crypto::Digest& package(ChangeIndex index) const;
  std::size_t leaf_count(ChangeIndex index) const;
  struct ReadLeaf {
    CompartmentId compartment;
    OperationBatch batch;
  };
  // Nothing when the leaf is not here, is encrypted, or is no readable block.
  std::optional<ReadLeaf> leaf(ChangeIndex index, std::size_t leaf) const;

  // What is not sealed yet, for characters(). Outlives this.
  void set_pending(const OperationBatch* pending) { pending_ = pending; }
  std::string characters(Lv first, std::uint32_t count) const override;
  // Bytes of headers and leaves held in memory.
  std::size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    Bytes header;               // empty: the bytes are elsewhere
    std::uint32_t package = 0;  // into packages_
    std::vector<std::optional<Leaf>> leaves;
    std::unique_ptr<crypto::Signature> signature;
  };
  void fill(Entry& entry, Change change) const;
  const Entry& present(ChangeIndex index) const;
  bool characters_in(const OperationBatch& batch, Lv first, std::uint32_t& count, std::string& out) const;

  const ChangeGraph* graph_;
  const OperationBatch* pending_ = nullptr;
  mutable std::vector<Entry> entries_;  // loading fills in what was elsewhere
  mutable std::vector<crypto::Digest> packages_;
  std::function<Result<Change>(const ChangeHash&)> load_;
  Opener open_;
  mutable std::size_t bytes_ = 0;
  // The last change whose characters were asked for: revived text comes in neighbouring pieces.
  mutable ChangeIndex cached_ = kNoChange;
  mutable std::vector<OperationBatch> cached_batches_;
};

}  // namespace tlfs::document
