// A document's actor under supervision, clients of it, and screens that watch it, in a deterministic World.
#pragma once

#include <catch2/catch.hpp>

#include "actors/document/document_actor.h"
#include "actors/document/document_client.h"
#include "actors/document/request_message.h"
#include "schema/compiler/compile.h"
#include "tests/actors/deterministic.h"

namespace tlfs::document_actor::testing {

using tlfs::testing::World;

inline std::shared_ptr<const schema::Package> notes_package() {
  static const auto compiled = schema::compile(R"(
notes {
  0.1.0 { .: Struct .title: MVReg<String> .text: Text .count: Counter
          .items: Array .items.[]: Struct .items.[].name: MVReg<String> .items.[].text: Text
          .table: Table<String> .table.{}: MVReg<i64> }
  0.2.0 { .title.rename(heading) }
}
)",
                                               "notes.tlfs");
  return compiled->front().package;
}

// Seeds differ between devices.
inline document::Document::Settings notes_settings(std::uint8_t device = 1) {
  std::array<std::uint8_t, 32> seed{};
  seed.fill(device);
  document::Document::Settings settings;
  settings.id.fill(7);
  settings.device = std::make_shared<crypto::SigningKey>(crypto::SigningKey::from_seed(seed));
  settings.package = notes_package();
  settings.view = *settings.package->view("0.1.0");
  return settings;
}

inline Value text_value(std::string text) { return Value(std::move(text)); }

// Fails when it is told to: before it keeps something, or after.
class FlakyLog final : public DocumentLog {
 public:
  Result<LogContents> load() const override { return inside_.load(); }
  Status append(LogRecord record) override {
    return around([&] { return inside_.append(std::move(record)); });
  }
  Status seal(std::vector<document::Change> changes, std::uint64_t incarnation, DoneWrite done) override {
    return around([&] { return inside_.seal(std::move(changes), incarnation, done); });
  }
  Status note(DoneWrite done) override {
    return around([&] { return inside_.note(done); });
  }

  // The call number `call` from now on (0 is the next) throws.
  void fail(std::uint64_t call, bool kept) {
    fail_at_ = calls_ + call;
    kept_ = kept;
  }
  std::uint64_t calls() const { return calls_; }

 private:
  template <class F>
  Status around(F&& f) {
    const bool fails = calls_++ == fail_at_;
    if (fails && !kept_) throw std::runtime_error("the disk hummed a tune");
    Status s = f();
    if (fails) throw std::runtime_error("the disk hummed a tune");
    return s;
  }
  MemoryLog inside_;
  std::uint64_t calls_ = 0, fail_at_ = ~std::uint64_t{0};
  bool kept_ = false;
};

// Keeps a copy of a document from updates alone.
struct Screen {
  document::Data value;
  std::uint64_t revision = 0;
  std::size_t updates = 0, snapshots = 0, patches = 0;
  std::vector<std::string> faults;

  void take(const Update& update) {
    ++updates;
    if (update.snapshot) {
      ++snapshots;
      value = *update.snapshot;
    } else {
      patches += update.patches.size();
      if (update.from != revision)
        faults.push_back("patches from " + std::to_string(update.from) + " came at " + std::to_string(revision));
      if (Status s = document::apply_patches(value, update.patches); !s) faults.push_back(s.error().message());
    }
    if (update.to < revision) faults.push_back("went back to " + std::to_string(update.to));
    revision = update.to;
  }
};

// One document on one device, and a client of it.
struct Desk {
  explicit Desk(World& w, std::uint8_t device = 1, std::uint32_t seal_after_ids = 1u << 16)
      : world(w), log(std::make_shared<FlakyLog>()) {
    auto config = world.supervisor_config();
    config.intensity.restarts = 1000;
    config.backoff.initial = std::chrono::nanoseconds(0);
    supervisor = world.spawn_supervisor(std::move(config));
    auto settings = notes_settings(device);
    settings.seal_after_ids = seal_after_ids;
    auto made = document_spec(std::move(settings), log);
    made.start = [this, start = made.start](supervision::ChildContext& context) {
      ++starts;
      return actor = start(context);
    };
    spec = std::make_shared<const supervision::ChildSpec>(std::move(made));
    client = spawn_client();
  }
  ~Desk() { actor = nullptr; }
  Desk(const Desk&) = delete;

  caf::actor spawn_client() {
    return world.keep(world.system().spawn<DocumentClient>(supervisor, spec, std::chrono::seconds(30), 4096));
  }

  // Asks through the client; `done` gets the outcome when the world has run.
  template <class T, class Request>
  void ask(Request request, std::function<void(Result<T>)> done) {
    Ask question;
    question.request = caf::make_message(std::move(request));
    question.done = [done](Result<ReplyMessage> reply) {
      done(reply ? from_reply<T>(*reply) : Result<T>(reply.error()));
    };
    caf::anon_send(client, std::move(question));
  }
  template <class T, class Request>
  Result<T> ask(Request request) {
    std::optional<Result<T>> out;
    ask<T>(std::move(request), [&](Result<T> r) { out = std::move(r); });
    world.run();
    REQUIRE(out.has_value());
    return std::move(*out);
  }

  Message<messages::Transact> transact_message(Edits edits, std::optional<std::uint64_t> on_revision = {},
                                               std::string origin = {}) {
    REQUIRE(edits.status().ok());
    WriteRequest request;
    request.edits = std::move(edits).take();
    request.on_revision = on_revision;
    request.options.origin = std::move(origin);
    request.id = {99, ++last_write};
    messaging::MessageBuilder<messages::Transact> builder;
    write(request, builder.root());
    return std::move(builder).seal();
  }
  Result<Committed> transact(Edits edits, std::optional<std::uint64_t> on_revision = {}, std::string origin = {}) {
    return ask<Committed>(transact_message(std::move(edits), on_revision, std::move(origin)));
  }
  Result<Update> get(const std::string& path = ".") {
    const auto parsed = document::parse_path(path);
    messaging::MessageBuilder<messages::Get> builder;
    write(*parsed, builder->initPath(static_cast<unsigned>(parsed->size())));
    return ask<Update>(std::move(builder).seal());
  }
  std::string json(const std::string& path = ".") {
    const Result<Update> value = get(path);
    return value ? document::to_json(*value->snapshot) : value.error().message();
  }
  Result<Changes> changes_since(const document::Version& have = {}) {
    messaging::MessageBuilder<messages::ChangesSince> builder;
    write(have, builder->initHeads(static_cast<unsigned>(have.size())));
    return ask<Changes>(std::move(builder).seal());
  }
  static Message<messages::ImportChanges> import_message(const std::vector<document::Change>& changes) {
    messaging::MessageBuilder<messages::ImportChanges> builder;
    write(changes, builder->initChanges(static_cast<unsigned>(changes.size())));
    return std::move(builder).seal();
  }

  // A screen that watches from now on.
  std::shared_ptr<Screen> watch(const std::string& prefix = ".", const std::string& version = {}) {
    auto screen = std::make_shared<Screen>();
    Watch watch;
    watch.id = ++last_watch;
    watch.prefix = *document::parse_path(prefix);
    watch.version = version;
    watch.update = [screen](const Update& update) { screen->take(update); };
    watch.failed = [screen](const Error& error) { screen->faults.push_back("failed: " + error.message()); };
    caf::anon_send(client, std::move(watch));
    return screen;
  }

  // As a crash would, wherever it is.
  void crash() {
    if (actor) caf::anon_send_exit(actor, caf::exit_reason::kill);
  }

  World& world;
  std::shared_ptr<FlakyLog> log;
  caf::actor supervisor, client, actor;
  std::shared_ptr<const supervision::ChildSpec> spec;
  std::size_t starts = 0;
  std::uint64_t last_write = 0, last_watch = 0;
};

}  // namespace tlfs::document_actor::testing
