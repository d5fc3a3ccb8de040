// The bridge: what is edited in a node reaches user interfaces over WebSockets on the loopback, and what a session of
// theirs costs. The interfaces live in a process of their own, which does no more than ask for what it is told of.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <deque>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>

#include "bench/tlfs/rows.h"
#include "bridges/websocket/websocket_bridge.h"
#include "schema/compiler/compile.h"
#include "schema/messages/bridge.capnp.h"

namespace tlfs::bench {
namespace {

namespace asio = boost::asio;
namespace websocket = boost::beast::websocket;
using Message = messaging::Message<messages::bridge::BridgeMessage>;
using Request = messages::bridge::BridgeRequest;

constexpr std::size_t kDelivered = 200'000;  // patches of one sample, over all subscribers
constexpr std::size_t kMostEdits = 20'000;   // of one sample
constexpr std::size_t kUnderWay = 64;        // edits
constexpr std::size_t kSessions = 500;

// One user interface that watches a document.
class Subscriber {
 public:
  Subscriber(asio::io_context& io, const std::string& address, const std::string& token, const std::string& document,
             std::function<void(std::uint64_t)> reached)
      : socket_(io), reached_(std::move(reached)) {
    const std::size_t colon = address.rfind(':');
    boost::beast::get_lowest_layer(socket_).connect(
        {asio::ip::make_address(address.substr(0, colon)),
         static_cast<std::uint16_t>(std::stoul(address.substr(colon + 1)))});
    boost::beast::get_lowest_layer(socket_).set_option(asio::ip::tcp::no_delay(true));
    socket_.set_option(websocket::stream_base::decorator([&](websocket::request_type& request) {
      request.set(boost::beast::http::field::authorization, "Bearer " + token);
    }));
    socket_.handshake(address, "/bridge");
    socket_.read_message_max(64u << 20);
    socket_.binary(true);
    ask([&](Request::Builder& out) {
      auto open = out.initOpen();
      open.setDocument(document);
      open.setClient(1);
    });
    read();
  }

 private:
  template <class F>
  void ask(F fill) {
    messaging::MessageBuilder<Request> builder;
    builder->setNumber(++number_);
    fill(builder.root());
    const auto message = std::move(builder).seal();
    out_.emplace_back(message.bytes().begin(), message.bytes().end());
    if (out_.size() == 1) write();
  }
  void pull() {
    ask([&](Request::Builder& out) {
      auto pull = out.initPull();
      pull.setSubscription(subscription_);
      if (have_) pull.setHave(*have_);
    });
  }
  void write() {
    socket_.async_write(asio::buffer(out_.front()), [this](boost::system::error_code error, std::size_t) {
      if (error) return;
      out_.pop_front();
      if (!out_.empty()) write();
    });
  }
  void read() {
    socket_.async_read(buffer_, [this](boost::system::error_code error, std::size_t) {
      if (error) return;
      const auto bytes = buffer_.cdata();
      const auto message =
          Message::parse({static_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, {.max_bytes = 64u << 20});
      require(message.ok(), "a message of the bridge");
      take(*message->read());
      buffer_.consume(bytes.size());
      read();
    });
  }
  void take(messages::bridge::BridgeMessage::Reader message) {
    using Kind = messages::bridge::BridgeMessage;
    switch (message.which()) {
      case Kind::OPENED:
        subscription_ = message.getOpened().getSubscription();
        return pull();
      case Kind::VALUE:
        have_ = message.getValue().getRevision();
        return reached_(*have_);
      case Kind::PATCHES:
        require(have_ == message.getPatches().getFrom(), "patches without a gap");
        have_ = message.getPatches().getTo();
        return reached_(*have_);
      case Kind::CHANGED:
        return pull();
      case Kind::FAILED:
      case Kind::ENDED:
        return require(false, "the bridge has refused something");
      default:
        return;
    }
  }

  websocket::stream<asio::ip::tcp::socket> socket_;
  boost::beast::flat_buffer buffer_;
  std::function<void(std::uint64_t)> reached_;
  std::deque<Bytes> out_;
  std::uint64_t number_ = 0, subscription_ = 0;
  std::optional<std::uint64_t> have_;
};

// A process of subscribers: says 'r' when all have the document, and 'd' when all have got to `last`.
class Crowd {
 public:
  Crowd(std::size_t subscribers, std::uint64_t last) {
    require(::pipe(orders_) == 0 && ::pipe(answers_) == 0, "two pipes");
    child_ = ::fork();
    require(child_ >= 0, "a process");
    if (child_ == 0) live(subscribers, last);
    ::close(orders_[0]);
    ::close(answers_[1]);
  }
  ~Crowd() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    ::close(orders_[1]);
    ::close(answers_[0]);
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  void join(const websocket_bridge::WebsocketBridge& bridge, const std::string& document) {
    const std::string orders = bridge.address() + "\n" + bridge.token() + "\n" + document + "\n";
    require(::write(orders_[1], orders.data(), orders.size()) == static_cast<ssize_t>(orders.size()), "the orders");
    await('r');
  }
  void await(char expected) {
    char got = 0;
    require(::read(answers_[0], &got, 1) == 1 && got == expected, "the subscribers");
  }

 private:
  [[noreturn]] void live(std::size_t subscribers, std::uint64_t last) {
    ::close(orders_[1]);
    std::string orders;
    char c = 0;
    for (int lines = 0; lines < 3; lines += c == '\n' ? 1 : 0) {
      if (::read(orders_[0], &c, 1) != 1) ::_exit(1);
      orders += c;
    }
    const std::size_t first = orders.find('\n'), second = orders.find('\n', first + 1);
    const std::string address = orders.substr(0, first), token = orders.substr(first + 1, second - first - 1),
                      document = orders.substr(second + 1, orders.size() - second - 2);
    asio::io_context io;
    std::size_t ready = 0, done = 0;
    const auto say = [&](char what) {
      if (::write(answers_[1], &what, 1) != 1) ::_exit(1);
    };
    std::deque<Subscriber> all;
    for (std::size_t i = 0; i < subscribers; ++i)
      all.emplace_back(io, address, token, document, [&](std::uint64_t revision) {
        if (revision == 0 && ++ready == subscribers) say('r');
        if (revision == last && ++done == subscribers) say('d');
      });
    io.run();
    ::_exit(0);
  }

  int orders_[2], answers_[2];
  pid_t child_ = -1;
};

struct House {
  std::unique_ptr<Node> node = expect(Node::start({.log_level = "off"}), "the node");
  document::DocumentId id = expect(
      node->create_document(schema::compile("n { 0.1.0 { .: Struct .items: Array .items.[]: Struct .items.[].name: "
                                            "MVReg<String> .items.[].done: EWFlag } }",
                                            "n.tlfs")
                                ->front()
                                .package)
          .get(),
      "a document");
  std::unique_ptr<websocket_bridge::WebsocketBridge> bridge =
      expect(websocket_bridge::WebsocketBridge::start(*node, {}), "the bridge");
};

Sample patches(std::size_t subscribers) {
  const std::size_t edits = std::min(kMostEdits, kDelivered / subscribers);
  Crowd crowd(subscribers, edits);  // before this process has threads
  House house;
  crowd.join(*house.bridge, to_hex(house.id));
  const document::Data item = *document::parse_json(R"({"name":"something to be done","done":false})");
  const auto [ms, nothing] = timed([&] {
    std::deque<std::future<Result<Committed>>> under_way;
    for (std::size_t i = 0; i < edits; ++i) {
      if (under_way.size() == kUnderWay) {
        expect(under_way.front().get(), "an edit");
        under_way.pop_front();
      }
      under_way.push_back(house.node->transact(house.id, Edits().insert(".items", i, {item})));
    }
    for (auto& edit : under_way) expect(edit.get(), "an edit");
    crowd.await('d');
    return true;
  });
  (void)nothing;
  const double delivered = static_cast<double>(edits * subscribers);
  return {ms * 1e3 / delivered, {{"per_second", delivered / ms * 1e3}, {"edits", static_cast<double>(edits)}}};
}

Sample session_memory() {
  Crowd first(1, 1), all(kSessions, 1);
  House house;
  first.join(*house.bridge, to_hex(house.id));  // what there is once
  trim_memory();
  const double before = resident_bytes();
  all.join(*house.bridge, to_hex(house.id));
  trim_memory();
  return {(resident_bytes() - before) / kSessions, {}};
}

Row patches_row(std::string_view name, std::string_view inside, std::size_t subscribers) {
  return {.name = name, .unit = "us", .inside = inside, .start = [subscribers](const Arguments&) {
            return [subscribers] { return patches(subscribers); };
          }};
}

}  // namespace

std::vector<Row> bridge_rows() {
  return {
      patches_row(
          "bridge_patches_1",
          "20,000 edits that append an element, at most 64 under way, until one subscriber over a WebSocket has "
          "them all: the time by patch and subscriber",
          1),
      patches_row("bridge_patches_10", "the same with 10 subscribers", 10),
      patches_row("bridge_patches_100", "the same with 100 subscribers and 2,000 edits", 100),
      {.name = "bridge_session_bytes",
       .unit = "bytes",
       .inside =
           "resident memory of a node with 500 more sessions that watch one document, less that before, by session",
       .fresh_process = true,
       .start = [](const Arguments&) { return [] { return session_memory(); }; }},
  };
}

}  // namespace tlfs::bench
