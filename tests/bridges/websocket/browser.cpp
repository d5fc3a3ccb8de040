#include "tests/bridges/websocket/browser.h"

#include <chrono>

#include "actors/net/address.h"
#include "actors/net/beast.h"

namespace tlfs::testing {

namespace asio = net::asio;
namespace beast = net::beast;
namespace http = net::http;
namespace websocket = net::websocket;
using Code = boost::system::error_code;
using Which = messages::bridge::BridgeMessage::Which;

namespace {

asio::ip::tcp::endpoint endpoint_of(const std::string& address) {
  const auto place = net::parse_host_port(address).value();
  return {asio::ip::make_address(place.host), place.port};
}

template <class Message>
void put_headers(Message& message, const std::string& address, const Headers& headers) {
  message.set(http::field::host, address);
  for (const auto& [name, value] : headers) {
    if (name == "Host")
      message.set(name, value);
    else
      message.insert(name, value);
  }
}

// Runs until `done`, or for that long.
bool run(asio::io_context& io, const bool& done, std::chrono::seconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  io.restart();
  while (!done && std::chrono::steady_clock::now() < until) io.run_one_until(until);
  return done;
}

}  // namespace

std::string Answer::header(const std::string& name) const {
  for (const auto& [key, value] : headers)
    if (key == name) return value;
  return {};
}

Answer get(const std::string& address, const std::string& target, const Headers& headers, const std::string& method) {
  asio::io_context io;
  beast::tcp_stream stream(io);
  Answer out;
  try {
    stream.connect(endpoint_of(address));
    http::request<http::empty_body> request;
    request.version(11);
    request.method_string(method);
    request.target(target);
    put_headers(request, address, headers);
    http::write(stream, request);
    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.skip(method == "HEAD");
    http::read(stream, buffer, parser);
    out.status = parser.get().result_int();
    for (const auto& field : parser.get()) out.headers.emplace_back(field.name_string(), field.value());
    out.body = parser.get().body();
  } catch (const std::exception&) {
  }
  return out;
}

std::string raw(const std::string& address, const std::string& bytes) {
  asio::io_context io;
  asio::ip::tcp::socket socket(io);
  Code error;
  socket.connect(endpoint_of(address), error);
  asio::write(socket, asio::buffer(bytes), error);
  std::string out;
  asio::read(socket, asio::dynamic_buffer(out), error);
  return out;
}

struct Browser::Parts {
  asio::io_context io;
  websocket::stream<beast::tcp_stream> socket{io};
  beast::flat_buffer buffer;
  websocket::response_type response;
  bool connected = false;
  bool reading = false;
  bool came = false;
  Code error;
};

Browser::Browser(const std::string& address, const Headers& headers) : parts_(std::make_unique<Parts>()) {
  Code error;
  beast::get_lowest_layer(parts_->socket).socket().connect(endpoint_of(address), error);
  if (error) return;
  parts_->socket.set_option(websocket::stream_base::decorator(
      [&](websocket::request_type& request) { put_headers(request, address, headers); }));
  bool done = false;
  parts_->socket.async_handshake(parts_->response, address, "/bridge", [&](Code e) {  // the other kind keeps no refusal
    error = e;
    done = true;
  });
  run(parts_->io, done, std::chrono::seconds(20));
  parts_->socket.read_message_max(256u << 20);
  parts_->socket.binary(true);
  parts_->connected = done && !error;
}
Browser::~Browser() {
  if (!parts_) return;
  Code ignored;
  beast::get_lowest_layer(parts_->socket).socket().close(ignored);
  parts_->io.run_for(std::chrono::milliseconds(10));
}
Browser::Browser(Browser&&) noexcept = default;

bool Browser::connected() const { return parts_->connected; }
unsigned Browser::refusal() const { return parts_->response.result_int(); }
std::string Browser::subprotocol() const { return std::string(parts_->response[http::field::sec_websocket_protocol]); }

void Browser::send_bytes(const Bytes& bytes, bool text) {
  Code error;
  parts_->socket.text(text);
  parts_->socket.write(asio::buffer(bytes), error);
}

void Browser::send(const Fill& fill) {
  messaging::MessageBuilder<messages::bridge::BridgeRequest> builder;
  builder->setNumber(++number_);
  fill(builder.root());
  const auto message = std::move(builder).seal();
  send_bytes(Bytes(message.bytes().begin(), message.bytes().end()));
}

std::optional<Browser::Reply> Browser::next(int seconds) {
  if (!parts_->connected) return std::nullopt;
  if (!parts_->reading) {
    parts_->reading = true;
    parts_->came = false;
    parts_->socket.async_read(parts_->buffer, [this](Code error, std::size_t) {
      parts_->error = error;
      parts_->came = true;
    });
  }
  if (!run(parts_->io, parts_->came, std::chrono::seconds(seconds))) return std::nullopt;
  parts_->reading = false;
  if (parts_->error) {
    parts_->connected = false;
    return std::nullopt;
  }
  const auto bytes = parts_->buffer.data();
  auto out = Reply::parse({static_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, {.max_bytes = 256u << 20});
  parts_->buffer.consume(bytes.size());
  if (!out) return std::nullopt;
  return std::move(*out);
}

Browser::Reply Browser::answer_to(std::uint64_t number) {
  for (auto at = answers_.begin(); at != answers_.end(); ++at)
    if (at->read()->getNumber() == number) {
      Reply out = *at;
      answers_.erase(at);
      return out;
    }
  while (auto message = next()) {
    if (message->read()->getNumber() == number) return *message;
    (message->read()->getNumber() == 0 ? unasked_ : answers_).push_back(*message);
  }
  throw std::runtime_error("no answer to request " + std::to_string(number));
}

Browser::Reply Browser::ask(const Fill& fill) {
  send(fill);
  return answer_to(number_);
}

std::optional<Browser::Reply> Browser::told(Which kind, int seconds) {
  while (!unasked_.empty()) {
    const Reply out = unasked_.front();
    unasked_.pop_front();
    if (out.read()->which() == kind) return out;
  }
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (std::chrono::steady_clock::now() < until) {
    auto message = next(seconds);
    if (!message) return std::nullopt;
    if (message->read()->getNumber() != 0)
      answers_.push_back(*message);
    else if (message->read()->which() == kind)
      return message;
  }
  return std::nullopt;
}

std::string Browser::ended() {
  while (next()) {
  }
  return parts_->connected ? "still open" : std::string(parts_->socket.reason().reason.c_str());
}

std::string text_of(capnp::Data::Reader data) { return {reinterpret_cast<const char*>(data.begin()), data.size()}; }

}  // namespace tlfs::testing
