#include "tests/simulation/simulation.h"

#include "actors/document/document_actor.h"
#include "runtime/storage/layout.h"
#include "schema/compiler/compile.h"

namespace tlfs::simulation {
namespace {

using document::Data;
using document::DocumentId;
using document_actor::Changes;
using document_actor::Committed;
using document_actor::Edits;
using document_actor::Imported;
using document_actor::Update;
using testing::TestNode;
using namespace std::chrono_literals;

std::shared_ptr<const schema::Package> package() {
  static const auto compiled = schema::compile(R"(
log { 0.1.0 { .: Struct .count: Counter .text: Text .done: Table<u64> .done.{}: MVReg<u64>
              .items: Array .items.[]: Struct .items.[].n: MVReg<u64> } }
)",
                                               "log.tlfs");
  return compiled->front().package;
}

// A transaction adds its number to the table, one to the counter, a letter to the text and an element to the array; so
// half of one shows.
std::optional<std::string> half_done(const Data& value) {
  const Data *count = value.find("count"), *done = value.find("done"), *text = value.find("text"),
             *items = value.find("items");
  if (!count || !done || !text || !items) return "a field is missing";
  const auto n = static_cast<std::size_t>(std::get<std::int64_t>(*count->value()));
  if (done->object()->size() != n || std::get<std::string>(*text->value()).size() != n || items->array()->size() != n)
    return "a transaction is half there: count " + std::to_string(n) + ", table " +
           std::to_string(done->object()->size()) + ", text " +
           std::to_string(std::get<std::string>(*text->value()).size()) + ", array " +
           std::to_string(items->array()->size());
  return std::nullopt;
}

// Keeps a copy from updates alone.
struct Screen {
  Data value;
  std::uint64_t revision = 0;
  bool failed = false;
};

struct Notes {
  DocumentId id{};
  std::set<std::uint64_t> sent, acknowledged;
  bool damaged = false;  // some of it may be gone, if that is said
  bool shut = false;     // a statement of its own is gone, and nobody here has another copy: it may take no writes
  std::shared_ptr<Screen> screen;
};

class Run {
 public:
  Run(std::uint64_t seed, const Options& options)
      : options_(options),
        random_(seed * 0x9e3779b97f4a7c15u + 1),
        disk_(options.disk == DiskKind::leveldb ? make_leveldb_disk(seed) : make_record_disk()) {}

  Report go() {
    try {
      setup();
      for (std::size_t i = 0; i < options_.events && report_.faults.empty(); ++i) {
        try {
          event();
        } catch (const testing::World::Halted&) {  // while somebody waited for an answer
        }
        if (disk_->power_lost()) after_power_loss();
      }
      settle();
      check();
    } catch (const std::exception& e) {
      fault(std::string("an exception: ") + e.what());
    }
    end_life();
    report_.steps = steps_;
    report_.hash = hash_;
    return std::move(report_);
  }

 private:
  void fault(std::string what) {
    if (report_.faults.size() < 10) report_.faults.push_back(std::move(what));
  }
  void note(std::uint64_t number) { hash_ = (hash_ ^ number) * 1099511628211ull; }

  // ---- the node's lives ----
  void begin_life() {
    TestNode::Settings settings;
    settings.seed = random_.next();
    settings.open_store = [disk = disk_] { return disk->open(); };
    settings.close_after = 5s;
    settings.max_open = 16;
    node_ = std::make_unique<TestNode>(std::move(settings));
    node_->world().halt([disk = disk_] { return disk->power_lost(); });
  }
  void end_life() {
    if (!node_) return;
    steps_ += node_->world().steps();
    note(node_->world().fingerprint());
    note(disk_->fingerprint());
    node_ = nullptr;
  }
  void after_power_loss() {
    ++report_.power_losses;
    end_life();
    under_way_ = 0;
    ++life_;
    if (const auto wrong = disk_->power_on(random_)) throw std::runtime_error(*wrong);
    if (options_.damage && random_.chance(options_.disk == DiskKind::leveldb ? 0.03 : 0.15)) damage_something();
    begin_life();
    for (Notes& notes : documents_) {
      if (notes.screen) watch(notes);
    }
  }
  // Some steps of whoever is ready. The power may go; then nobody is.
  void act(std::uint64_t steps) {
    for (; steps > 0; --steps) {
      if (!node_->world().step()) break;
    }
  }
  void pass(std::chrono::nanoseconds time, std::chrono::nanoseconds grain = 20ms) {
    for (std::chrono::nanoseconds done{}; done < time; done += grain) {
      node_->world().advance(grain);
      act(kAll);
    }
  }

  // ---- what people do ----
  void setup() {
    begin_life();
    documents_.resize(1 + random_.below(4));
    for (Notes& notes : documents_) {
      notes.id = node_->create_document(package());
      if (random_.chance(0.7)) watch(notes);
    }
  }

  Notes& any() { return documents_[random_.below(documents_.size())]; }

  void write(Notes& notes) {
    const std::uint64_t number = ++last_number_;
    notes.sent.insert(number);
    ++under_way_;
    node_->ask<Committed>(
        notes.id,
        node_->transact_message(Edits()
                                    .set(".done{" + std::to_string(number) + "}", Value(number))
                                    .increment(".count", 1)
                                    .splice(".text", 0, 0, std::string(1, static_cast<char>('a' + number % 26)))
                                    .insert(".items", 0, {Data(Data::Object{{"n", Data(Value(number))}})})),
        [this, &notes, number, life = life_](const Result<Committed>& done) {
          if (life != life_) return;
          --under_way_;
          note(done ? done->revision : 7);
          if (done) {
            ++report_.acknowledged;
            notes.acknowledged.insert(number);
          } else if (done.error().is(document_actor::Errc::not_saved)) {
            ++report_.refused;
          } else if (!expected(done.error()) && !(notes.shut && shuts_out(done.error()))) {
            fault("a write failed: " + done.error().message() + " (life " + std::to_string(life_) + ")");
          }
        });
  }

  // What a request may end with when an actor has crashed too often, or answers too late.
  static bool expected(const Error& error) {
    return error.module() == supervision::errc_module(supervision::Errc()) ||
           error.is(document_actor::Errc::no_such_document) || error.is(document_actor::Errc::busy);
  }

  static bool shuts_out(const Error& error) { return error.is(access::Errc::no_key) || error.is(access::Errc::denied); }

  void read(Notes& notes) {
    messaging::MessageBuilder<messages::Get> builder;
    ++under_way_;
    node_->ask<Update>(notes.id, std::move(builder).seal(), [this, &notes, life = life_](const Result<Update>& got) {
      if (life != life_) return;
      --under_way_;
      if (!got) {
        if (!expected(got.error())) fault("a read failed: " + got.error().message());
        return;
      }
      note(got->to);
      look(notes, *got->snapshot);
    });
  }

  void look(Notes& notes, const Data& value) {
    if (const auto wrong = half_done(value); wrong && !notes.damaged) fault(*wrong);
    const Data::Object& done = *value.find("done")->object();
    std::set<std::uint64_t> there;
    for (const auto& [key, number] : done) there.insert(std::stoull(key));
    for (const std::uint64_t n : there)
      if (!notes.sent.contains(n)) return fault("there is what nobody wrote: " + std::to_string(n));
    if (notes.damaged) return;
    for (const std::uint64_t n : notes.acknowledged)
      if (!there.contains(n)) return fault("acknowledged and gone: " + std::to_string(n));
  }

  void watch(Notes& notes) {
    notes.screen = std::make_shared<Screen>();
    const std::weak_ptr<Screen> weak = notes.screen;
    node_->watch(
        notes.id, ".",
        [this, weak, &notes](const Update& update) {
          const auto screen = weak.lock();
          if (!screen) return;
          if (update.snapshot)
            screen->value = *update.snapshot;
          else if (update.from != screen->revision)
            fault("a subscriber missed something between " + std::to_string(screen->revision) + " and " +
                  std::to_string(update.from));
          else if (Status s = document::apply_patches(screen->value, update.patches); !s)
            fault("a patch does not fit: " + s.error().message());
          screen->revision = update.to;
          note(update.to);
          if (const auto wrong = half_done(screen->value); wrong && !notes.damaged) fault("on a screen, " + *wrong);
        },
        [this, weak](const Error& error) {
          if (const auto screen = weak.lock()) screen->failed = true;
          if (!expected(error)) fault("a watch ended: " + error.message());
        });
  }

  // ---- what happens ----
  void event() {
    act(random_.below(60));
    switch (random_.below(20)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
      case 5:
      case 6: {
        Notes& notes = any();
        for (std::uint64_t n = 1 + random_.below(5); n > 0; --n) write(notes);
        break;
      }
      case 7:
      case 8:
        read(any());
        break;
      case 9:
        watch(any());
        break;
      case 10:
        report_.crashes += node_->crash_document(any().id);
        break;
      case 11:
        report_.crashes += node_->crash_store();
        break;
      case 12:
        report_.crashes += node_->crash_auth();
        break;
      case 13:
        disk_->lose_power_soon(random_);
        break;
      case 14:
        disk_->refuse(random_);
        break;
      case 15:
        disk_->allow();
        break;
      case 16:
        seal(any());
        break;
      case 17:  // a slow disk: nobody waits for it, the others go on
        if (const caf::actor store = node_->handle_of(node_->tree().root, store::kStoreId))
          node_->world().hold(store, random_.below(300));
        break;
      default:
        pass(std::chrono::milliseconds(random_.below(2'000)));
        break;
    }
  }

  // As somebody does who asks for changes.
  void seal(Notes& notes) {
    ++under_way_;
    node_->ask<Changes>(
        notes.id, messaging::MessageBuilder<messages::ChangesSince>().seal(),
        [this, life = life_](const Result<Changes>& changes) {
          if (life != life_) return;
          --under_way_;
          note(changes ? changes->changes.size() : 5);
          if (!changes && !changes.error().is(document_actor::Errc::not_saved) && !expected(changes.error()))
            fault("changes were refused: " + changes.error().message());
        });
  }

  void damage_something() {
    Notes& notes = any();
    const storage::Range range = storage::document_range(notes.id);
    const auto damaged = disk_->damage(random_, [&](ByteView k) {
      return !std::lexicographical_compare(k.begin(), k.end(), range.from.begin(), range.from.end()) &&
             std::lexicographical_compare(k.begin(), k.end(), range.to.begin(), range.to.end());
    });
    if (!damaged) return;
    report_.damaged.push_back("in life " + std::to_string(life_) + " " + damaged->what);
    if (damaged->key.empty()) {
      for (Notes& any_of_them : documents_) any_of_them.damaged = any_of_them.shut = true;
      return;
    }
    notes.damaged = true;
    if (const auto s = access::decode_statement(damaged->value); s && s->statement.document == notes.id)
      notes.shut = true;
  }

  // ---- the end ----
  void settle() {
    disk_->calm();
    pass(60s, 200ms);
    if (under_way_ != 0) fault(std::to_string(under_way_) + " requests were never answered");
  }

  void check() {
    for (Notes& notes : documents_) {
      const auto value = node_->get(notes.id);
      if (!value) {
        if (!notes.damaged) fault("a document cannot be read: " + value.error().message());
        continue;
      }
      look(notes, *value->snapshot);
      if (notes.screen && !notes.screen->failed && !(notes.screen->value == *value->snapshot) && !notes.damaged)
        fault("a screen at revision " + std::to_string(notes.screen->revision) + " differs from its document at " +
              std::to_string(value->to));
      if (!notes.damaged) compare_with_another_device(notes, *value->snapshot);
    }
    const auto status = node_->world().status(node_->documents());
    if (status.children.size() > documents_.size()) fault("there are more document actors than documents");
  }

  // Another device of the same person takes everything, twice and in any order.
  void compare_with_another_device(Notes& notes, const Data& here) {
    const auto changes = node_->changes_since(notes.id);
    if (!changes) return fault("changes cannot be had: " + changes.error().message());
    TestNode other({.seed = random_.next(), .device = 2});
    if (const Status s = other.join_document(notes.id, package()); !s) return fault("a document cannot be joined");
    std::vector<document::Change> shuffled = changes->changes;
    shuffled.insert(shuffled.end(), changes->changes.begin(), changes->changes.end());
    for (std::size_t i = shuffled.size(); i > 1; --i) std::swap(shuffled[i - 1], shuffled[random_.below(i)]);
    (void)other.import_changes(notes.id, {{}, {}, changes->statements});
    while (!shuffled.empty()) {
      const std::size_t some = std::min<std::size_t>(shuffled.size(), 1 + random_.below(8));
      const std::vector<document::Change> part(shuffled.end() - static_cast<std::ptrdiff_t>(some), shuffled.end());
      shuffled.resize(shuffled.size() - some);
      const auto imported = other.import_changes(notes.id, {part, {}, {}});
      if (!imported) return fault("an import failed: " + imported.error().message());
      for (const Error& error : imported->refused) fault("a change was refused: " + error.message());
    }
    const auto there = other.get(notes.id);
    if (!there || !(*there->snapshot == here)) fault("another device that has everything shows another value");
  }

  static constexpr std::uint64_t kAll = 1'000'000;

  const Options options_;
  SeededRandom random_;
  std::shared_ptr<Disk> disk_;
  std::unique_ptr<TestNode> node_;
  std::vector<Notes> documents_;
  Report report_;
  std::uint64_t hash_ = 14695981039346656037ull;
  std::uint64_t steps_ = 0, last_number_ = 0, life_ = 0;
  std::int64_t under_way_ = 0;
};

}  // namespace

Report simulate(std::uint64_t seed, const Options& options) { return Run(seed, options).go(); }

}  // namespace tlfs::simulation
