// Messages over WebSocket (RFC 6455, binary messages only), with or without TLS: listening and dialling, on one thread
// of its own.
//
// WebSocket proves nobody's identity, and TLS only that of a server with a certificate; who the other end is, the link
// inside finds out. Here strangers are kept from costing much:
//   - a connection that has not finished the opening handshake counts as half-open. There is room for a few; when one
//     more comes, the oldest half-open one gives way. So a flood of them costs those that are open nothing, and leaves
//     everyone quick a chance;
//   - one remote address (IPv6: one /64) has so many connections, open and half-open;
//   - a message beyond kMaxMessageBytes, text, silence, and not reading what is sent each end the connection.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "actors/net/message_socket.h"

namespace tlfs::net {

struct WebsocketLimits {
  std::size_t connections = 1'024;            // open ones that were accepted
  std::size_t half_open = 256;                // accepted, handshake not finished
  std::size_t per_address = 64;               // accepted from one address, open and half-open
  std::size_t dialled = 1'024;                // attempts and connections that we began
  std::size_t queue_bytes = 1u << 20;         // of one connection, waiting to be sent
  std::chrono::milliseconds connect{10'000};  // finding the name's addresses and reaching one of them
  std::chrono::milliseconds handshake{10'000};
  std::chrono::milliseconds idle{120'000};    // no message comes
  std::chrono::milliseconds stalled{30'000};  // nothing of the queue could be sent
  std::chrono::milliseconds closing{2'000};   // from close() until the connection is cut
};

struct WebsocketCounts {
  std::size_t open = 0;        // accepted
  std::size_t half_open = 0;   // accepted
  std::size_t dialled = 0;     // attempts and open ones
  std::uint64_t accepted = 0;  // since the beginning
  std::uint64_t refused = 0;   // of these: no room
  std::uint64_t evicted = 0;   // of these: half-open and made room
};

struct TlsFiles {
  std::string certificate_chain;  // PEM
  std::string private_key;        // PEM
};

class WebsocketTransport {
 public:
  struct Settings {
    // Where to listen: "0.0.0.0:4242", "[::]:4242"; "[::]" is IPv6 alone; port 0 lets the system choose. None: dials
    // only.
    std::vector<std::string> listen = {};
    std::optional<TlsFiles> tls = {};  // listens with TLS
    // Additional certificates that a dialled wss:// server may be signed by (PEM); beside those of the system.
    std::string trusted_certificates = {};
    WebsocketLimits limits = {};
    // Who answers on a connection that was accepted and has finished its handshake; `opened` follows. On the
    // transport's thread.
    std::function<MessageHandlers(std::shared_ptr<MessageSocket>)> accept = {};
  };

  // Listens on all the places, or fails: bad_address, in_the_way, denied, untrusted (the TLS files are of no use),
  // failed.
  static Result<std::unique_ptr<WebsocketTransport>> start(Settings settings);

  // Tells all ends that it goes, cuts those that do not answer within `limits.closing`, and waits for its thread: every
  // `closed` was called when this returns. Not to be called on the transport's thread. Looking up a name cannot be
  // interrupted; it is waited for.
  void stop();
  ~WebsocketTransport();
  WebsocketTransport(const WebsocketTransport&) = delete;
  WebsocketTransport& operator=(const WebsocketTransport&) = delete;

  // Where it listens, in the order of the settings, with the ports that were chosen.
  const std::vector<std::string>& addresses() const;

  enum class Trust : std::uint8_t {
    certificate,  // wss: the certificate must be valid for the host
    inner,        // any will do: the handshake inside the connection is what counts
  };
  // Begins to dial; any thread, returns at once, and tells through `handlers` what comes of it. close() on what is
  // returned ends the attempt. After stop() `closed` is called before this returns, with interrupted.
  std::shared_ptr<MessageSocket> dial(const std::string& url, MessageHandlers handlers,
                                      Trust trust = Trust::certificate);

  WebsocketCounts counts() const;  // any thread

 private:
  struct Parts;
  explicit WebsocketTransport(std::shared_ptr<Parts> parts);
  std::shared_ptr<Parts> parts_;
};

}  // namespace tlfs::net
