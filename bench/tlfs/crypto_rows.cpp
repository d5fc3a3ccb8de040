// What sealing costs per change. Known to nobody but whoever asks for it by name.
#include <memory>

#include "bench/tlfs/rows.h"
#include "runtime/crypto/aead.h"
#include "runtime/crypto/box.h"
#include "runtime/crypto/password.h"

namespace tlfs::bench {
namespace {

using namespace crypto;

constexpr std::size_t kBriefBytes = 100;  // a change of one edit
constexpr std::size_t kLongBytes = 4'096;
constexpr std::size_t kHashedBytes = 300;  // a header
constexpr std::size_t kQuick = 2'000;      // rounds of what takes microseconds
constexpr std::size_t kSlow = 100;         // rounds of what multiplies points

// Mean microseconds of one round.
double mean_us(std::size_t rounds, const std::function<void()>& work) {
  const auto [ms, done] = timed([&] {
    for (std::size_t i = 0; i < rounds; ++i) work();
    return true;
  });
  return done ? 1e3 * ms / static_cast<double>(rounds) : 0;
}

struct Inputs {
  SeededRandom random{1};
  Secret key = Secret::generate(random);
  Secret epoch = Secret::generate(random);
  SigningKey signer = SigningKey::generate(random);
  BoxKey reader = BoxKey::from_secret(Secret::generate(random));
  Bytes associated = Bytes(80, 1);
  Bytes brief = Bytes(kBriefBytes, 2);
  Bytes long_text = Bytes(kLongBytes, 3);
  Bytes header = Bytes(kHashedBytes, 4);
};

Sample measure(const Inputs& in) {
  const Sealed brief = seal(in.key, in.associated, in.brief);
  const Sealed long_text = seal(in.key, in.associated, in.long_text);
  const auto box = seal_box(in.reader.public_key(), "epoch", in.associated, in.epoch.expose());
  const Signature signature = in.signer.sign(in.header);
  require(box.has_value(), "a box was not sealed");
  std::size_t wrong = 0;
  const auto sealing = [&](const Bytes& text) {
    return [&] { wrong += seal(in.key, in.associated, text).bytes.empty() ? 1U : 0U; };
  };
  const auto opening = [&](const Sealed& sealed) {
    return [&] { wrong += open(in.key, in.associated, sealed.nonce, sealed.bytes) ? 0U : 1U; };
  };
  Sample sample;
  sample.value = mean_us(kQuick, sealing(in.brief));
  sample.extra = {
      {"open_100_us", mean_us(kQuick, opening(brief))},
      {"seal_4096_us", mean_us(kQuick, sealing(in.long_text))},
      {"open_4096_us", mean_us(kQuick, opening(long_text))},
      {"box_seal_us", mean_us(kSlow,
                              [&] {
                                const auto made =
                                    seal_box(in.reader.public_key(), "epoch", in.associated, in.epoch.expose());
                                wrong += made == box ? 0U : 1U;
                              })},
      {"box_open_us", mean_us(kSlow, [&] { wrong += in.reader.open("epoch", in.associated, *box) ? 0U : 1U; })},
      {"sign_us", mean_us(kSlow, [&] { wrong += in.signer.sign(in.header) == signature ? 0U : 1U; })},
      {"verify_us", mean_us(kSlow, [&] { wrong += verify(in.signer.public_key(), in.header, signature) ? 0U : 1U; })},
      {"hash_300_us", mean_us(kQuick, [&] { wrong += hash("tlfs bench", {in.header}) == Digest{} ? 1U : 0U; })},
      {"passphrase_us", mean_us(1, [&] { wrong += secret_from_password("x", {}, {}).ok() ? 0U : 1U; })},
  };
  require(wrong == 0, "something did not open, or came out otherwise than before");
  return sample;
}

}  // namespace

std::vector<Row> crypto_rows() {
  return {{.name = "crypto",
           .unit = "us",
           .inside = "sealing 100 bytes with 80 bytes of associated data, the mean of 2,000; extra: the other means",
           .start = [](const Arguments&) { return [in = std::make_shared<const Inputs>()] { return measure(*in); }; }}};
}

}  // namespace tlfs::bench
