// The merge rules as an executable definition: what a set of operations means, computed by brute force.
//
// Nothing here is shared with the engine: no dots that are kept, no tree of cells, no order that is maintained. Every
// question ("is this write still there", "is this element alive") looks at all operations. Quadratic and worse; meant
// to be read.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/document/data.h"
#include "runtime/document/operation.h"
#include "schema/lens/package.h"

namespace tlfs::document::testing {

// Operations are named by their number in the model's list, which is a causal order: what an operation has seen stands
// before it.
inline constexpr int kBeginning = -1;  // as a parent: the beginning of the sequence
inline constexpr int kNowhere = -2;    // a reference to something that is not there

struct ModelNode {
  schema::NodeId id{};
  schema::Kind kind{};
  Primitive primitive{};
  int parent = -1;
  int compartment = 0;
};

// A step into a table (its key) or an array (the number of the operation that inserted the element).
using ModelKey = std::variant<int, Value>;

struct ModelPlace {
  int node = 0;
  std::vector<ModelKey> keys;
  friend bool operator==(const ModelPlace&, const ModelPlace&) = default;
};

// One operation that takes one id: runs are taken apart.
struct ModelOperation {
  OperationKind kind{};
  ModelPlace place;
  int change = 0;       // number of its change
  bool voided = false;  // its leaf is
  int rank = 0;         // position in operation order
  int parent = kNowhere;
  Side side = Side::right;
  int subject = kNowhere;
  std::vector<Value> values;
  std::string text;  // one character
  std::int64_t amount = 0;
};

class Model {
 public:
  // `pasts[c]` has for each change whether change c has it in its causal past.
  Model(std::vector<ModelNode> nodes, std::vector<ModelOperation> operations, std::vector<std::vector<bool>> pasts);

  Data value(const schema::Package& package, const schema::View& view) const;

  // All values of each register that the view shows and that has some, in the order of the view; the one that reading
  // gives comes first.
  std::vector<std::vector<Value>> assignments(const schema::Package& package, const schema::View& view) const;

 private:
  struct Render;
  bool saw(int a, int b) const;  // b is in the past of a
  bool is_above(int node, int below) const;
  bool is_below(const ModelPlace& place, int node, const std::vector<ModelKey>& keys) const;

  bool address_fits(int op) const;
  bool has_effect(int op) const;
  bool in_sequence(int item, const ModelPlace& place) const;

  bool covers(const ModelOperation& remove, const ModelPlace& place) const;
  bool removes(int remover, int addition) const;
  bool is_live(int addition) const;
  bool keeps_alive(int addition, int element) const;
  bool kills(int remover, int element) const;
  bool is_alive(int element) const;
  bool is_shown(int character) const;
  int slot_of(int element) const;
  bool exists(int table, const std::vector<ModelKey>& keys) const;
  std::vector<Value> keys_of(const ModelPlace& table) const;
  std::vector<Value> values_of(const ModelPlace& reg) const;
  std::vector<int> in_order(const ModelPlace& sequence) const;
  void visit(int item, const std::vector<int>& items, std::vector<int>& out) const;

  std::vector<ModelNode> nodes_;
  std::vector<ModelOperation> operations_;
  std::vector<std::vector<bool>> pasts_;
  std::vector<bool> placed_;  // items that have a place in a sequence, voided or not
  std::vector<bool>
      acts_;  // operations that have an effect: they refer to what is there and was seen, and are not voided
};

}  // namespace tlfs::document::testing
