// The actor that looks for other nodes on the local network, and shows this one to them.
//
// Accepts   nothing from others; notes from the thread of its Neighbourhood, and its own ticks.
// Emits     Neighbours to the hub, whenever something has changed and every kTellAgain (discovery_messages.h).
// Restart   permanent.
// Survives  nothing: everything is seen and announced anew.
// Thread    any worker, one at a time.
//
// What is announced hides the device from all who do not know its key, with another id each quarter of an hour, unless
// the user has chosen to be seen. A node that does not listen, or only for its own machine, announces nothing.
#pragma once

#include <map>
#include <mutex>

#include <caf/event_based_actor.hpp>

#include "actors/document/document_environment.h"
#include "actors/network/discovery_messages.h"
#include "actors/network/network_messages.h"
#include "actors/network/surroundings.h"
#include "actors/supervision/child_spec.h"
#include "actors/supervision/supervised_ref.h"

namespace tlfs::network {

inline constexpr const char* kDiscoveryId = "discovery";
inline constexpr std::chrono::seconds kLookAgain{5};  // after no network was there to look at
inline constexpr std::chrono::seconds kTellAgain{2};  // the hub may have been started anew
inline constexpr std::chrono::seconds kTellApart{1};  // at least, however fast things change
inline constexpr std::chrono::seconds kDiscoveryTick{1};

struct DiscoverySettings {
  std::shared_ptr<const document_actor::DocumentEnvironment> environment;
  std::shared_ptr<const Surroundings> surroundings;
  std::optional<std::string> visible_as;
};

struct Door {
  std::uint16_t port = 0;
  bool ipv4 = false, ipv6 = false;  // by which it is open
  friend bool operator==(const Door&, const Door&) = default;
};

// What to announce of where a node listens: the port of the first address that other machines can reach.
std::optional<Door> door_to_announce(const std::vector<std::string>& listening);

class DiscoveryActor : public caf::event_based_actor {
 public:
  DiscoveryActor(caf::actor_config& config, std::shared_ptr<const DiscoverySettings> settings,
                 std::shared_ptr<const supervision::ChildIdentity> identity);
  ~DiscoveryActor() override;

  const char* name() const override { return "discovery"; }

 protected:
  caf::behavior make_behavior() override;
  void on_exit() override;

 private:
  struct Tick : messaging::LocalOnly {};
  struct Changed : messaging::LocalOnly {};
  // What one Neighbourhood has seen. Written on its thread; however much happens, one note waits in the mailbox.
  struct Seen {
    std::mutex mutex;  // guards what follows
    std::map<std::string, net::FoundService> services;
    std::optional<Error> failed;
    bool noted = false;
  };

  void tick();
  void look();
  void changed();
  void tell_hub();
  void show();
  std::chrono::nanoseconds now() const { return settings_->environment->clock->monotonic(); }

  std::shared_ptr<const DiscoverySettings> settings_;
  std::shared_ptr<const supervision::ChildIdentity> identity_;
  std::shared_ptr<Random> random_;
  supervision::SupervisedRef hub_;
  std::shared_ptr<Seen> seen_;
  std::unique_ptr<Neighbourhood> neighbourhood_;
  std::optional<std::chrono::nanoseconds> look_at_, told_at_;
  bool news_ = false;
  bool telling_ = false;
  std::string problem_;  // logged last

  std::optional<Door> door_;                  // where this node listens
  std::optional<Door> shown_;                 // announced
  std::chrono::milliseconds shown_until_{0};  // by the wall clock
};

supervision::ChildSpec discovery_spec(std::shared_ptr<const DiscoverySettings> settings);

}  // namespace tlfs::network
