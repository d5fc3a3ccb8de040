#include "actors/net/http_websocket.h"

#include <algorithm>

#include "actors/net/message_socket.h"
#include "runtime/base/utf.h"

namespace tlfs::net {
namespace {

constexpr std::chrono::seconds kClosing{2};  // from close() until the connection is cut

Error error_of(HttpWebsocket::Code error) {
  if (error == websocket::error::closed || error == asio::error::eof || error == asio::error::connection_reset ||
      error == asio::error::broken_pipe)
    return {Errc::closed, "the other end has closed it"};
  if (error == websocket::error::message_too_big || error == websocket::error::buffer_overflow)
    return {Errc::too_large, "it sent a message that is too large"};
  if (error == beast::error::timeout) return {Errc::timeout, "it does not answer any more"};
  return {Errc::failed, error.message()};
}

}  // namespace

// ---- the handle

void HttpWebsocketHandle::begin(WebsocketEvents events) {
  reach_.post([e = std::move(events)](HttpWebsocket& c) mutable { c.begin(std::move(e)); });
}

void HttpWebsocketHandle::send(Bytes message) {
  if (reach_.over()) return;
  const std::size_t mine = cost(message.size());
  const std::size_t before = waiting_.fetch_add(mine);
  if (before + mine > low_) high_ = true;
  if (before != 0 && before + mine > most_) return reach_.post([](HttpWebsocket& c) { c.not_reading(); });
  reach_.post([m = std::move(message)](HttpWebsocket& c) mutable { c.enqueue(std::move(m)); });
}

void HttpWebsocketHandle::dealt_with(std::size_t bytes) {
  reach_.post([bytes](HttpWebsocket& c) { c.dealt_with(bytes); });
}

void HttpWebsocketHandle::close(std::string reason) {
  reach_.post([r = std::move(reason)](HttpWebsocket& c) {
    c.close(websocket::close_code::policy_error, r, Error(Errc::interrupted, r));
  });
}

// ---- the connection

HttpWebsocket::HttpWebsocket(const std::shared_ptr<HttpHost>& host, beast::tcp_stream&& stream, std::string remote,
                             std::uint64_t number)
    : host_(*host),
      handle_(std::make_shared<HttpWebsocketHandle>(host, host->limits)),
      remote_(std::move(remote)),
      number_(number),
      stream_(std::move(stream)),
      deadline_(Clock::now() + host->limits.header_time) {
  ++host_.websockets;
}

void HttpWebsocket::accept(std::shared_ptr<Request> request, const std::string& subprotocol,
                           std::function<void()> opened) {
  beast::get_lowest_layer(stream_).expires_never();
  Code ignored;
  beast::get_lowest_layer(stream_).socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  stream_.set_option(websocket::stream_base::timeout{host_.limits.header_time, host_.limits.idle, true});
  stream_.set_option(websocket::stream_base::decorator([subprotocol](websocket::response_type& response) {
    response.set(http::field::server, "tlfs");
    if (!subprotocol.empty()) response.set(http::field::sec_websocket_protocol, subprotocol);
  }));
  stream_.binary(true);
  stream_.auto_fragment(false);
  stream_.read_message_max(host_.limits.message_bytes);
  auto& held = *request;
  stream_.async_accept(held,
                       [self = shared_from_this(), request = std::move(request), opened = std::move(opened)](Code e) {
                         if (self->over_) return;
                         if (e) return self->finish(error_of(e));
                         opened();
                       });
}

void HttpWebsocket::begin(WebsocketEvents events) {
  if (begun_) return;
  if (over_) {
    if (events.closed) events.closed(Error(Errc::closed, "the other end has closed it"));
    return;
  }
  begun_ = true;
  events_ = std::move(events);
  read_on();
}

void HttpWebsocket::read_on() {
  if (!begun_ || reading_ || why_ || over_) return;
  if (under_way_ >= host_.limits.under_way || under_way_bytes_ >= host_.limits.under_way_bytes) return;
  reading_ = true;
  stream_.async_read(buffer_, [self = shared_from_this()](Code error, std::size_t) { self->received(error); });
}

void HttpWebsocket::received(Code error) {
  reading_ = false;
  if (over_) return;
  if (error) {
    if (why_) return;  // the closing goes on
    if (error == websocket::error::message_too_big || error == websocket::error::buffer_overflow)
      host_.refuse(host_.oversized, "message_too_large", remote_);
    return finish(error_of(error));
  }
  if (stream_.got_text()) {
    host_.refuse(host_.wrong_kind, "text_message", remote_);
    return close(websocket::close_code::unknown_data, "messages are binary",
                 Error(Errc::broken, "it sent a text message"));
  }
  const auto bytes = buffer_.data();
  const auto* data = static_cast<const std::uint8_t*>(bytes.data());
  Bytes message(data, data + bytes.size());
  buffer_.consume(bytes.size());
  if (buffer_.capacity() > host_.limits.low_bytes) buffer_.shrink_to_fit();
  if (why_) return read_on();
  ++under_way_;
  under_way_bytes_ += message.size();
  if (events_.received) events_.received(std::move(message));
  read_on();
}

void HttpWebsocket::dealt_with(std::size_t bytes) {
  under_way_ -= std::min<std::size_t>(under_way_, 1);
  under_way_bytes_ -= std::min(under_way_bytes_, bytes);
  read_on();
}

void HttpWebsocket::enqueue(Bytes message) {
  if (over_ || why_) return;
  host_.most_waiting = std::max<std::size_t>(host_.most_waiting, handle_->waiting());
  out_.push_back(std::move(message));
  write_on();
}

void HttpWebsocket::write_on() {
  if (writing_ || over_ || out_.empty()) return;
  writing_ = true;
  stream_.async_write(asio::buffer(out_.front()), [self = shared_from_this()](Code error, std::size_t) {
    self->writing_ = false;
    if (self->over_) return;
    if (error) return self->finish(error_of(error));
    const std::size_t size = self->out_.front().size();
    self->out_.pop_front();
    self->handle_->sent(size);
    if (self->handle_->is_low_again() && self->events_.drained) self->events_.drained();
    self->write_on();
    self->close_when_written();
  });
}

void HttpWebsocket::not_reading() {
  if (over_ || why_) return;
  host_.refuse(host_.not_reading, "does_not_read", remote_);
  if (out_.size() > 1) out_.erase(out_.begin() + 1, out_.end());
  close(websocket::close_code::policy_error, "too much waits to be read",
        Error(Errc::interrupted, "it does not read what it is sent"));
}

void HttpWebsocket::close(websocket::close_code code, const std::string& reason, const Error& why) {
  if (over_ || why_) return;
  why_ = why;
  reason_.code = code;
  const std::string_view text = utf8_prefix(reason, kMaxReasonBytes);
  reason_.reason.assign(text.data(), text.size());
  deadline_ = Clock::now() + kClosing;
  close_when_written();
}

void HttpWebsocket::close_when_written() {
  if (!why_ || over_ || close_started_ || writing_) return;
  close_started_ = true;
  stream_.async_close(reason_, [self = shared_from_this()](Code) {
    if (!self->over_) self->finish(*self->why_);
  });
}

void HttpWebsocket::tick(Clock::time_point now) {
  if (over_ || (begun_ && !why_) || now < deadline_) return;
  finish(why_ ? *why_ : Error(Errc::timeout, "nobody has taken it over"));
}

void HttpWebsocket::finish(const Error& why) {
  if (over_) return;
  over_ = true;
  handle_->end();
  Code ignored;
  beast::get_lowest_layer(stream_).socket().close(ignored);
  const auto closed = std::move(events_.closed);
  events_ = {};
  if (!writing_) out_.clear();
  if (closed) closed(why_ ? *why_ : why);
  --host_.websockets;
  host_.forget(number_);
}

}  // namespace tlfs::net
