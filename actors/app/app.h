// An application's logic as an actor of the node: it has its own state, watches documents, edits them, keeps timers,
// and is started again when it fails.
//
//   class Archiver final : public app::App {
//     void start(app::Context& node) override {
//       node.watch(todos_, ".tasks", [this, &node](const Update& update) { ... });
//       node.every(1h, [this, &node] { ... });
//       node.on<Sweep>([this](const Sweep&) { ... });
//     }
//   };
//
// Everything of one App runs on one thread at a time, between start() and its destruction; so its state needs no lock,
// and a callback that blocks holds up a worker of the node. An exception that leaves a callback ends this incarnation:
// its watches, timers and open requests are gone, and a new object is made and started, as its spec says. What must
// survive belongs into a document.
//
// A watch starts with a snapshot and goes on without a gap while the document's actor, the store or anything else is
// restarted. An incarnation that is started again watches anew and so gets a snapshot first.
#pragma once

#include <any>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <typeindex>

#include <spdlog/logger.h>

#include "actors/document/protocol.h"
#include "actors/supervision/restart_policy.h"

namespace tlfs::app {

using document::DocumentId;
using document_actor::Committed;
using document_actor::Edits;
using document_actor::Update;
using std::chrono::nanoseconds;

inline constexpr std::size_t kMaxTimers = 100'000;           // of one App
inline constexpr std::size_t kMaxRequestsUnderWay = 10'000;  // of one App; beyond that they fail with Errc::busy

struct WatchOptions {
  std::string version = {};                       // in whose names; empty: the document's
  bool tell_when_saved = false;                   // also when all that was seen is on the disk
  std::function<void(const Error&)> failed = {};  // the watch could not begin, or has ended
};

struct TransactOptions {
  std::string origin = {};  // its own undo stack
  std::string label = {};
  std::optional<std::uint64_t> on_revision = {};
};

// What an App can do. Lives as long as the App. To be used on the App's thread only, except post().
class Context {
 public:
  virtual ~Context() = default;

  // ---- documents ----
  // `update` gets a snapshot of the place first, then patches. Returns the watch's number. An error for a path that
  // cannot be one.
  virtual Result<std::uint64_t> watch(const DocumentId& document, std::string_view path,
                                      std::function<void(const Update&)> update, WatchOptions options = {}) = 0;
  // No call of its functions follows.
  virtual void unwatch(std::uint64_t watch) = 0;
  // Takes effect once, whatever crashes meanwhile; `done` runs when it is on the disk.
  virtual void transact(const DocumentId& document, Edits edits,
                        std::function<void(const Result<Committed>&)> done = {}, TransactOptions options = {}) = 0;
  // Runs beside the document, on its thread, perhaps more than once: it does nothing but edit.
  virtual void transact(const DocumentId& document, std::function<Status(document::Transaction&)> edit,
                        std::function<void(const Result<Committed>&)> done = {}, TransactOptions options = {}) = 0;
  virtual void get(const DocumentId& document, std::string_view path,
                   std::function<void(const Result<Update>&)> done) = 0;

  // ---- time ----
  virtual nanoseconds now() const = 0;                 // monotonic
  virtual std::chrono::milliseconds wall() const = 0;  // since the Unix epoch
  // A timer's number. An interval is counted from one call to the next.
  virtual std::uint64_t after(nanoseconds delay, std::function<void()> call) = 0;
  virtual std::uint64_t every(nanoseconds interval, std::function<void()> call) = 0;
  virtual void cancel(std::uint64_t timer) = 0;

  // ---- messages ----
  // What is done with a message of type T; the last one set holds. Messages without a handler are dead letters.
  template <class T>
  void on(std::function<void(const T&)> handler) {
    set_handler(typeid(T),
                [handler = std::move(handler)](const std::any& message) { handler(std::any_cast<const T&>(message)); });
  }
  // Ends this App well; one that is permanent starts again.
  virtual void stop() = 0;
  virtual const std::shared_ptr<spdlog::logger>& logger() const = 0;

 protected:
  virtual void set_handler(std::type_index type, std::function<void(const std::any&)> handler) = 0;
};

class App {
 public:
  virtual ~App() = default;
  // Called once, before anything else. `node` lives as long as this object.
  virtual void start(Context& node) = 0;
};

struct AppSpec {
  std::string id;                              // unique among the apps of a node
  std::function<std::unique_ptr<App>()> make;  // for every incarnation
  supervision::Restart restart = supervision::Restart::permanent;
  supervision::Nanoseconds shutdown = std::chrono::seconds(5);
};

}  // namespace tlfs::app
