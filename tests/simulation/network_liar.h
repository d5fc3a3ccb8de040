// A device with a valid key that nobody knows, which speaks honest Noise and then lies.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "runtime/document/ids.h"
#include "runtime/link/link.h"
#include "tests/simulation/network_wires.h"

namespace tlfs::simulation {

class Liar : public std::enable_shared_from_this<Liar> {
 public:
  enum class Kind : std::uint8_t {
    silent,        // connects and says nothing
    noise,         // random bytes instead of a handshake
    garble,        // an honest handshake, then messages with a byte changed
    replay,        // the same, then a message twice
    control,       // the same, then random bytes where the hub listens
    channels,      // the same, then channels that name no document
    conversation,  // the same, then random bytes in a conversation about a document that exists
    flood,         // the same, then as much as the connection takes
  };
  static constexpr std::uint64_t kKinds = 8;
  static std::string_view name_of(Kind kind);

  Liar(testing::World& world, std::shared_ptr<Wires> wires, Kind kind, std::uint64_t seed);
  // Connects and does what it does. `document`: one that exists there.
  void attack(Place from, const std::string& address, const document::DocumentId& document);
  Kind kind() const { return kind_; }
  // Why, if it was cut off: what the peer said, or how the connection ended.
  const std::optional<std::string>& cut_off() const { return cut_off_; }
  // The connection came about.
  bool connected() const { return connected_; }

 private:
  void opened();
  void heard(const Bytes& message);
  void misbehave();
  void flush();
  Bytes garbage(std::size_t most);
  link::Time now() const { return world_.now(); }

  testing::World& world_;
  std::shared_ptr<Wires> wires_;
  Kind kind_;
  SeededRandom random_;
  std::optional<link::Link> link_;
  std::shared_ptr<net::MessageSocket> socket_;
  document::DocumentId document_{};
  std::optional<std::string> cut_off_;
  bool connected_ = false, lying_ = false;
};

}  // namespace tlfs::simulation
