// The actor that carries what users and groups say to the documents whose rights rest on them.
//
// Documents live in actors of their own, and one refers to another by its statements alone. They lie in the node's
// directory (auth::Directory); this actor fills it from the disk when a document first refers to another one, and
// tells those who follow when there is more.
//
// Accepts   Follow, Said (auth_messages.h).
// Replies   as said there.
// Emits     News, to those who follow.
// Restart   permanent. Documents follow again when a new incarnation is up.
// Survives  the directory. Lost: who follows whom.
// Thread    any worker, one at a time.
#pragma once

#include <map>
#include <set>

#include <caf/actor_addr.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/response_promise.hpp>

#include "actors/auth/auth_messages.h"
#include "actors/auth/directory.h"
#include "actors/supervision/supervised_ref.h"

namespace tlfs::auth {

inline constexpr const char* kAuthId = "auth";
inline constexpr std::size_t kFollowersSwept = 64;     // of one document, from which on it is looked who has ended
inline constexpr std::size_t kMaxFollowed = 1u << 20;  // pairs of follower and followed

class AuthActor : public caf::event_based_actor {
 public:
  AuthActor(caf::actor_config& config, std::shared_ptr<supervision::Registry> registry,
            std::shared_ptr<auth::Directory> directory);

  const char* name() const override { return "auth"; }

 protected:
  caf::behavior make_behavior() override;
  void on_exit() override;

 private:
  struct Asked {
    caf::response_promise promise;
    std::size_t missing = 0;
  };

  caf::result<void> follow(const Follow& request);
  void fetch(const document::DocumentId& document, const std::shared_ptr<Asked>& asked);
  void said(const Said& what);
  void sweep(const document::DocumentId& document, std::set<caf::actor_addr>& followers);

  std::shared_ptr<supervision::Registry> registry_;
  std::shared_ptr<auth::Directory> directory_;
  supervision::SupervisedRef store_;
  std::set<document::DocumentId> fetched_;
  std::map<document::DocumentId, std::set<caf::actor_addr>> followers_;
  std::map<document::DocumentId, std::size_t> alive_;  // followers, when they were swept last
  std::size_t following_ = 0;
};

// Its id is kAuthId.
supervision::ChildSpec auth_spec(std::shared_ptr<auth::Directory> directory);

}  // namespace tlfs::auth
