// A Cap'n Proto message as actors of one process pass it around: immutable words, shared by pointer.
//
// Sending a Message<T> copies a pointer; the receiver reads the very words the sender wrote. The words are the standard
// flat framing (segment table, then segments), so the same bytes go over a wire or to a disk unchanged.
//
// A Message may be read from any number of threads at once: it holds no mutable state. Each reading carries its own.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <utility>

#include <capnp/message.h>
#include <capnp/schema.h>
#include <capnp/serialize.h>
#include <kj/array.h>

#include "actors/messaging/local_only.h"
#include "runtime/base/bytes.h"
#include "runtime/base/result.h"

namespace tlfs::messaging {

enum class Errc : int {
  ok = 0,
  too_large,  // more bytes than the limits allow
  malformed,  // not a message of the expected type, nested too deeply, or with more to visit than the limits allow
};
constexpr std::string_view errc_module(Errc) { return "messaging"; }

// What `parse` accepts from outside the process.
struct ParseLimits {
  std::size_t max_bytes = 64u << 20;
  // Words a reader may visit, counted again when pointers lead to a place twice. Bounds the work of one pass over a
  // message made to look larger than it is.
  std::uint64_t traversal_words = 16u << 20;
};

// Levels of structs and lists inside one another, in what we build and in what we accept.
constexpr int kMaxNesting = 64;

using SharedWords = std::shared_ptr<const kj::Array<const capnp::word>>;

// Copies `bytes` into aligned words and visits every pointer of the message, with the types of `schema` and without
// (fields of a newer schema). After success no reading of the words throws or runs out of bounds.
Result<SharedWords> parse_words(ByteView bytes, capnp::StructSchema schema, const ParseLimits& limits);

// A view into a message. Keeps the words alive; must not outlive the handler that opened it on another thread, because
// a Reading itself is not thread-safe (open one per thread).
template <class T>
class Reading {
 public:
  explicit Reading(SharedWords words) : words_(std::move(words)), reader_(*words_, options()) {
    root_ = reader_.template getRoot<T>();
  }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  typename T::Reader operator*() const { return root_; }
  const typename T::Reader* operator->() const { return &root_; }

 private:
  // The words are ours or were validated, so a reading need not count what it visits.
  static capnp::ReaderOptions options() {
    return {.traversalLimitInWords = ~std::uint64_t{0}, .nestingLimit = kMaxNesting};
  }

  SharedWords words_;
  capnp::FlatArrayMessageReader reader_;
  typename T::Reader root_;
};

// Immutable, never empty. T is a Cap'n Proto struct.
template <class T>
class Message : public LocalOnly {
 public:
  // Any bytes are safe: Errc::too_large or Errc::malformed, never an exception, nor later while reading.
  static Result<Message> parse(ByteView bytes, const ParseLimits& limits = {}) {
    auto words = parse_words(bytes, capnp::Schema::from<T>(), limits);
    if (!words) return words.error();
    return Message(std::move(*words));
  }

  Reading<T> read() const { return Reading<T>(words_); }

  // The framed bytes, for a wire or a disk. Valid as long as this message or a copy of it lives.
  ByteView bytes() const {
    const auto b = words_->asBytes();
    return {b.begin(), b.size()};
  }

 private:
  template <class>
  friend class MessageBuilder;
  explicit Message(SharedWords words) : words_(std::move(words)) {}

  SharedWords words_;
};

// Words of a message that are built without asking for memory.
inline constexpr std::size_t kScratchWords = 128;

// Builds one message: fill `root()`, then `seal()` once. Stays where it was made.
template <class T>
class MessageBuilder {
 public:
  // Cap'n Proto alone would ask for eight kilobytes, cleared, for each message, and most have a hundred bytes.
  MessageBuilder() : builder_(kj::arrayPtr(scratch_.data(), scratch_.size())), root_(builder_.template initRoot<T>()) {}
  MessageBuilder(const MessageBuilder&) = delete;
  MessageBuilder& operator=(const MessageBuilder&) = delete;

  typename T::Builder& root() { return root_; }
  typename T::Builder* operator->() { return &root_; }

  Message<T> seal() && {
    return Message<T>(std::make_shared<const kj::Array<const capnp::word>>(capnp::messageToFlatArray(builder_)));
  }

 private:
  std::array<capnp::word, kScratchWords> scratch_{};
  capnp::MallocMessageBuilder builder_;
  typename T::Builder root_;
};

// A message in one expression; `fill` gets its root.
template <class T, class F>
Message<T> message_of(F&& fill) {
  MessageBuilder<T> builder;
  std::forward<F>(fill)(builder.root());
  return std::move(builder).seal();
}

}  // namespace tlfs::messaging
