// Random lives: devices that edit, meet in pairs, are cut off at any message, crash and come back from their disks.
#include "tests/runtime/document/random_edit.h"
#include "tests/runtime/document_sync/lines.h"

namespace tlfs::document_sync::testing {
namespace {

constexpr std::string_view kPlanted = "PLANTED-WORD-";

class Life {
 public:
  explicit Life(std::uint64_t seed) : random_(seed) {
    const std::size_t people = 2 + random_.below(4);
    for (std::size_t i = 0; i < people; ++i)
      devices_.push_back(std::make_unique<Device>(100 * seed + i, parts_package()));
    Device& root = *devices_[0];
    root.create();
    for (std::size_t i = 1; i < people; ++i) {
      // The last of four or more may only read what is open; the last but one stores without reading.
      const bool redacted = people >= 4 && i == people - 1;
      const bool relay = people >= 4 && i == people - 2;
      auto& document = root.replica->document();
      REQUIRE(document
                  .grant(redacted ? *document.address(".open") : document::Address{},
                         redacted ? Level::read
                         : relay  ? Level::sync
                                  : Level::write,
                         devices_[i]->principal())
                  .ok());
      root.replica->observe();
      root.save();
      writes_.push_back(!redacted && !relay);
      if (redacted) redacted_ = devices_[i].get();
      if (relay) relay_ = devices_[i].get();
    }
    for (std::size_t i = 1; i < people; ++i) devices_[i]->join(root);
  }

  void step() {
    const std::uint64_t what = random_.below(100);
    const std::size_t who = random_.below(devices_.size());
    if (what < 50) {
      edit(who);
    } else if (what < 60) {
      retry(*devices_[who], [&] {
        devices_[who]->replica->compact(random_.chance(0.5));
        devices_[who]->save();
      });
    } else if (what < 68) {
      devices_[who]->reopen();
    } else {
      std::size_t other = random_.below(devices_.size());
      if (other != who) meet(*devices_[who], *devices_[other], random_.below(30));
    }
  }

  // Everybody meets everybody, undisturbed.
  void settle() {
    for (int round = 0; round < 3; ++round)
      for (auto& a : devices_)
        for (auto& b : devices_)
          if (a != b) meet(*a, *b, 10'000, false);
  }

  void check() {
    const Device& root = *devices_[0];
    for (auto& d : devices_) {
      CHECK(d->replica->document().log().size() == root.replica->document().log().size());
      CHECK(digest_of(d->replica->document()) == digest_of(root.replica->document()));
      CHECK(d->content().waiting() == 0);
      if (d.get() != redacted_) retry(*d, [&] { CHECK(d->content().lacking_leaves().empty()); });
      if (d.get() != redacted_ && d.get() != relay_) CHECK(d->content().json() == devices_[0]->content().json());
    }
    if (redacted_) {
      CHECK(redacted_->content().get(".open.word").ok());
      CHECK(document::to_json(*redacted_->content().get(".open.word")) ==
            document::to_json(*devices_[0]->content().get(".open.word")));
      retry(*devices_[0], [&] { check_redacted(); });
    }
    for (const Bytes& m : said_) {
      const ByteView word = as_bytes(kPlanted);
      CHECK(std::search(m.begin(), m.end(), word.begin(), word.end()) == m.end());
    }
  }
  std::size_t meetings = 0, cut_short = 0;

 private:
  template <class F>
  void retry(Device& device, F&& f) {
    try {
      f();
    } catch (const replica::HistoryNeeded&) {
      device.save();
      device.reopen(true);
      f();
    }
  }

  void edit(std::size_t who) {
    if (who > 0 && !writes_[who - 1]) return;
    Device& d = *devices_[who];
    retry(d, [&] {
      const Status done = d.edit([&](document::Transaction& tx) -> Status {
        if (random_.chance(0.3))
          if (Status s = tx.set(".private.word", Value(std::string(kPlanted) + std::to_string(random_.below(1000))));
              !s)
            return s;
        if (random_.chance(0.3))
          if (Status s = tx.set(".open.word", Value(std::to_string(random_.below(1000)))); !s) return s;
        (void)document::testing::random_edit(tx, random_);
        return {};
      });
      (void)done;  // a replica that has not heard of its grant yet is refused
    });
  }

  // A session that is cut off after so many messages; now and then one of the two crashes in it and goes on.
  void meet(Device& a, Device& b, std::size_t most, bool disturbed = true) {
    ++meetings;
    Line line(a, b, random_.chance(0.3));
    std::size_t silent = 0;
    for (std::size_t passed = 0; silent < 2 && passed < most;) {
      const bool left = random_.chance(0.5);
      End& from = left ? line.left : line.right;
      End& to = left ? line.right : line.left;
      const std::size_t said = line.pass(from, to, 1 + random_.below(5000)) + line.pass(to, from, 1u << 20);
      passed += said;
      silent = said ? 0 : silent + 1;
      if (disturbed && random_.chance(0.03)) {
        (left ? a : b).reopen();
        from.session->opened_anew();
      }
      if (disturbed && random_.chance(0.1)) edit(index_of(left ? a : b));
    }
    cut_short += silent < 2 ? 1 : 0;
    for (const End* e : {&line.left, &line.right}) {
      INFO(e->why());
      CHECK_FALSE(e->cut());
      for (const std::string& r : e->refused) FAIL_CHECK(r);
    }
    for (const auto* side : {&line.from_left, &line.from_right})
      said_.insert(said_.end(), side->messages.begin(), side->messages.end());
    if (redacted_ == &b)
      to_redacted_.insert(to_redacted_.end(), line.from_left.messages.begin(), line.from_left.messages.end());
    if (redacted_ == &a)
      to_redacted_.insert(to_redacted_.end(), line.from_right.messages.begin(), line.from_right.messages.end());
  }
  std::size_t index_of(const Device& d) const {
    std::size_t i = 0;
    while (devices_[i].get() != &d) ++i;
    return i;
  }

  // No leaf of a compartment that the redacted device may not store was in any byte that was sent to it.
  void check_redacted() {
    const auto& root = devices_[0]->replica->document();
    document::Document& content = devices_[0]->content();
    std::size_t hidden = 0;
    for (const document::Change& c : content.all_changes()) {
      document::Change allowed = c;
      root.redact(allowed, redacted_->public_key());
      for (std::size_t i = 0; i < c.leaves.size(); ++i) {
        REQUIRE(c.leaves[i].has_value());
        if (allowed.leaves[i]) continue;
        ++hidden;
        const ByteView payload(c.leaves[i]->payload);
        for (const Bytes& m : to_redacted_)
          CHECK(std::search(m.begin(), m.end(), payload.begin(), payload.begin() + 24) == m.end());
      }
    }
    CHECK(hidden > 0);
  }

  SeededRandom random_;
  std::vector<std::unique_ptr<Device>> devices_;
  std::vector<bool> writes_;
  Device* redacted_ = nullptr;
  Device* relay_ = nullptr;
  std::vector<Bytes> said_, to_redacted_;
};

}  // namespace

TEST_CASE("whatever happens on the way, devices that meet undisturbed end with the same") {
  std::size_t meetings = 0, cut_short = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    INFO("seed " << seed);
    Life life(seed);
    for (int i = 0; i < 60; ++i) life.step();
    life.settle();
    life.check();
    meetings += life.meetings;
    cut_short += life.cut_short;
  }
  CHECK(meetings > 500);
  CHECK(cut_short > 50);
}

}  // namespace tlfs::document_sync::testing
