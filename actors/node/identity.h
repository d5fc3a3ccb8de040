// Who a node is, kept in its directory: the device's key, the user that it belongs to, and whether the disk is still
// the one that the device last wrote to.
//
//   device.key      the device's key, locked (runtime/access/key_file.h)
//   device.unlock   32 bytes that open it, when no passphrase does; may be kept elsewhere and brought back for a start
//   continuity      see below
//   store/          the records
//
// A restored backup is a store that has lost its tail without knowing it: the device would hand out the same operation
// ids a second time. So the directory holds a small file whose inode and time of last change the store remembers.
// Copying a directory, unpacking an archive, or restoring over an existing one changes at least one of them; then all
// documents go on as a new incarnation of the device (DESIGN 4.3). Turning back a whole file system is not seen here;
// that shows as a fork when the next peer is met, and is handled there.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "runtime/access/key_file.h"
#include "runtime/storage/store.h"

namespace tlfs::node {

inline constexpr const char* kStoreFolder = "store";

struct Identity {
  std::shared_ptr<const crypto::SigningKey> device;
  std::shared_ptr<const crypto::Secret> at_rest;  // of the device, for its own disk
  bool made = false;                              // just now; the device has written nothing yet
};

// The device's key in `directory`, made when nothing is there yet. Whoever has opened the directory's store has the
// directory for itself, so no two processes make a key at once. access::KeyFileErrc; storage::Errc::missing when there
// are records and no key; the errors of writing a file.
Result<Identity> open_identity(const std::string& directory, storage::Store& store,
                               const std::optional<access::Passphrase>& passphrase, Random& random);
Identity identity_of(std::shared_ptr<const crypto::SigningKey> device);

// The incarnation that documents go on with; 0 as long as nothing was ever lost. `fresh`: the device's key was made
// just now. Writes to the store when that has changed since the last start.
Result<std::uint64_t> check_continuity(const std::string& directory, storage::Store& store, bool fresh, Random& random);

// What is remembered in the store under a name.
Result<std::optional<Bytes>> read_identity(storage::Store& store, std::string_view name);
Status write_identity(storage::Store& store, std::string_view name, Bytes value);

}  // namespace tlfs::node
