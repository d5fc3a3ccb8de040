// What a browser does, for tests: HTTP requests and a WebSocket that speaks bridge.capnp, blocking, with a limit to
// every wait.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bridges/websocket/session_actor.h"
#include "bridges/websocket/websocket_bridge.h"

namespace tlfs::testing {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Answer {
  unsigned status = 0;
  Headers headers;
  std::string body;
  std::string header(const std::string& name) const;
};

// "127.0.0.1:4242"; Host is that address unless the headers say something else. Status 0: cut without an answer.
Answer get(const std::string& address, const std::string& target, const Headers& headers = {},
           const std::string& method = "GET");
// Bytes as they are, and what comes until the other end closes.
std::string raw(const std::string& address, const std::string& bytes);

class Browser {
 public:
  using Reply = websocket_bridge::BridgeMessage;
  using Fill = std::function<void(messages::bridge::BridgeRequest::Builder&)>;

  // Not connected when the other end has refused; refusal() has its HTTP status then.
  Browser(const std::string& address, const Headers& headers);
  ~Browser();
  Browser(Browser&&) noexcept;

  bool connected() const;
  unsigned refusal() const;
  std::string subprotocol() const;

  void send(const Fill& fill);
  void send_bytes(const Bytes& bytes, bool text = false);
  // The next message; nothing when none comes within `seconds`, or the connection has ended.
  std::optional<Reply> next(int seconds = 20);
  // The answer to a request of the number that `ask` gives it; what comes unasked meanwhile is kept for told().
  Reply ask(const Fill& fill);
  Reply answer_to(std::uint64_t number);
  // The next message that comes unasked and is of that kind; others are thrown away.
  std::optional<Reply> told(messages::bridge::BridgeMessage::Which kind, int seconds = 20);
  std::uint64_t last_number() const { return number_; }
  // Waits for the end; the reason that the other end gave.
  std::string ended();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
  std::uint64_t number_ = 0;
  std::deque<Reply> unasked_, answers_;
};

std::string text_of(capnp::Data::Reader data);

}  // namespace tlfs::testing
