// What a node says of itself on a network, and what is believed of what others say.
#include "runtime/invitation/announcement.h"

#include <catch2/catch.hpp>

using namespace tlfs;
using namespace tlfs::invitation;

namespace {

crypto::PublicKey some_key() {
  SeededRandom random(1);
  crypto::PublicKey key{};
  random.fill(key);
  return key;
}

}  // namespace

TEST_CASE("What is announced is read back: hidden and visible") {
  SeededRandom random(2);
  const Presence hidden = make_blinded_id(some_key(), random, std::chrono::hours(500'000));
  const Presence visible = Visible{some_key(), "Anna's Telefon ☎"};
  const Presence nameless = Visible{some_key(), ""};
  for (const Presence& presence : {hidden, visible, nameless}) {
    const auto txt = write_txt(presence);
    REQUIRE(txt.ok());
    for (const std::string& s : *txt) CHECK(s.size() <= kMaxTxtStringBytes);
    auto more = *txt;
    more.insert(more.begin(), "later=something");
    more.emplace_back("flag");
    CHECK(*read_txt(*txt) == presence);
    CHECK(*read_txt(more) == presence);
  }
}

TEST_CASE("A hidden node does not show its key") {
  SeededRandom random(3);
  const auto key = some_key();
  const auto txt = *write_txt(make_blinded_id(key, random, std::chrono::hours(500'000)));
  const auto visible = *write_txt(Visible{key, ""});
  for (const std::string& s : txt) CHECK(s.find(visible[1].substr(4, 8)) == std::string::npos);
  const std::string label = random_label(random);
  CHECK(label.size() == 20);
  CHECK(label != random_label(random));
}

TEST_CASE("A name that cannot be shown is neither announced nor read") {
  CHECK(!write_txt(Visible{some_key(), "\x1b[2J"}));
  CHECK(!write_txt(Visible{some_key(), std::string(kMaxDeviceNameBytes + 1, 'x')}));
  CHECK(write_txt(Visible{some_key(), std::string(kMaxDeviceNameBytes, 'x')}).ok());
  auto txt = *write_txt(Visible{some_key(), "x"});
  txt[2] = "name=\u202eoops";
  CHECK(!read_txt(txt));
  txt[2] = "name=" + std::string(kMaxDeviceNameBytes + 1, 'x');
  CHECK(!read_txt(txt));
}

TEST_CASE("What strangers announce is refused unless it is as it should be") {
  const auto good = *write_txt(Visible{some_key(), "x"});
  const auto refused = [](std::vector<std::string> txt) {
    const auto presence = read_txt(txt);
    return !presence && presence.error().is(Errc::bad_announcement);
  };
  CHECK(refused({}));
  CHECK(refused({"v=1"}));
  CHECK(refused({good[1], good[2]}));
  CHECK(refused({"v=2", good[1], good[2]}));
  CHECK(refused({"v=1", "v=1", good[1]}));
  CHECK(refused({"v=1", good[1], good[1]}));
  CHECK(refused({"v=1", good[1] + "A"}));
  CHECK(refused({"v=1", good[1].substr(0, 20)}));
  CHECK(refused({"v=1", "id="}));
  CHECK(refused({"v=1", "id=AAAA"}));
  CHECK(refused({"v=1", "id=" + std::string(38, 'A'), good[1]}));
  CHECK(refused({"v=1", good[1], std::string(256, 'x')}));
  CHECK(refused({"v=1", good[1], "a", "b", "c", "d", "e", "f", "g"}));
}
