// Every limit of a link, in one place. Changing one that both sides count with (marked "both") is a new version of the
// protocol.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace tlfs::link {

// Time is Clock::monotonic() of the caller: only differences mean something.
using Time = std::chrono::nanoseconds;

// ---- sizes ----
inline constexpr std::size_t kMaxTransportMessage = 65'535;             // both; what the transport has to carry at once
inline constexpr std::size_t kMaxMessageBytes = std::size_t{16} << 20;  // both; of one message on a channel
inline constexpr std::size_t kMaxFragmentBytes = 16'000;                // both; of a message's piece in one frame
inline constexpr std::size_t kMaxHelloPayload = 4'096;                  // both; what an application adds to its hello
inline constexpr std::size_t kMaxHelloBytes = 16'384;                   // both; of a whole hello
inline constexpr std::size_t kMaxCapabilities = 64;                     // both
inline constexpr std::size_t kMaxCapabilityBytes = 32;  // both; lower-case letters, digits, '-', '_', '.'
inline constexpr std::size_t kMaxLabelBytes = 64;       // both; of a channel
inline constexpr std::size_t kMaxSentenceBytes = 200;   // both; of the reason for closing
inline constexpr std::size_t kMaxQueuedBytes = std::size_t{48} << 20;  // waiting to be sent, all channels together
inline constexpr std::size_t kMaxQueuedMessages = 65'536;              // the same
inline constexpr std::size_t kDefaultOutput = std::size_t{256} << 10;  // of one take_output()

// ---- channels and credit ----
inline constexpr std::size_t kMaxChannels = 64;                            // both; open at once, for each opening side
inline constexpr std::uint64_t kInitialCredit = std::uint64_t{64} << 10;   // both; of every new channel, each way
inline constexpr std::uint64_t kMessageCost = 16;                          // both; of a message, on top of its bytes
inline constexpr std::uint64_t kDefaultWindow = std::uint64_t{256} << 10;  // what may be on its way or not yet consumed
inline constexpr std::uint64_t kMinWindow = kInitialCredit;
inline constexpr std::uint64_t kMaxWindow = std::uint64_t{64} << 20;
inline constexpr std::uint64_t kMaxCredit = std::uint64_t{1} << 40;  // both; that one side holds on a channel
// A message of more than half the window gets credit beyond it, one at a time and only while less than this is not
// consumed.
inline constexpr std::uint64_t kMaxUnconsumed = std::uint64_t{32} << 20;

// ---- time ----
inline constexpr Time kHandshakeStepTimeout = std::chrono::seconds(10);  // for each message of the handshake
inline constexpr Time kPingAfter = std::chrono::seconds(20);             // without a message from the other side
inline constexpr Time kSilenceTimeout = std::chrono::seconds(60);        // the same; then the link has ended
inline constexpr Time kProbeTimeout = std::chrono::seconds(5);           // for the answer to probe()

// ---- keys ----
inline constexpr std::uint64_t kRekeyMessages = std::uint64_t{1} << 16;
inline constexpr std::uint64_t kRekeyBytes = std::uint64_t{1} << 30;
inline constexpr Time kRekeyAfter = std::chrono::hours(1);
// A side that goes this far without a new key breaks the protocol (both).
inline constexpr std::uint64_t kMaxMessagesPerKey = 2 * kRekeyMessages;
inline constexpr std::uint64_t kMaxBytesPerKey = 2 * kRekeyBytes;

}  // namespace tlfs::link
