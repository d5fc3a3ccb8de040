// The link that carries an invitation from one person to another.
#include <algorithm>
#include <catch2/catch.hpp>

#include "runtime/base/varint.h"
#include "runtime/invitation/base64url.h"
#include "runtime/invitation/invitation.h"

using namespace tlfs;
using namespace tlfs::invitation;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds kNow = 1'700'000'000s;

Invitation some_invitation(std::uint64_t seed = 1) {
  SeededRandom random(seed);
  Invitation out{.id = {}, .secret = crypto::Secret::generate(random), .addresses = {}, .name = {}};
  random.fill(out.id);
  random.fill(out.inviter);
  out.addresses = {"192.0.2.7:4242", "[2001:db8::7]:4242", "wss://cloud.example/sync"};
  out.name = "Einkäufe";
  out.level = access::Level::write;
  out.expires = 1'700'000'001s;
  return out;
}

void same(const Invitation& a, const Invitation& b) {
  CHECK(a.id == b.id);
  CHECK(a.secret == b.secret);
  CHECK(a.inviter == b.inviter);
  CHECK(a.addresses == b.addresses);
  CHECK(a.name == b.name);
  CHECK(a.level == b.level);
  CHECK(a.expires == b.expires);
}

Errc code_of(std::string_view link, std::chrono::milliseconds now = kNow) {
  const auto out = decode_link(link, now);
  if (out) return Errc::ok;
  CHECK(out.error().message().size() > 20);
  for (const Errc code :
       {Errc::no_link, Errc::newer_version, Errc::cut_off, Errc::mistyped, Errc::malformed, Errc::expired})
    if (out.error().is(code)) return code;
  FAIL("another kind of error");
  return Errc::ok;
}

// A link that is whole around any body.
std::string link_around(ByteView body) {
  ByteWriter out;
  out.bytes(body);
  const auto digest = crypto::hash("tlfs invitation link", {body});
  out.raw(ByteView(digest).first(4));
  return "tlfs:1." + to_base64url(out.view());
}

Bytes body_of(const std::string& link) {
  const Bytes all = *from_base64url(link.substr(7));
  ByteReader in(all);
  const ByteView body = in.bytes();
  return {body.begin(), body.end()};
}

}  // namespace

TEST_CASE("A link gives back the invitation that was put in it") {
  const Invitation full = some_invitation();
  const auto link = encode_link(full);
  REQUIRE(link.ok());
  CHECK(link->size() < 300);
  same(full, *decode_link(*link, kNow));

  Invitation least = some_invitation(2);
  least.addresses.clear();
  least.name.clear();
  least.level = access::Level::sync;
  same(least, *decode_link(*encode_link(least), kNow));

  Invitation most = some_invitation(3);
  most.addresses.assign(kMaxAddresses, std::string(kMaxAddressesBytes / kMaxAddresses, 'x'));
  most.name = std::string(kMaxNameBytes, 'x');
  most.level = access::Level::own;
  most.expires = kLastExpiry;
  same(most, *decode_link(*encode_link(most), kNow));
}

TEST_CASE("The secret proved in the handshake belongs to the link alone, and is not the secret in it") {
  const Invitation a = some_invitation();
  const Invitation again = *decode_link(*encode_link(a), kNow);
  CHECK(a.psk() == again.psk());
  CHECK_FALSE(a.psk() == a.secret);
  Invitation other = some_invitation();
  other.id[0] ^= 1;
  CHECK_FALSE(a.psk() == other.psk());
}

TEST_CASE("A link that is cut off anywhere says so, or that it is mistyped, and never passes") {
  const std::string link = *encode_link(some_invitation());
  std::size_t cut = 0;
  for (std::size_t n = 0; n < link.size(); ++n) {
    const Errc code = code_of(link.substr(0, n));
    INFO(n);
    if (n < 5)
      CHECK(code == Errc::no_link);
    else
      CHECK(code == Errc::cut_off);
    if (code == Errc::cut_off) ++cut;
  }
  CHECK(cut == link.size() - 5);
}

TEST_CASE("Every single mistyped, missing, doubled or added character is noticed") {
  const std::string link = *encode_link(some_invitation());
  const std::string letters = "ABCxyz019-_+/=.: \n";
  for (std::size_t i = 0; i < link.size(); ++i) {
    for (const char c : letters) {
      if (link[i] == c) continue;
      std::string other = link;
      other[i] = c;
      INFO(other);
      CHECK(code_of(other) != Errc::ok);
    }
    CHECK(code_of(link.substr(0, i) + link.substr(i + 1)) != Errc::ok);
    CHECK(code_of(link.substr(0, i) + link[i] + link.substr(i)) != Errc::ok);
  }
  CHECK(code_of(link + "A") == Errc::mistyped);
  CHECK(code_of(link + " ") == Errc::mistyped);
  CHECK(code_of(" " + link) == Errc::no_link);
}

TEST_CASE("An invitation that has expired, or comes from a newer version, is told apart from a broken one") {
  const std::string link = *encode_link(some_invitation());
  CHECK(code_of(link, 1'700'000'001s) == Errc::expired);
  CHECK(code_of(link, 1'700'000'001s - 1ms) == Errc::ok);
  std::string newer = link;
  newer[5] = '2';
  CHECK(code_of(newer) == Errc::newer_version);
  CHECK(code_of("tlfs:12.AAAA") == Errc::newer_version);
  CHECK(code_of("tlfs:01.AAAA") == Errc::mistyped);
  CHECK(code_of("https://example.org") == Errc::no_link);
  CHECK(code_of("tlfs:1." + std::string(5'000, 'A')) == Errc::no_link);
}

TEST_CASE("What encode does not make is refused though its checksum is right") {
  const Bytes body = body_of(*encode_link(some_invitation()));
  CHECK(code_of(link_around(body)) == Errc::ok);
  Bytes longer = body;
  longer.push_back(0);
  CHECK(code_of(link_around(longer)) == Errc::malformed);
  CHECK(code_of(link_around(ByteView(body).first(body.size() - 1))) == Errc::malformed);
  CHECK(code_of(link_around({})) == Errc::malformed);
  // The level, a blank in an address, a control character in the name.
  for (const std::uint8_t level : {0, 6, 255}) {
    Bytes other = body;
    other[80] = level;
    CHECK(code_of(link_around(other)) == Errc::malformed);
  }
  for (const char bad : {' ', '\n', '\x1b', '\xff'}) {
    Bytes address = body, name = body;
    *std::search(address.begin(), address.end(), std::begin("192"), std::begin("192") + 3) =
        static_cast<std::uint8_t>(bad);
    CHECK(code_of(link_around(address)) == Errc::malformed);
    if (bad == ' ') continue;
    name.back() = static_cast<std::uint8_t>(bad);
    CHECK(code_of(link_around(name)) == Errc::malformed);
  }
  // Whatever is accepted is encoded the same again.
  SeededRandom random(7);
  for (int i = 0; i < 20'000; ++i) {
    Bytes other = body;
    for (std::uint64_t n = 1 + random.below(3); n > 0; --n)
      other[random.below(other.size())] = static_cast<std::uint8_t>(random.next());
    const std::string link = link_around(other);
    const auto out = decode_link(link, 0ms);
    if (out) CHECK(*encode_link(*out) == link);
  }
}

TEST_CASE("What cannot be put into a link is refused before") {
  const auto bad = [](auto change) {
    Invitation i = some_invitation();
    change(i);
    const auto link = encode_link(i);
    return !link && link.error().is(Errc::bad_terms);
  };
  CHECK(bad([](Invitation& i) { i.level = access::Level::none; }));
  CHECK(bad([](Invitation& i) { i.expires = 0s; }));
  CHECK(bad([](Invitation& i) { i.expires = kLastExpiry + 1s; }));
  CHECK(bad([](Invitation& i) { i.name = "\x1b"; }));
  CHECK(bad([](Invitation& i) { i.name = std::string(kMaxNameBytes + 1, 'x'); }));
  CHECK(bad([](Invitation& i) { i.addresses = {""}; }));
  CHECK(bad([](Invitation& i) { i.addresses = {"a b"}; }));
  CHECK(bad([](Invitation& i) { i.addresses.assign(kMaxAddresses + 1, "a"); }));
  CHECK(bad([](Invitation& i) { i.addresses = {std::string(kMaxAddressBytes + 1, 'x')}; }));
  CHECK(bad([](Invitation& i) { i.addresses.assign(3, std::string(200, 'x')); }));
}
