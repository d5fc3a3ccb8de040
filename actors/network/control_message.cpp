#include "actors/network/control_message.h"

#include "actors/messaging/message.h"
#include "runtime/link/limits.h"
#include "schema/framing/fields.h"
#include "schema/messages/network.capnp.h"

namespace tlfs::network {
namespace {

using framing::from_blob;
using framing::to_blob;
using Wire = messages::network::Control;

Error malformed(const char* what) { return Error(Errc::malformed_record, std::string("a peer's message ") + what); }

template <std::size_t N>
Status read(capnp::Data::Reader in, std::array<std::uint8_t, N>& out) {
  if (in.size() != out.size()) return malformed("names a document or an invitation that is none");
  std::copy(in.begin(), in.end(), out.begin());
  return {};
}

void write(const Description& what, messages::network::Description::Builder out) {
  out.setDocument(to_blob(what.document));
  out.setName(what.name.substr(0, kMaxNameShown));
  out.setPackage(to_blob(what.package));
  out.setVersion(what.version);
}

Result<Description> read(messages::network::Description::Reader in) {
  Description out;
  if (const Status s = read(in.getDocument(), out.document); !s) return s.error();
  if (in.getName().size() > kMaxNameShown || in.getVersion().size() > kMaxNameShown)
    return malformed("has a name that is too long");
  out.name = std::string(in.getName().begin(), in.getName().end());
  out.package = from_blob(in.getPackage());
  out.version = std::string(in.getVersion().begin(), in.getVersion().end());
  return out;
}

template <class List>
void write_all(const List& from, capnp::List<capnp::Data>::Builder out) {
  for (unsigned i = 0; i < out.size(); ++i) out.set(i, to_blob(from[i]));
}

struct Writer {
  mutable Wire::Builder out;
  void operator()(const Introduction& m) const {
    write_all(m.statements, out.initIntroduction(static_cast<unsigned>(m.statements.size())));
  }
  void operator()(const DifferenceBytes& m) const { out.setDifference(to_blob(m.message)); }
  void operator()(const Invited& m) const {
    auto invited = out.initInvited();
    invited.setInvitation(to_blob(m.invitation));
    write(m.what, invited.initWhat());
  }
  void operator()(const Refused& m) const {
    auto refused = out.initRefused();
    refused.setInvitation(to_blob(m.invitation));
    refused.setSentence(m.sentence);
  }
  void operator()(const Describe& m) const {
    write_all(m.documents, out.initDescribe(static_cast<unsigned>(m.documents.size())));
  }
  void operator()(const Described& m) const { write(m.what, out.initDescribed()); }
};

}  // namespace

Bytes encode(const Control& message) {
  messaging::MessageBuilder<Wire> builder;
  std::visit(Writer{builder.root()}, message);
  const auto sealed = std::move(builder).seal();
  return Bytes(sealed.bytes().begin(), sealed.bytes().end());
}

Result<Control> decode_control(ByteView bytes) {
  const auto message = messaging::Message<Wire>::parse(bytes, {.max_bytes = kMaxControlBytes});
  if (!message) return message.error();
  const auto root = message->read();
  switch (root->which()) {
    case Wire::INTRODUCTION: {
      Introduction out;
      for (const auto s : root->getIntroduction()) out.statements.push_back(from_blob(s));
      return Control(std::move(out));
    }
    case Wire::DIFFERENCE:
      return Control(DifferenceBytes{from_blob(root->getDifference())});
    case Wire::INVITED: {
      Invited out;
      if (const Status s = read(root->getInvited().getInvitation(), out.invitation); !s) return s.error();
      auto what = read(root->getInvited().getWhat());
      if (!what) return what.error();
      out.what = std::move(*what);
      return Control(std::move(out));
    }
    case Wire::REFUSED: {
      Refused out;
      const auto refused = root->getRefused();
      if (const Status s = read(refused.getInvitation(), out.invitation); !s) return s.error();
      out.sentence.assign(refused.getSentence().begin(), refused.getSentence().end());
      return Control(std::move(out));
    }
    case Wire::DESCRIBE: {
      Describe out;
      if (root->getDescribe().size() > kMaxDescribed) return malformed("asks about too many documents at once");
      for (const auto id : root->getDescribe())
        if (const Status s = read(id, out.documents.emplace_back()); !s) return s.error();
      return Control(std::move(out));
    }
    case Wire::DESCRIBED: {
      auto what = read(root->getDescribed());
      if (!what) return what.error();
      return Control(Described{std::move(*what)});
    }
  }
  return malformed("is of no kind that is known here");
}

Bytes encode(const Greeting& greeting) {
  messaging::MessageBuilder<messages::network::Greeting> builder;
  builder->setUser(to_blob(greeting.user));
  builder->setMoment(greeting.moment);
  builder->setLife(greeting.life);
  const auto sealed = std::move(builder).seal();
  return Bytes(sealed.bytes().begin(), sealed.bytes().end());
}

Result<Greeting> decode_greeting(ByteView bytes) {
  const auto message =
      messaging::Message<messages::network::Greeting>::parse(bytes, {.max_bytes = link::kMaxHelloPayload});
  if (!message) return message.error();
  Greeting out;
  if (const Status s = read(message->read()->getUser(), out.user); !s) return s.error();
  out.moment = message->read()->getMoment();
  out.life = message->read()->getLife();
  return out;
}

}  // namespace tlfs::network
