// The two kinds of stream a connection runs over, and the only file that speaks HTTP and WebSocket.
#include <type_traits>

#include "actors/net/beast.h"
#include "actors/net/websocket_connection.h"

namespace tlfs::net {
namespace {

using Code = boost::system::error_code;
using Plain = beast::tcp_stream;
using Tls = beast::ssl_stream<beast::tcp_stream>;

constexpr std::uint32_t kMaxHeaderBytes = 8'192;  // of the HTTP request that begins a connection
constexpr std::size_t kMaxShownBytes = 123;

// What the other end says of the end, for people: plain ASCII, whatever it was.
std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kMaxShownBytes)) out += c > 0x1f && c < 0x7f ? c : '?';
  return out;
}

Error error_of(Code error) {
  if (error == websocket::error::message_too_big || error == websocket::error::buffer_overflow)
    return {Errc::too_large, "it sends a message of more than " + std::to_string(kMaxMessageBytes) + " bytes"};
  if (error == asio::error::eof || error == asio::error::connection_reset || error == asio::error::broken_pipe ||
      error == ssl::error::stream_truncated || error == http::error::end_of_stream ||
      error == http::error::partial_message)
    return {Errc::closed, "the connection was cut there, or on the way"};
  if (error == websocket::error::upgrade_declined) return {Errc::broken, "something else than a node answers there"};
  if (error.category() == make_error_code(http::error::bad_line_ending).category() ||
      error.category() == make_error_code(websocket::error::closed).category())
    return {Errc::broken, "it does not keep to the protocol: " + error.message()};
  if (error == asio::error::timed_out) return {Errc::timeout, "it does not answer any more"};
  return {Errc::failed, error.message()};
}

Error error_of_tls(Code error) {
  if (error.category() == asio::error::get_ssl_category()) {
    if (ERR_GET_REASON(static_cast<unsigned long>(error.value())) == SSL_R_CERTIFICATE_VERIFY_FAILED)
      return {Errc::untrusted,
              "its certificate is not to be trusted: it is not for this name, has expired, or nobody known signed it"};
    return {Errc::broken, "it does not speak TLS as it should: " + error.message()};
  }
  return error_of(error);
}

template <class Next>
class Stream final : public WebsocketConnection {
 public:
  static constexpr bool kTls = std::is_same_v<Next, Tls>;

  template <class... Args>
  Stream(const std::shared_ptr<WebsocketHost>& host, std::string remote, Args&&... args)
      : WebsocketConnection(host, std::move(remote)), stream_(std::forward<Args>(args)...) {
    stream_.binary(true);
    stream_.read_message_max(kMaxMessageBytes);
    stream_.auto_fragment(false);
    stream_.set_option(websocket::stream_base::decorator([](auto& message) {
      if constexpr (std::decay_t<decltype(message)>::is_request::value)
        message.set(http::field::user_agent, "tlfs");
      else
        message.set(http::field::server, "tlfs");
    }));
  }

  void set_url(const WebsocketUrl& url) { url_ = url; }
  Next& next() { return stream_.next_layer(); }

 protected:
  void start_connect(const Tcp::endpoint& to) override {
    if (beast::get_lowest_layer(stream_).socket().is_open()) close_socket();
    beast::get_lowest_layer(stream_).async_connect(to, [self = me(), to](Code error) {
      if (!error && !self->over()) self->prepare(to);
      self->connected(error);
    });
  }

  void start_handshake() override {
    if constexpr (kTls) {
      const auto role = url_ ? ssl::stream_base::client : ssl::stream_base::server;
      stream_.next_layer().async_handshake(role, [self = me()](Code error) {
        if (self->over()) return;
        if (error) return self->shaken(error_of_tls(error));
        self->upgrade();
      });
    } else {
      upgrade();
    }
  }

  void start_read() override {
    stream_.async_read(buffer_, [self = me()](Code error, std::size_t) {
      if (error) return self->received(self->end_of(error), {}, false);
      const auto bytes = self->buffer_.data();
      const auto* data = static_cast<const std::uint8_t*>(bytes.data());
      Bytes message(data, data + bytes.size());
      self->buffer_.consume(bytes.size());
      self->received(std::nullopt, std::move(message), self->stream_.got_text());
    });
  }

  void start_write(const Bytes& message) override {
    stream_.async_write(asio::buffer(message), [self = me()](Code error, std::size_t) {
      self->written(error ? std::optional(error_of(error)) : std::nullopt);
    });
  }

  void start_close(std::uint16_t code, const std::string& text) override {
    websocket::close_reason reason(static_cast<websocket::close_code>(code));
    reason.reason.assign(text.data(), text.size());
    stream_.async_close(reason, [self = me()](Code) { self->closed(); });
  }

  void close_socket() override {
    Code ignored;
    beast::get_lowest_layer(stream_).socket().close(ignored);
  }

 private:
  std::shared_ptr<Stream> me() { return std::static_pointer_cast<Stream>(shared_from_this()); }

  void prepare(const Tcp::endpoint& to) {
    Code ignored;
    beast::get_lowest_layer(stream_).socket().set_option(Tcp::no_delay(true), ignored);
    handle()->set_remote(to_string(HostPort{to.address().to_string(), to.port()}));
  }

  void upgrade() {
    if (url_) {
      stream_.async_handshake(response_, to_string(url_->place), url_->target, [self = me()](Code error) {
        if (!error) return self->shaken(std::nullopt);
        const bool busy = error == websocket::error::upgrade_declined &&
                          self->response_.result() == http::status::service_unavailable;
        self->shaken(busy ? Error(Errc::busy, "it has no room for another connection now") : error_of(error));
      });
      return;
    }
    request_.emplace();
    request_->header_limit(kMaxHeaderBytes);
    http::async_read(stream_.next_layer(), buffer_, *request_, [self = me()](Code error, std::size_t) {
      if (self->over()) return;
      if (error) return self->shaken(error_of(error));
      self->answer_request();
    });
  }

  void answer_request() {
    if (!websocket::is_upgrade(request_->get()) || buffer_.size() != 0)
      return decline(http::status::upgrade_required, "This is a node of TLFS; it speaks WebSocket.\n",
                     Error(Errc::broken, "it asks for something else than a WebSocket"));
    if (!host_.has_room())
      return decline(http::status::service_unavailable, "No room for another connection now.\n",
                     Error(Errc::busy, "there is no room for it"));
    stream_.async_accept(request_->get(), [self = me()](Code error) {
      self->request_.reset();
      self->shaken(error ? std::optional(error_of(error)) : std::nullopt);
    });
  }

  void decline(http::status status, const char* text, const Error& why) {
    refusal_.emplace(status, 11);
    refusal_->set(http::field::server, "tlfs");
    refusal_->set(http::field::content_type, "text/plain");
    if (status == http::status::upgrade_required) refusal_->set(http::field::upgrade, "websocket");
    refusal_->keep_alive(false);
    refusal_->body() = text;
    refusal_->prepare_payload();
    http::async_write(stream_.next_layer(), *refusal_, [self = me(), why](Code, std::size_t) {
      if (self->over()) return;
      Code ignored;
      beast::get_lowest_layer(self->stream_).socket().shutdown(Tcp::socket::shutdown_send, ignored);
      self->shaken(why);
    });
  }

  // Of a read that ended: a closing handshake, or something worse.
  Error end_of(Code error) const {
    if (error != websocket::error::closed) return error_of(error);
    const websocket::close_reason& reason = stream_.reason();
    const std::string words = reason.reason.empty() ? "the other end has closed the connection"
                                                    : "the other end has closed the connection: " +
                                                          shown({reason.reason.data(), reason.reason.size()});
    return {reason.code == websocket::close_code::try_again_later ? Errc::busy : Errc::closed, words};
  }

  websocket::stream<Next> stream_;
  beast::flat_buffer buffer_{std::max<std::size_t>(kMaxMessageBytes, kMaxHeaderBytes)};
  std::optional<http::request_parser<http::empty_body>> request_;
  std::optional<http::response<http::string_body>> refusal_;
  websocket::response_type response_;
};

template <class S>
std::shared_ptr<WebsocketConnection> attached(std::shared_ptr<S> stream) {
  stream->handle()->attach(stream);
  return stream;
}

}  // namespace

std::shared_ptr<WebsocketConnection> WebsocketConnection::accepted(const std::shared_ptr<WebsocketHost>& host,
                                                                   Tcp::socket socket, asio::ssl::context* tls) {
  Code error;
  const Tcp::endpoint from = socket.remote_endpoint(error);
  std::string remote = error ? "somewhere" : to_string(HostPort{from.address().to_string(), from.port()});
  socket.set_option(Tcp::no_delay(true), error);
  if (tls == nullptr) return attached(std::make_shared<Stream<Plain>>(host, std::move(remote), std::move(socket)));
  return attached(std::make_shared<Stream<Tls>>(host, std::move(remote), Plain(std::move(socket)), *tls));
}

std::shared_ptr<WebsocketConnection> WebsocketConnection::dialled(const std::shared_ptr<WebsocketHost>& host,
                                                                  const WebsocketUrl& url, MessageHandlers handlers,
                                                                  asio::ssl::context* tls,
                                                                  WebsocketTransport::Trust trust) {
  const auto finished = [&](auto stream) {
    stream->set_url(url);
    stream->handlers_ = std::move(handlers);
    return attached(std::move(stream));
  };
  std::string remote = to_string(url.place);
  if (!url.tls) return finished(std::make_shared<Stream<Plain>>(host, std::move(remote), host->io));
  auto stream = std::make_shared<Stream<Tls>>(host, std::move(remote), Plain(host->io), *tls);
  // The name, for servers that hold several certificates; an address is no name.
  Code is_no_address;
  asio::ip::make_address(url.place.host, is_no_address);
  if (is_no_address) SSL_set_tlsext_host_name(stream->next().native_handle(), url.place.host.c_str());
  if (trust == WebsocketTransport::Trust::certificate) {
    stream->next().set_verify_mode(ssl::verify_peer);
    stream->next().set_verify_callback(ssl::host_name_verification(url.place.host));
  } else {
    stream->next().set_verify_mode(ssl::verify_none);
  }
  return finished(std::move(stream));
}

}  // namespace tlfs::net
