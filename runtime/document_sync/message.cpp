#include "runtime/document_sync/message.h"

#include "runtime/base/utf.h"
#include "schema/framing/fields.h"
#include "schema/framing/framing.h"
#include "schema/messages/document_sync.capnp.h"

namespace tlfs::document_sync {

namespace {

using framing::from_blob;
using framing::to_blob;
using framing::view_blob;

constexpr int kNestingLimit = 16;

Error malformed(std::string what) { return Error(Errc::malformed, "document sync: " + std::move(what)); }
Error too_much(std::string what) { return Error(Errc::limit_exceeded, "document sync: " + std::move(what)); }

using Digests = std::vector<crypto::Digest>;

void put(capnp::List<capnp::Data>::Builder list, const Digests& digests) {
  for (unsigned i = 0; i < list.size(); ++i) list.set(i, to_blob(digests[i]));
}

Status take(capnp::List<capnp::Data>::Reader list, Digests& out) {
  if (list.size() > kMaxWanted) return too_much("more than " + std::to_string(kMaxWanted) + " digests are wanted");
  for (const auto item : list) {
    if (item.size() != crypto::Digest{}.size()) return malformed("a digest has a wrong length");
    std::copy(item.begin(), item.end(), out.emplace_back().begin());
  }
  return {};
}

class Writer {
 public:
  explicit Writer(messages::DocumentSync::Builder out) : out_(out) {}

  void operator()(const message::Hello& m) {
    auto hello = out_.initHello();
    hello.setDigest(to_blob(m.digest));
    if (!m.summary.empty()) hello.setSummary(to_blob(m.summary));
  }
  void operator()(const message::Statements& m) {
    auto list = out_.initStatements(static_cast<unsigned>(m.statements.size()));
    for (unsigned i = 0; i < list.size(); ++i) list.set(i, to_blob(access::encode_statement(m.statements[i])));
  }
  void operator()(const message::Batch& m) { out_.setBatch(to_blob(m.bytes)); }
  void operator()(const message::Package& m) {
    auto package = out_.initPackage();
    package.setHash(to_blob(m.hash));
    package.setEncoded(to_blob(m.encoded));
  }
  void operator()(const message::Sent& m) { out_.setSent(m.complete); }
  void operator()(const message::Taken& m) { out_.setTaken(m.bytes); }
  void operator()(const message::Want& m) {
    auto want = out_.initWant();
    want.setNumber(m.number);
    put(want.initChanges(static_cast<unsigned>(m.changes.size())), m.changes);
    put(want.initLeavesOf(static_cast<unsigned>(m.leaves_of.size())), m.leaves_of);
    put(want.initStatements(static_cast<unsigned>(m.statements.size())), m.statements);
    put(want.initPackages(static_cast<unsigned>(m.packages.size())), m.packages);
  }
  void operator()(const message::Answered& m) { out_.setAnswered(m.want); }
  void operator()(const message::MoreLeaves&) { out_.setMoreLeaves(); }
  void operator()(const message::Presence& m) { out_.setPresence(to_blob(m.bytes)); }
  void operator()(const message::Goodbye& m) {
    std::string why = m.why.substr(0, kMaxReasonBytes);
    while (!is_valid_utf8(why)) why.pop_back();  // at most a code point's bytes
    out_.setGoodbye(why);
  }

 private:
  messages::DocumentSync::Builder out_;
};

Result<Message> read(messages::DocumentSync::Reader in) {
  switch (in.which()) {
    case messages::DocumentSync::HELLO: {
      const auto hello = in.getHello();
      return Message(message::Hello{from_blob(hello.getDigest()), from_blob(hello.getSummary())});
    }
    case messages::DocumentSync::STATEMENTS: {
      message::Statements out;
      const auto list = in.getStatements();
      if (list.size() > kMaxStatementsSent)
        return too_much("more than " + std::to_string(kMaxStatementsSent) + " statements in one message");
      for (const auto bytes : list) {
        Result<access::SignedStatement> statement = access::decode_statement(view_blob(bytes));
        if (!statement) return malformed(statement.error().message());
        out.statements.push_back(std::move(*statement));
      }
      return Message(std::move(out));
    }
    case messages::DocumentSync::BATCH:
      return Message(message::Batch{from_blob(in.getBatch())});
    case messages::DocumentSync::PACKAGE: {
      message::Package out;
      const auto package = in.getPackage();
      if (package.getHash().size() != out.hash.size()) return malformed("a package's hash has a wrong length");
      std::copy(package.getHash().begin(), package.getHash().end(), out.hash.begin());
      out.encoded = from_blob(package.getEncoded());
      return Message(std::move(out));
    }
    case messages::DocumentSync::SENT:
      return Message(message::Sent{in.getSent()});
    case messages::DocumentSync::TAKEN:
      return Message(message::Taken{in.getTaken()});
    case messages::DocumentSync::WANT: {
      const auto want = in.getWant();
      message::Want out;
      out.number = want.getNumber();
      for (const Status& s : {take(want.getChanges(), out.changes), take(want.getLeavesOf(), out.leaves_of),
                              take(want.getStatements(), out.statements), take(want.getPackages(), out.packages)})
        if (!s) return s.error();
      return Message(std::move(out));
    }
    case messages::DocumentSync::ANSWERED:
      return Message(message::Answered{in.getAnswered()});
    case messages::DocumentSync::MORE_LEAVES:
      return Message(message::MoreLeaves{});
    case messages::DocumentSync::PRESENCE: {
      if (in.getPresence().size() > kMaxPresenceBytes)
        return too_much("presence of more than " + std::to_string(kMaxPresenceBytes) + " bytes");
      return Message(message::Presence{from_blob(in.getPresence())});
    }
    case messages::DocumentSync::GOODBYE: {
      const auto why = in.getGoodbye();
      if (why.size() > kMaxReasonBytes || !is_valid_utf8({why.begin(), why.size()}))
        return malformed("a strange reason");
      return Message(message::Goodbye{std::string(why.begin(), why.size())});
    }
  }
  return malformed("a message of a kind that this version does not know");
}

}  // namespace

Bytes encode_message(const Message& message) {
  capnp::MallocMessageBuilder builder;
  std::visit(Writer(builder.initRoot<messages::DocumentSync>()), message);
  return framing::to_bytes(builder);
}

Result<Message> decode_message(ByteView bytes) {
  if (bytes.size() > kMaxMessageBytes) return too_much("more than " + std::to_string(kMaxMessageBytes) + " bytes");
  return framing::read<messages::DocumentSync>(bytes, kNestingLimit, read, malformed);
}

}  // namespace tlfs::document_sync
