#include "actors/app/app_actor.h"

#include <map>
#include <unordered_map>

#include <spdlog/spdlog.h>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include "actors/document/request_message.h"

namespace tlfs::app {
namespace {

using document_actor::Ask;
using document_actor::ReplyMessage;
using document_actor::WriteId;

// Something to be done on the App's thread, if it is still the same incarnation.
struct Run : messaging::LocalOnly {
  std::function<void()> what;
};

struct Due : messaging::LocalOnly {
  std::uint64_t timer = 0;
};

class AppActor : public caf::event_based_actor, public Context {
 public:
  AppActor(caf::actor_config& config, std::shared_ptr<const AppSpec> spec,
           std::shared_ptr<const AppEnvironment> environment,
           std::shared_ptr<const supervision::ChildIdentity> identity)
      : caf::event_based_actor(config),
        spec_(std::move(spec)),
        environment_(std::move(environment)),
        identity_(std::move(identity)),
        client_(environment_->random() | 1) {}

  const char* name() const override { return "app"; }

  // ---- documents ----
  Result<std::uint64_t> watch(const DocumentId& document, std::string_view path,
                              std::function<void(const Update&)> update, WatchOptions options) override {
    Result<document::Path> prefix = document::parse_path(path);
    if (!prefix) return prefix.error();
    const std::uint64_t number = environment_->random() | 1;  // unique among all who use the client
    document_actor::Watch watch;
    watch.document = document;
    watch.id = number;
    watch.prefix = std::move(*prefix);
    watch.version = std::move(options.version);
    watch.tell_when_saved = options.tell_when_saved;
    watches_[number] = {document, std::move(update), std::move(options.failed)};
    watch.update = [this, self = address(), number](const Update& seen) {
      run_there(self, [this, number, seen] {
        const auto at = watches_.find(number);
        if (at == watches_.end() || !at->second.update) return;
        const auto call = at->second.update;
        call(seen);
      });
    };
    watch.failed = [this, self = address(), number](const Error& error) {
      run_there(self, [this, number, error] {
        auto node = watches_.extract(number);
        if (!node.empty() && node.mapped().failed) node.mapped().failed(error);
      });
    };
    send(environment_->client_of(document), std::move(watch));
    return number;
  }

  void unwatch(std::uint64_t watch) override {
    const auto at = watches_.find(watch);
    if (at == watches_.end()) return;
    take_back(watch, at->second.document);
    watches_.erase(at);
  }

  void transact(const DocumentId& document, Edits edits, std::function<void(const Result<Committed>&)> then,
                TransactOptions options) override {
    if (!edits.status()) {
      if (then) then(edits.status().error());
      return;
    }
    document_actor::WriteRequest request;
    request.edits = std::move(edits).take();
    request.on_revision = options.on_revision;
    request.options.origin = std::move(options.origin);
    request.options.label = std::move(options.label);
    request.options.time_ms = wall().count();
    request.id = {client_, ++last_write_};
    messaging::MessageBuilder<messages::Transact> builder;
    document_actor::write(request, builder.root());
    ask<Committed>(document, caf::make_message(std::move(builder).seal()), std::move(then));
  }

  void transact(const DocumentId& document, std::function<Status(document::Transaction&)> edit,
                std::function<void(const Result<Committed>&)> then, TransactOptions options) override {
    document_actor::RunTransaction run;
    run.edit = std::move(edit);
    run.options.origin = std::move(options.origin);
    run.options.label = std::move(options.label);
    run.options.time_ms = wall().count();
    run.id = {client_, ++last_write_};
    ask<Committed>(document, caf::make_message(std::move(run)), std::move(then));
  }

  void get(const DocumentId& document, std::string_view path,
           std::function<void(const Result<Update>&)> then) override {
    const Result<document::Path> parsed = document::parse_path(path);
    if (!parsed) return then(parsed.error());
    messaging::MessageBuilder<messages::Get> builder;
    document_actor::write(*parsed, builder->initPath(static_cast<unsigned>(parsed->size())));
    ask<Update>(document, caf::make_message(std::move(builder).seal()), std::move(then));
  }

  // ---- time ----
  nanoseconds now() const override { return environment_->clock->monotonic(); }
  std::chrono::milliseconds wall() const override { return environment_->clock->wall(); }

  std::uint64_t after(nanoseconds delay, std::function<void()> call) override {
    return set_timer({std::move(call), nanoseconds::zero()}, delay);
  }
  std::uint64_t every(nanoseconds interval, std::function<void()> call) override {
    TLFS_CHECK(interval > nanoseconds::zero(), "a timer without an interval");
    return set_timer({std::move(call), interval}, interval);
  }
  void cancel(std::uint64_t timer) override { timers_.erase(timer); }

  void stop() override { quit(); }
  const std::shared_ptr<spdlog::logger>& logger() const override { return identity_->logger; }

 protected:
  caf::behavior make_behavior() override {
    app_ = spec_->make();
    TLFS_CHECK(app_ != nullptr, "the spec of an app made none");
    app_->start(*this);
    return {
        [](const Run& run) { run.what(); },
        [this](const Due& due) { fire(due.timer); },
        [this](const Post& post) {
          const auto handler = handlers_.find(post.message.type());
          if (handler == handlers_.end()) {
            identity_->logger->warn("dead_letter path={} message={}", identity_->path.text(),
                                    post.message.type().name());
            return;
          }
          const auto call = handler->second;
          call(post.message);
        },
    };
  }

  void on_exit() override {
    for (const auto& [number, watch] : watches_) take_back(number, watch.document);
    watches_.clear();
    timers_.clear();
    handlers_.clear();
    app_ = nullptr;
  }

  void set_handler(std::type_index type, std::function<void(const std::any&)> handler) override {
    handlers_[type] = std::move(handler);
  }

 private:
  struct Watching {
    DocumentId document{};
    std::function<void(const Update&)> update;
    std::function<void(const Error&)> failed;
  };
  struct Timer {
    std::function<void()> call;
    nanoseconds interval{};  // zero: once
  };

  // On the App's own thread. Comes to nothing when the incarnation that it was for has ended.
  static void run_there(const caf::actor_addr& self, std::function<void()> what) {
    const auto there = caf::actor_cast<caf::actor>(self);
    if (!there) return;
    Run run;
    run.what = std::move(what);
    caf::anon_send(there, std::move(run));
  }

  template <class T>
  void ask(const DocumentId& document, caf::message request, std::function<void(const Result<T>&)> then) {
    if (under_way_ >= kMaxRequestsUnderWay) {
      if (then)
        then(Error(document_actor::Errc::busy,
                   std::to_string(kMaxRequestsUnderWay) + " requests of app " + spec_->id + " are under way already"));
      return;
    }
    ++under_way_;
    Ask question;
    question.document = document;
    question.request = std::move(request);
    question.done = [this, self = address(), then = std::move(then)](const Result<ReplyMessage>& reply) {
      run_there(self, [this, then, reply] {
        --under_way_;
        if (then) then(reply ? document_actor::from_reply<T>(*reply) : Result<T>(reply.error()));
      });
    };
    send(environment_->client_of(document), std::move(question));
  }

  void take_back(std::uint64_t number, const DocumentId& document) {
    document_actor::Unwatch unwatch;
    unwatch.id = number;
    caf::anon_send(environment_->client_of(document), std::move(unwatch));
  }

  std::uint64_t set_timer(Timer timer, nanoseconds delay) {
    TLFS_CHECK(timers_.size() < kMaxTimers, "too many timers of one app");
    timers_[++last_timer_] = std::move(timer);
    arm(last_timer_, delay);
    return last_timer_;
  }
  void arm(std::uint64_t number, nanoseconds delay) {
    Due due;
    due.timer = number;
    delayed_send(this, std::max(delay, nanoseconds::zero()), due);
  }
  void fire(std::uint64_t number) {
    const auto at = timers_.find(number);
    if (at == timers_.end()) return;
    const auto call = at->second.call;
    if (at->second.interval > nanoseconds::zero())
      arm(number, at->second.interval);
    else
      timers_.erase(at);
    call();
  }

  const std::shared_ptr<const AppSpec> spec_;
  const std::shared_ptr<const AppEnvironment> environment_;
  const std::shared_ptr<const supervision::ChildIdentity> identity_;
  const std::uint64_t client_;  // of WriteIds
  std::uint64_t last_write_ = 0, last_timer_ = 0;
  std::size_t under_way_ = 0;
  std::map<std::uint64_t, Watching> watches_;
  std::map<std::uint64_t, Timer> timers_;
  std::unordered_map<std::type_index, std::function<void(const std::any&)>> handlers_;
  std::unique_ptr<App> app_;
};

}  // namespace

supervision::ChildSpec app_spec(AppSpec spec, std::shared_ptr<const AppEnvironment> environment) {
  supervision::ChildSpec out;
  out.id = spec.id;
  out.restart = spec.restart;
  out.exhausted = supervision::Exhausted::quarantine;  // an app that keeps failing does not take the others with it
  out.shutdown = spec.shutdown;
  out.start = [spec = std::make_shared<const AppSpec>(std::move(spec)),
               environment = std::move(environment)](supervision::ChildContext& context) {
    return context.spawn<AppActor>(spec, environment, context.identity());
  };
  return out;
}

}  // namespace tlfs::app
