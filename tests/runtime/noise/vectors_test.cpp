// Noise against published vectors: those of the cacophony library as the snow library ships them. All of them lie
// beside the checkout; two are here, so that a checkout alone is tested as well.
#include <rapidjson/document.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "runtime/noise/handshake_state.h"

using namespace tlfs;
using namespace tlfs::noise;

namespace {

using Json = rapidjson::Value;

std::optional<Bytes> bytes_of(const Json& vector, const char* name) {
  if (!vector.HasMember(name)) return std::nullopt;
  return from_hex(vector[name].GetString());
}

crypto::Secret secret_of(const Bytes& bytes) {
  REQUIRE(bytes.size() == crypto::Secret::kBytes);
  return crypto::Secret::from_bytes(std::span<const std::uint8_t, crypto::Secret::kBytes>(bytes.data(), 32));
}

std::optional<crypto::BoxKey> key_of(const Json& vector, const std::string& name) {
  const auto bytes = bytes_of(vector, name.c_str());
  if (!bytes) return std::nullopt;
  return crypto::BoxKey::from_scalar(secret_of(*bytes));
}

HandshakeState side_of(const Json& vector, Role role) {
  const std::string prefix = role == Role::initiator ? "init_" : "resp_";
  HandshakeState::Settings settings;
  settings.pattern = parse_protocol_name(vector["protocol_name"].GetString()).value();
  settings.role = role;
  settings.prologue = bytes_of(vector, (prefix + "prologue").c_str()).value();
  settings.static_key = key_of(vector, prefix + "static");
  settings.ephemeral_key = key_of(vector, prefix + "ephemeral");
  if (const auto remote = bytes_of(vector, (prefix + "remote_static").c_str()))
    std::copy(remote->begin(), remote->end(), settings.remote_static.emplace().bytes.begin());
  if (const std::string psks = prefix + "psks"; vector.HasMember(psks.c_str()))
    for (const Json& psk : vector[psks.c_str()].GetArray())
      settings.psks.push_back(secret_of(from_hex(psk.GetString()).value()));
  return HandshakeState::create(std::move(settings)).value();
}

void check_transport(const Json& messages, std::size_t at, bool one_way, HandshakeState::Ciphers first,
                     HandshakeState::Ciphers second) {
  for (std::size_t i = at; i < messages.Size(); ++i) {
    const bool by_first = one_way || i % 2 == 0;
    Bytes sealed;
    Bytes opened;
    const Bytes payload = bytes_of(messages[static_cast<unsigned>(i)], "payload").value();
    const Bytes expected = bytes_of(messages[static_cast<unsigned>(i)], "ciphertext").value();
    REQUIRE((by_first ? first : second).sending.encrypt({}, payload, sealed).ok());
    CHECK(to_hex(sealed) == to_hex(expected));
    REQUIRE((by_first ? second : first).receiving.decrypt({}, expected, opened).ok());
    CHECK(opened == payload);
  }
}

void check_vector(const Json& vector) {
  INFO(vector["protocol_name"].GetString());
  HandshakeState first = side_of(vector, Role::initiator);
  HandshakeState second = side_of(vector, Role::responder);
  const Json& messages = vector["messages"];
  std::size_t at = 0;
  for (; !first.finished(); ++at) {
    HandshakeState& writer = at % 2 == 0 ? first : second;
    HandshakeState& reader = at % 2 == 0 ? second : first;
    const Bytes payload = bytes_of(messages[static_cast<unsigned>(at)], "payload").value();
    const Bytes expected = bytes_of(messages[static_cast<unsigned>(at)], "ciphertext").value();
    const Result<Bytes> written = writer.write_message(payload);
    REQUIRE(written.ok());
    CHECK(to_hex(*written) == to_hex(expected));
    const Result<Bytes> read = reader.read_message(expected);
    REQUIRE(read.ok());
    CHECK(*read == payload);
  }
  REQUIRE(second.finished());
  CHECK(to_hex(first.handshake_hash()) == vector["handshake_hash"].GetString());
  CHECK(to_hex(second.handshake_hash()) == vector["handshake_hash"].GetString());
  check_transport(messages, at, at == 1, first.split(), second.split());
}

std::size_t check_all(std::string text) {
  rapidjson::Document document;
  document.Parse(text.data(), text.size());
  REQUIRE(!document.HasParseError());
  for (const Json& vector : document["vectors"].GetArray()) check_vector(vector);
  return document["vectors"].Size();
}

constexpr const char* kEmbedded = R"({"vectors": [
{
 "protocol_name": "Noise_XX_25519_ChaChaPoly_BLAKE2b",
 "init_prologue": "4a6f686e2047616c74",
 "init_static": "e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1",
 "init_ephemeral": "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a",
 "resp_prologue": "4a6f686e2047616c74",
 "resp_static": "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893",
 "resp_ephemeral": "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b",
 "handshake_hash": "8cf47d7b3cb5804c0109d48e8bcdbee2cbb65687d8ea2c92994ca361fb86151ad93627b98936cbb32de56e8abb21def3925011ac3e35db9cbeea73ab9a4392c2",
 "messages": [
{
 "payload": "4c756477696720766f6e204d69736573",
 "ciphertext": "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c79444c756477696720766f6e204d69736573"
},
{
 "payload": "4d757272617920526f746862617264",
 "ciphertext": "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f1448088430505b6745ce64a5f33f0e8e3b83f11ce8802bca507f4f2d8b564dbe277e1966116e132faa2dfd70b8b077b9f94b913df5056ae1319469b824a98d54bbaa82c325595587064f978c4b6d104f7596e6f"
},
{
 "payload": "462e20412e20486179656b",
 "ciphertext": "99579e1c1ee15e422a57ddd6b16d37087b17558e8369c18991b4b2ca3a824abf904cdcf5458b5431a75af034ca9e9b982de039eaaf156775e2d580cd4e5ebae89c3f8cb2594b556d8a8169"
},
{
 "payload": "4361726c204d656e676572",
 "ciphertext": "fc56eea290b3f3a21aac0c70cd5787b5ee99be37d2f4d751329b55"
},
{
 "payload": "4a65616e2d426170746973746520536179",
 "ciphertext": "bb31c9da10d5639a4cdb88a12f5c61de41bbc7df09bf75d94f8184fe4157f5c68f"
},
{
 "payload": "457567656e2042f6686d20766f6e2042617765726b",
 "ciphertext": "f6199cadb152fb27f82be0a0891ec76a33598ae92a46cab2fb5a8ed5bf48b7f267f8370af7"
}
]
},
{
 "protocol_name": "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b",
 "init_prologue": "4a6f686e2047616c74",
 "init_psks": [
 "54686973206973206d7920417573747269616e20706572737065637469766521"
],
 "init_static": "e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1",
 "init_ephemeral": "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a",
 "init_remote_static": "31e0303fd6418d2f8c0e78b91f22e8caed0fbe48656dcf4767e4834f701b8f62",
 "resp_prologue": "4a6f686e2047616c74",
 "resp_psks": [
 "54686973206973206d7920417573747269616e20706572737065637469766521"
],
 "resp_static": "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893",
 "resp_ephemeral": "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b",
 "handshake_hash": "ed837c9084f2f0333a7ec60b9bcacd9921394858de8ced118b5966d1147ba390084dab42326c565a309c29317a6079be30aa1d790d25a517b43287426cb1d36a",
 "messages": [
{
 "payload": "4c756477696720766f6e204d69736573",
 "ciphertext": "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944b6fe0240b839afac809de1630eaf99d8f9b941394f0512c0554633bbb021d15176135c0a20e7fdb9a9ed066f22f054b47625b1d5061cb27d6a17f053273db7c25216a5addc506ee321bc0618feb5849d"
},
{
 "payload": "4d757272617920526f746862617264",
 "ciphertext": "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f1448088438f627e69fc120006f746b9d420bf4056cf8481ab32d9e904ffaeeaa56a5290"
},
{
 "payload": "462e20412e20486179656b",
 "ciphertext": "07fc0034398a5f1010322be193d62f94bebf2948a20b3e15d681fe"
},
{
 "payload": "4361726c204d656e676572",
 "ciphertext": "2ea5400f5b8a16971c8b67bde75aeb7987d454b1c0beeb2566932d"
},
{
 "payload": "4a65616e2d426170746973746520536179",
 "ciphertext": "96eef918ef51639fc0e156da1823c4f71b33fac5af983f5da9384f7da20d86ed91"
},
{
 "payload": "457567656e2042f6686d20766f6e2042617765726b",
 "ciphertext": "f02766a56496e1fbf32e05274baebf6d693c8f3e4c6e0dc7ebdc5ac170f15dae433b92f469"
}
]
}
]})";

}  // namespace

TEST_CASE("The embedded vectors of Noise pass") { CHECK(check_all(kEmbedded) == 2); }

TEST_CASE("All vectors of Noise beside the checkout pass") {
  std::ifstream in(TLFS_SHARED_DIR "/vectors/noise.json");
  if (!in) {
    WARN("skipped: there are no shared vectors beside this checkout");
    return;
  }
  CHECK(check_all({std::istreambuf_iterator<char>(in), {}}) == 7);
}
