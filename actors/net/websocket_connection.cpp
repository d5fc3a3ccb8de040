#include "actors/net/websocket_connection.h"

#include <algorithm>
#include <utility>

#include "runtime/base/utf.h"

namespace tlfs::net {
namespace {

constexpr std::size_t kMaxEndpoints = 8;      // of one name that are tried
constexpr std::size_t kMessageOverhead = 64;  // what a queued message costs beside its bytes
// Codes of RFC 6455 section 7.4.1.
constexpr std::uint16_t kNormal = 1000, kGoingAway = 1001, kWrongKind = 1003, kPolicy = 1008, kTooBig = 1009;

}  // namespace

// ---- the handle

std::size_t WebsocketHandle::cost(std::size_t bytes) { return bytes + kMessageOverhead; }

bool WebsocketHandle::send(Bytes message) {
  TLFS_CHECK(message.size() <= kMaxMessageBytes, "a message beyond its limit is sent");
  if (reach_.over()) return true;
  const std::size_t mine = cost(message.size());
  const std::size_t before = waiting_.fetch_add(mine);
  if (before != 0 && before + mine > queue_bytes_) {
    waiting_ -= mine;
    // Asked again on the other thread, lest the queue was emptied in between.
    if (!wants_room_.exchange(true)) reach_.post([](WebsocketConnection& c) { c.check_room(); });
    return false;
  }
  reach_.post([m = std::move(message)](WebsocketConnection& c) mutable { c.enqueue(std::move(m)); });
  return true;
}

void WebsocketHandle::close(std::string reason) {
  reach_.post([r = std::move(reason)](WebsocketConnection& c) { c.close(r); });
}
void WebsocketHandle::pause() {
  reach_.post([](WebsocketConnection& c) { c.set_paused(true); });
}
void WebsocketHandle::resume() {
  reach_.post([](WebsocketConnection& c) { c.set_paused(false); });
}

std::string WebsocketHandle::remote() const {
  const std::lock_guard lock(mutex_);
  return remote_;
}
void WebsocketHandle::set_remote(std::string remote) {
  const std::lock_guard lock(mutex_);
  remote_ = std::move(remote);
}

bool WebsocketHandle::take_room() { return waiting_ <= queue_bytes_ / 2 && wants_room_.exchange(false); }

// ---- the connection

WebsocketConnection::WebsocketConnection(const std::shared_ptr<WebsocketHost>& host, std::string remote)
    : host_(*host),
      handle_(std::make_shared<WebsocketHandle>(host, host->limits.queue_bytes, std::move(remote))),
      resolver_(host->io) {}

Error WebsocketConnection::about(Errc code, const std::string& what) const {
  return {code, handle_->remote() + ": " + what};
}

void WebsocketConnection::begin() {
  if (!url_) {
    deadline_ = Clock::now() + host_.limits.handshake;
    return start_handshake();
  }
  deadline_ = Clock::now() + host_.limits.connect;
  const std::string port = std::to_string(url_->place.port);
  resolver_.async_resolve(url_->place.host, port, Tcp::resolver::numeric_service,
                          [self = shared_from_this()](Code error, const Tcp::resolver::results_type& results) {
                            self->resolved(error, results);
                          });
}

void WebsocketConnection::resolved(Code error, const Tcp::resolver::results_type& results) {
  if (over()) return;
  if (error) return finish(about(Errc::unknown_name, "no address is known for this name: " + error.message()));
  for (const auto& entry : results)
    if (to_try_.size() < kMaxEndpoints) to_try_.push_back(entry.endpoint());
  connect_next();
}

void WebsocketConnection::connect_next() {
  if (to_try_.empty())
    return finish(last_failure_ ? *last_failure_ : about(Errc::unknown_name, "no address is known for this name"));
  // Each address gets its share of the time, so that one that swallows everything does not hide the others.
  const auto share = host_.limits.connect / static_cast<int>(to_try_.size());
  deadline_ = Clock::now() + std::max<Clock::duration>(share, std::chrono::milliseconds(1));
  const Tcp::endpoint to = to_try_.front();
  to_try_.pop_front();
  connecting_ = true;
  start_connect(to);
}

void WebsocketConnection::connected(Code error) {
  if (over()) return;
  connecting_ = false;
  if (!error) {
    deadline_ = Clock::now() + host_.limits.handshake;
    return start_handshake();
  }
  const Errc code = error == asio::error::connection_refused                                     ? Errc::nobody
                    : error == asio::error::operation_aborted || error == asio::error::timed_out ? Errc::timeout
                    : error == asio::error::network_unreachable || error == asio::error::host_unreachable
                        ? Errc::unreachable
                    : error == asio::error::access_denied ? Errc::denied
                                                          : Errc::failed;
  last_failure_ =
      about(code, code == Errc::timeout ? "it does not answer" : "it cannot be reached: " + error.message());
  connect_next();
}

void WebsocketConnection::shaken(const std::optional<Error>& error) {
  if (over()) return;
  if (error) return finish(error->within(handle_->remote()));
  if (!url_) {
    std::optional<MessageHandlers> handlers = host_.opened(*this);
    if (!handlers) return finish(about(Errc::busy, "there is no room for it"));
    handlers_ = std::move(*handlers);
  }
  phase_ = Phase::open;
  last_message_ = Clock::now();
  if (handlers_.opened) handlers_.opened();
  read_on();
  write_on();
}

void WebsocketConnection::read_on() {
  if (phase_ != Phase::open || reading_ || paused_) return;
  reading_ = true;
  start_read();
}

void WebsocketConnection::received(const std::optional<Error>& error, Bytes message, bool is_text) {
  reading_ = false;
  if (over()) return;
  // While closing, the end of the connection is what was asked for, and messages come too late.
  if (phase_ == Phase::closing) {
    if (error && !close_started_) finish(*why_);
    return;
  }
  if (error && error->is(Errc::too_large)) return break_off(error->within(handle_->remote()), kTooBig);
  if (error) return finish(error->within(handle_->remote()));
  if (is_text) return break_off(about(Errc::broken, "it sends text, where only binary messages are"), kWrongKind);
  last_message_ = Clock::now();
  if (handlers_.message) handlers_.message(std::move(message));
  read_on();
}

void WebsocketConnection::enqueue(Bytes message) {
  if (phase_ == Phase::over || phase_ == Phase::closing) return;
  out_.push_back(std::move(message));
  write_on();
}

void WebsocketConnection::write_on() {
  if ((phase_ != Phase::open && phase_ != Phase::closing) || writing_ || out_.empty()) return;
  writing_ = true;
  write_began_ = Clock::now();
  start_write(out_.front());
}

void WebsocketConnection::written(const std::optional<Error>& error) {
  writing_ = false;
  if (over()) return;
  if (error) return finish(phase_ == Phase::closing ? *why_ : error->within(handle_->remote()));
  handle_->sent(out_.front().size());
  out_.pop_front();
  check_room();
  write_on();
  if (phase_ == Phase::closing) close_when_written();
}

void WebsocketConnection::check_room() {
  if (phase_ != Phase::open || !handle_->take_room()) return;
  if (handlers_.writable) handlers_.writable();
}

void WebsocketConnection::set_paused(bool paused) {
  if (paused_ == paused) return;
  paused_ = paused;
  last_message_ = Clock::now();
  read_on();
}

void WebsocketConnection::close(const std::string& reason) {
  begin_closing(about(Errc::interrupted, "closed from here: " + reason), kNormal, reason);
}

void WebsocketConnection::go_away() {
  begin_closing(about(Errc::interrupted, "closed from here: this node stops"), kGoingAway, "this node stops");
}

// The other end has broken a rule: what is queued is of no use to it.
void WebsocketConnection::break_off(const Error& why, std::uint16_t code) {
  while (out_.size() > (writing_ ? 1u : 0u)) out_.pop_back();
  begin_closing(why, code, "");
}

void WebsocketConnection::begin_closing(const Error& why, std::uint16_t code, const std::string& text) {
  if (phase_ == Phase::half_open) return finish(why);
  if (phase_ != Phase::open) return;
  phase_ = Phase::closing;
  why_ = why;
  close_code_ = code;
  close_text_ = std::string(utf8_prefix(text, kMaxReasonBytes));
  deadline_ = Clock::now() + host_.limits.closing;
  close_when_written();
}

void WebsocketConnection::close_when_written() {
  if (writing_ || !out_.empty() || close_started_ || phase_ != Phase::closing) return;
  close_started_ = true;
  start_close(close_code_, close_text_);
}

void WebsocketConnection::closed() {
  if (!over()) finish(*why_);
}

void WebsocketConnection::tick(Clock::time_point now) {
  const auto& limits = host_.limits;
  switch (phase_) {
    case Phase::half_open:
      if (now < deadline_) return;
      // Another address of the same name may be better.
      if (connecting_ && !to_try_.empty()) return close_socket();
      return finish(
          about(Errc::timeout, connecting_ ? "it does not answer" : "the handshake was not finished in time"));
    case Phase::open:
      if (writing_ && now - write_began_ > limits.stalled)
        return finish(about(Errc::timeout, "what was sent was not read"));
      if (!paused_ && now - last_message_ > limits.idle)
        return break_off(about(Errc::timeout, "nothing came for too long"), kPolicy);
      return;
    case Phase::closing:
      if (now >= deadline_) finish(*why_);
      return;
    case Phase::over:
      return;
  }
}

void WebsocketConnection::finish(const Error& why) {
  if (over()) return;
  const auto self = shared_from_this();  // `why` may be a member
  phase_ = Phase::over;
  handle_->end();
  resolver_.cancel();
  close_socket();
  out_.erase(out_.begin() + (writing_ ? 1 : 0), out_.end());  // what is being written is still looked at
  host_.forget(*this);
  const MessageHandlers handlers = std::exchange(handlers_, MessageHandlers());
  if (handlers.closed) handlers.closed(why);
}

}  // namespace tlfs::net
