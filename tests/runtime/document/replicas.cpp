#include "tests/runtime/document/replicas.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/runtime/document/random_edit.h"

namespace tlfs::document::testing {

std::shared_ptr<const crypto::SigningKey> key_number(std::uint8_t number) {
  std::array<std::uint8_t, 32> seed{};
  seed[0] = number;
  return std::make_shared<crypto::SigningKey>(crypto::SigningKey::from_seed(seed));
}

Replica::Replica(Document::Settings settings)
    : document_(std::make_unique<Document>(std::move(settings))), shadow_(document_->reader().data()) {}

void Replica::follow(const std::vector<Patch>& patches) {
  const Data now = document_->reader().data();
  const std::string before = to_json(shadow_);
  const Status applied = apply_patches(shadow_, patches);
  if (applied && shadow_ == now) return;
  std::string all;
  for (const Patch& p : patches) all += to_json(p) + "\n";
  FAIL("patches do not turn\n"
       << before << "\ninto\n"
       << to_json(now) << "\nbut into\n"
       << to_json(shadow_) << "\n"
       << (applied ? "" : applied.error().message()) << "\n"
       << all);
}

void Replica::edit(SeededRandom& random) {
  static const std::string kOrigins[] = {"left", "right", ""};
  const std::string& origin = kOrigins[random.below(3)];
  const std::uint64_t what = random.below(20);
  if (what < 4 && !origin.empty()) {
    const Result<Commit> done = what < 3 ? document_->undo(origin) : document_->redo(origin);
    if (done) {
      follow(done->patches);
    } else {
      REQUIRE(done.error().is(Errc::nothing_to_undo));
    }
    return;
  }
  const bool give_up = what == 19;
  const std::string before = give_up ? document_->json() : std::string();
  const Result<Commit> done = document_->transact({origin, "", std::nullopt}, [&](Transaction& tx) -> Status {
    for (std::uint64_t n = 1 + random.below(4); n > 0; --n) {
      const std::string value = tx.reader().json();
      if (const Status s = random_edit(tx, random); !s && tx.reader().json() != value)
        FAIL("an edit that was refused left something behind: " << s.error().message() << "\n"
                                                                << value << "\n"
                                                                << tx.reader().json());
    }
    if (give_up) return Error(Errc::aborted, "on purpose");
    return {};
  });
  REQUIRE(done.ok() == !give_up);
  if (done) {
    follow(done->patches);
  } else {
    REQUIRE(document_->json() == before);
  }
}

void Replica::import(std::vector<Change> changes) {
  const Import report = document_->import(std::move(changes));
  for (const Error& e : report.refused) FAIL("an honest change was refused: " << e.message());
  follow(report.patches);
}

void Replica::set_voided(const std::vector<LeafId>& leaves, bool voided) {
  const Result<std::vector<Patch>> patches = document_->set_voided(leaves, voided);
  REQUIRE(patches.ok());
  follow(*patches);
}

std::vector<Change> mangle(SeededRandom& random, std::vector<Change> changes, double loss) {
  std::vector<Change> out;
  for (Change& c : changes) {
    if (random.chance(loss)) continue;
    if (random.chance(0.1)) out.push_back(c);
    out.push_back(std::move(c));
  }
  for (std::size_t i = out.size(); i > 1; --i) std::swap(out[i - 1], out[random.below(i)]);
  return out;
}

}  // namespace tlfs::document::testing
