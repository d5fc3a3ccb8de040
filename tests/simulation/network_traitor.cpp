#include "tests/simulation/network_traitor.h"

#include "runtime/document_sync/message.h"
#include "runtime/document_sync/summary.h"

namespace tlfs::simulation {
namespace {

constexpr std::size_t kRemembered = 32;  // messages

namespace message = document_sync::message;

// A hello that claims another value than there is, or changes that nobody made.
Bytes claim(const message::Hello& hello, SeededRandom& random) {
  message::Hello out = hello;
  if (!out.digest.empty()) out.digest[random.below(out.digest.size())] ^= 1;
  if (auto summary = document_sync::decode_summary(out.summary); summary && !summary->chains.empty()) {
    document_sync::Summary::Chain& chain = summary->chains[random.below(summary->chains.size())];
    chain.count += random.below(3);
    chain.last[random.below(chain.last.size())] ^= 1;
    out.summary = document_sync::encode_summary(*summary);
  }
  return document_sync::encode_message(out);
}

}  // namespace

void Traitor::twist(document_actor::SyncSay& say) {
  if (!conversations_.contains(say.number)) return;
  std::vector<Bytes> out;
  for (Bytes& bytes : say.messages) {
    said_.push_back(bytes);
    if (said_.size() > kRemembered) said_.pop_front();
    const std::uint64_t how = random_.below(8);
    const auto decoded = document_sync::decode_message(bytes);
    const bool batch = decoded && std::holds_alternative<message::Batch>(*decoded);
    ++lies_;
    if (how < 3 && batch) continue;  // withheld
    if (const auto* hello = decoded ? std::get_if<message::Hello>(&*decoded) : nullptr; hello && how < 3) {
      out.push_back(claim(*hello, random_));
    } else if (how == 3 && !bytes.empty()) {
      bytes[random_.below(bytes.size())] ^= static_cast<std::uint8_t>(1u << random_.below(8));
      out.push_back(std::move(bytes));
    } else if (how == 4) {
      out.push_back(std::move(bytes));
      out.push_back(said_[random_.below(said_.size())]);
    } else {
      --lies_;
      out.push_back(std::move(bytes));
    }
  }
  say.messages = std::move(out);
}

}  // namespace tlfs::simulation
