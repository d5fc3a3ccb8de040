// What all document actors of one node share: where their records are, who this device is, and what is known of others.
//
// Made by the node; outlives its actors. Everything in it is immutable or thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "actors/auth/directory.h"
#include "actors/supervision/registry.h"
#include "actors/supervision/restart_policy.h"
#include "runtime/replica/replica.h"

namespace tlfs::document_actor {

// Packages of this node by their hash, decoded once. Thread-safe.
class PackageShelf {
 public:
  // Bytes that are no package are left out.
  void add(ByteView encoded);
  void add(const std::shared_ptr<const schema::Package>& package);
  std::shared_ptr<const schema::Package> find(const crypto::Digest& hash) const;  // null when it is not here

 private:
  mutable std::mutex mutex_;
  std::map<crypto::Digest, std::shared_ptr<const schema::Package>> packages_;
};

struct DocumentEnvironment {
  std::shared_ptr<supervision::Registry> registry;  // where the store and auth are found
  std::shared_ptr<const crypto::SigningKey> device;
  std::shared_ptr<const crypto::Secret> at_rest;
  document::DocumentId user{};
  std::uint64_t new_incarnation = 0;  // replica::Replica::Settings
  std::shared_ptr<auth::Directory> directory;
  std::shared_ptr<PackageShelf> packages;
  std::shared_ptr<const Clock> clock;
  bool networked = false;                           // there is a hub that wants to know how documents stand
  std::function<std::shared_ptr<Random>()> random;  // one for each incarnation of an actor
  supervision::Nanoseconds close_after = std::chrono::seconds(60);
  supervision::Nanoseconds request_timeout = std::chrono::seconds(30);
};

}  // namespace tlfs::document_actor
