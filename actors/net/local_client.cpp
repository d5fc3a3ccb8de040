#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>

#include "actors/net/asio.h"
#include "actors/net/local_endpoint.h"
#include "actors/net/local_socket.h"

namespace tlfs::net {

using asio::local::stream_protocol;
using Code = boost::system::error_code;

struct LocalClient::Parts {
  std::string path;
  asio::io_context io;
  stream_protocol::socket socket{io};
  std::atomic<bool> interrupted{false};

  // Runs `start(handler)` until its handler was called, the time is up, or interrupt().
  template <class Start>
  Status run(const char* what, std::optional<std::chrono::milliseconds> timeout, Start start) {
    std::optional<Code> result;
    start([&result](Code error, std::size_t) { result = error; });
    io.restart();
    if (!interrupted) {
      if (timeout)
        io.run_for(*timeout);
      else
        io.run();
    }
    if (!result) {
      // The handler must not outlive this call.
      Code ignored;
      socket.close(ignored);
      io.restart();
      io.run();
      if (interrupted) return Error(Errc::interrupted, path + ": interrupted");
      return Error(Errc::timeout, path + ": the other end does not answer");
    }
    if (!*result) return {};
    if (*result == asio::error::eof) return Error(Errc::closed, path + ": the other end has closed the connection");
    return system_error(path, what, result->value());
  }
};

LocalClient::LocalClient(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
LocalClient::~LocalClient() = default;

Result<std::unique_ptr<LocalClient>> LocalClient::connect(const std::string& path, std::chrono::milliseconds timeout) {
  if (const Status s = check_socket_path(path); !s) return s.error();
  auto parts = std::make_unique<Parts>();
  parts->path = path;
  Code error;
  parts->socket.open(stream_protocol(), error);
  if (error) return system_error(path, "no socket", error.value());
  // Connecting waits for room in the other end's queue, at most so long.
  timeval wait{};
  wait.tv_sec = timeout.count() / 1000;
  wait.tv_usec = timeout.count() % 1000 * 1000;
  ::setsockopt(parts->socket.native_handle(), SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
  parts->socket.connect(stream_protocol::endpoint(path), error);
  if (error) return system_error(path, "nobody answers", error.value());
  if (const Status s = check_peer_user(parts->socket.native_handle()); !s) return s.error().within(path);
  return std::unique_ptr<LocalClient>(new LocalClient(std::move(parts)));
}

Status LocalClient::send(ByteView frame, std::chrono::milliseconds timeout) {
  if (frame.empty() || frame.size() > kMaxFrameBytes)
    return Error(Errc::too_large,
                 "a message of " + std::to_string(frame.size()) + " bytes; at most " + std::to_string(kMaxFrameBytes));
  std::array<std::uint8_t, kFrameHeaderBytes> header{};
  for (std::size_t i = 0; i < header.size(); ++i) header[i] = static_cast<std::uint8_t>(frame.size() >> (8 * i));
  const std::array<asio::const_buffer, 2> buffers{asio::buffer(header), asio::buffer(frame.data(), frame.size())};
  return parts_->run("cannot be written to", timeout,
                     [&](auto handler) { asio::async_write(parts_->socket, buffers, std::move(handler)); });
}

Result<Bytes> LocalClient::receive(std::optional<std::chrono::milliseconds> timeout) {
  const auto read = [&](std::uint8_t* to, std::size_t size) {
    return parts_->run("cannot be read from", timeout, [&](auto handler) {
      asio::async_read(parts_->socket, asio::buffer(to, size), std::move(handler));
    });
  };
  std::array<std::uint8_t, kFrameHeaderBytes> header{};
  if (const Status s = read(header.data(), header.size()); !s) return s.error();
  std::size_t size = 0;
  for (std::size_t i = 0; i < header.size(); ++i) size |= static_cast<std::size_t>(header[i]) << (8 * i);
  if (size == 0 || size > kMaxFrameBytes)
    return Error(Errc::too_large,
                 parts_->path + ": the other end sends a message of " + std::to_string(size) + " bytes");
  Bytes out;
  while (out.size() < size) {
    const std::size_t have = out.size();
    out.resize(have + std::min(size - have, kReadStep));
    if (const Status s = read(out.data() + have, out.size() - have); !s) return s.error();
  }
  return out;
}

void LocalClient::interrupt() {
  parts_->interrupted = true;
  parts_->io.stop();
}

}  // namespace tlfs::net
