// What a document asks about keys and rights. A document without a guard is in the clear and everything in it counts.
//
// The guard belongs to whoever owns the document and outlives it. All calls come on the document's thread and none of
// them calls back into the document's editing functions.
#pragma once

#include <optional>
#include <vector>

#include "runtime/base/varint.h"
#include "runtime/document/change_graph.h"
#include "runtime/document/leaf_cipher.h"
#include "runtime/document/state.h"

namespace tlfs::document {

class Guard : public LeafCipher {
 public:
  // Grows whenever an answer of basis() may have changed.
  virtual std::uint64_t revision() const = 0;
  // Whether this device may write to all of these places now, and can encrypt what it writes. A number that is the same
  // for what may be sealed into one leaf; else an error that says what is missing.
  virtual Result<std::uint64_t> basis(const std::vector<Address>& places) = 0;

  // Before a change is sealed: makes sure that there are keys for its compartments, each the address of a boundary or
  // of the root. Returns what the change's header names as authority heads, sorted.
  virtual std::vector<crypto::Digest> prepare(const std::vector<Address>& compartments) = 0;
  virtual Leaf seal(const LeafPlace& place, const Address& compartment, ByteView block) = 0;
  // Whether prepare() and seal() can do that for a compartment. What a transaction was allowed to write can be sealed
  // for ever, unless this device has lost statements that bring keys.
  virtual bool can_seal(const Address& compartment) const = 0;
  // What leaves call the compartment of this boundary. Nothing when this device cannot know.
  virtual std::optional<CompartmentId> compartment_id(const Address& boundary) const = 0;

  // Changes wait until the statements that their headers name are here.
  virtual bool has_statement(const crypto::Digest& statement) const = 0;
  // Whether a change is worth keeping at all: its author could write somewhere in what its leaves name, by the
  // statements that its header names, and has not used up what one author may take here. Everything that it waits for
  // is here.
  virtual Status accepts(const Change& change) const = 0;
  // The change has got its place in the graph.
  virtual void arrived(ChangeIndex index, const Change& change) = 0;
  // Whether a leaf that this device can read takes effect, by what it writes to. Which leaves do not is for the guard
  // to remember: snapshots do not say it.
  virtual bool counts(ChangeIndex index, std::uint32_t leaf, const std::vector<Address>& places) const = 0;
};

// The address of the boundary that encloses a place, itself included; the root's where there is none.
Address compartment_of(const NodeTable& nodes, const Address& place);
// A dynamic key, the same on every replica: tagged table key, or device, incarnation and counter of an element.
void put_key(ByteWriter& out, const Key& key, const IdSpace& ids);
// What leaves of unencrypted documents call a compartment: the boundary's schema node where no dynamic key leads to it,
// else a hash of node and keys.
CompartmentId plain_compartment_id(const NodeTable& nodes, const IdSpace& ids, const Address& boundary);

}  // namespace tlfs::document
