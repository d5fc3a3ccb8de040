// Sealing to a public key. The vectors were computed by reference.py of this folder.
#include "runtime/crypto/box.h"

#include <catch2/catch.hpp>

#include "tests/runtime/crypto/helpers.h"

using namespace tlfs;
using namespace tlfs::crypto;

namespace {

const ByteView kDocument = as_bytes("document 7");

Bytes sealed(const BoxPublicKey& to, std::string_view context = "epoch", ByteView associated = kDocument,
             const Secret& content = secret(0)) {
  return seal_box(to, context, associated, content.expose()).value();
}

}  // namespace

TEST_CASE("a box never changes") {
  const BoxKey key = BoxKey::from_secret(secret(32));
  CHECK(to_hex(key.public_key().bytes) == "f607fd7293d4bd2e82385972bc52d8b1c6aceecfd81f94d60ce292dd29d00d78");
  CHECK(
      to_hex(sealed(key.public_key())) ==
      "bfeccff60de74340998aec8d6c908522743f1f13561c17cc3e4a6a1a4f69677f6f35a2de530395a42cd559f5ed51c9a87bbfea55ddde51d7"
      "f33d451ed04cda949fea05be4d8319a6bd8462e1eb6d9ea1d9e5027faeafd12c99154f618635dc5bd0accadbde6244b94f44850f7c285334"
      "dc7f01521cee61eba113340f02857f120921f8f3f22735184f748372");
}

TEST_CASE("a box opens for its recipient, in its context, with its associated data, and for nothing else") {
  const BoxKey key = BoxKey::from_secret(secret(1));
  const Bytes box = sealed(key.public_key());
  const auto content = key.open("epoch", kDocument, box);
  REQUIRE(content);
  const auto bytes = counting(0);
  CHECK(*content == Bytes(bytes.begin(), bytes.end()));
  CHECK(key.copy().open("epoch", kDocument, box) == content);
  CHECK_FALSE(BoxKey::from_secret(secret(2)).open("epoch", kDocument, box));
  CHECK_FALSE(key.open("epochs", kDocument, box));
  CHECK_FALSE(key.open("", kDocument, box));
  CHECK_FALSE(key.open("epoch", as_bytes("document 8"), box));
}

TEST_CASE("a box opens with no byte changed, added or taken away") {
  const BoxKey key = BoxKey::from_secret(secret(1));
  Bytes box = sealed(key.public_key());
  for (std::size_t i = 0; i < box.size(); ++i) {
    for (const std::uint8_t bit : {0x01, 0x80}) {
      box[i] ^= bit;
      CHECK_FALSE(key.open("epoch", kDocument, box));
      box[i] ^= bit;
    }
    CHECK_FALSE(key.open("epoch", kDocument, ByteView(box).first(i)));
  }
  box.push_back(0);
  CHECK_FALSE(key.open("epoch", kDocument, box));
}

TEST_CASE("whoever knows what a box holds makes the same box, and no other box shares its ephemeral key") {
  const BoxPublicKey to = BoxKey::from_secret(secret(1)).public_key();
  const Bytes box = sealed(to);
  CHECK(sealed(to) == box);
  const auto ephemeral = [](const Bytes& b) { return Bytes(b.begin(), b.begin() + 32); };
  const Bytes others[] = {sealed(BoxKey::from_secret(secret(2)).public_key()), sealed(to, "epochs"),
                          sealed(to, "epoch", as_bytes("document 8")), sealed(to, "epochd", as_bytes("ocument 7")),
                          sealed(to, "epoch", kDocument, secret(3))};
  for (const Bytes& other : others) CHECK(ephemeral(other) != ephemeral(box));
}

TEST_CASE("a box with an ephemeral key of somebody's choice, which nobody else could make again, does not open") {
  const Bytes box = from_hex(
                        "358072d6365880d1aeea329adf9121383851ed21a28e3b75e965d0d2cd166254a5de8f9be62a9ccb45a7a1a6c021b4"
                        "3c83389bd82528edb8fa7885c327ac5db0880506aecfc96390257483e919a28bbc3412b84e1985c3e196cec9113b62"
                        "b4a87ccd1a67c0c8d384c9534cf61a9f89e94ec824daad41372fe29342ae08b0930149f89d26ee05faa952c2a554")
                        .value();
  CHECK_FALSE(BoxKey::from_secret(secret(32)).open("epoch", kDocument, box));
}

TEST_CASE("nothing is sealed to a point of small order, and nothing from one opens") {
  const BoxKey key = BoxKey::from_secret(secret(1));
  Bytes box = sealed(key.public_key());
  // The points of small order on the curve and its twist (RFC 7748 section 6.1 lets one check for the zeros they make).
  for (const std::string_view point : {"0000000000000000000000000000000000000000000000000000000000000000",
                                       "0100000000000000000000000000000000000000000000000000000000000000",
                                       "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                                       "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                                       "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                                       "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                                       "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"}) {
    const BoxPublicKey small{array_of<32>(point)};
    CHECK_FALSE(seal_box(small, "epoch", kDocument, secret(0).expose()));
    std::copy(small.bytes.begin(), small.bytes.end(), box.begin());
    CHECK_FALSE(key.open("epoch", kDocument, box));
  }
}

TEST_CASE("a device is one key: what is sealed to its signing key opens with that") {
  const SigningKey device = SigningKey::from_seed(counting(0));
  const auto to = box_key_of(device.public_key());
  REQUIRE(to);
  CHECK(to_hex(to->bytes) == "4701d08488451f545a409fb58ae3e58581ca40ac3f7f114698cd71deac73ca01");
  CHECK(device.box_key().public_key() == *to);
  CHECK(device.box_key().open("epoch", kDocument, sealed(*to)));
  SeededRandom random(1);
  for (int i = 0; i < 20; ++i) {
    const SigningKey key = SigningKey::generate(random);
    CHECK(box_key_of(key.public_key()) == key.box_key().public_key());
  }
}

TEST_CASE("bytes that are no signing key have no box key") {
  CHECK_FALSE(box_key_of(PublicKey{}));
  CHECK_FALSE(box_key_of(array_of<32>("0100000000000000000000000000000000000000000000000000000000000000")));
  CHECK_FALSE(box_key_of(array_of<32>("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")));
  // About half of all bytes are no point, and of the points one in eight is of the main subgroup.
  SeededRandom random(2);
  int keys = 0;
  for (int i = 0; i < 400; ++i) {
    PublicKey bytes;
    random.fill(bytes);
    keys += box_key_of(bytes).has_value() ? 1 : 0;
  }
  CHECK(keys > 0);
  CHECK(keys < 60);
}

TEST_CASE("a box holds up to 64 KiB") {
  const BoxKey key = BoxKey::from_secret(secret(1));
  const Bytes content = text_of(kMaxBoxContent);
  const auto box = seal_box(key.public_key(), "epoch", {}, content);
  REQUIRE(box);
  CHECK(key.open("epoch", {}, *box) == content);
  CHECK_THROWS(seal_box(key.public_key(), "epoch", {}, text_of(kMaxBoxContent + 1)));
}

TEST_CASE("two box keys share one secret, which nobody else has and which is another one for each purpose") {
  const BoxKey one = BoxKey::from_secret(secret(1)), two = BoxKey::from_secret(secret(2));
  const BoxKey third = BoxKey::from_secret(secret(3));
  const auto shared = one.shared_with(two.public_key(), "purpose");
  REQUIRE(shared);
  CHECK(*shared == *two.shared_with(one.public_key(), "purpose"));
  CHECK_FALSE(*shared == *one.shared_with(two.public_key(), "another"));
  CHECK_FALSE(*shared == *one.shared_with(third.public_key(), "purpose"));
  CHECK_FALSE(*shared == *third.shared_with(two.public_key(), "purpose"));
  CHECK_FALSE(one.shared_with(BoxPublicKey{}, "purpose"));
}
