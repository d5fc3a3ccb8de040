#include "actors/document/reply_message.h"

#include "actors/document/patch_message.h"
#include "actors/document/request_message.h"

namespace tlfs::document_actor {
namespace {

using Builder = messaging::MessageBuilder<messages::Reply>;

template <class T, class F>
ReplyMessage reply(const Result<T>& result, F&& fill) {
  Builder builder;
  if (result) {
    fill(*result, builder.root());
  } else {
    write(result.error(), builder->initError());
  }
  return std::move(builder).seal();
}

Error unexpected(messages::Reply::Reader in) {
  return in.isError() ? read(in.getError()) : Error(Errc::malformed, "an answer of another kind than was asked for");
}

unsigned count(std::size_t n) { return static_cast<unsigned>(n); }

}  // namespace

void write(const Error& error, messages::Error::Builder out) {
  out.setModule(to_text(std::string(error.module())));
  out.setCode(error.code());
  out.setMessage(to_text(error.message()));
}

Error read(messages::Error::Reader in) {
  const std::string module = from_text(in.getModule());
  std::string message = from_text(in.getMessage());
  if (module == errc_module(Errc())) return Error(static_cast<Errc>(in.getCode()), std::move(message));
  if (module == errc_module(document::Errc()))
    return Error(static_cast<document::Errc>(in.getCode()), std::move(message));
  if (module == schema::errc_module(schema::Errc()))
    return Error(static_cast<schema::Errc>(in.getCode()), std::move(message));
  return Error(Errc::foreign, module + ": " + message);
}

ReplyMessage to_reply(const Status& status) {
  Builder builder;
  if (status) {
    builder->setDone();
  } else {
    write(status.error(), builder->initError());
  }
  return std::move(builder).seal();
}

ReplyMessage to_reply(const Result<Committed>& committed) {
  return reply(committed, [](const Committed& c, messages::Reply::Builder& out) {
    auto to = out.initCommitted();
    to.setRevision(c.revision);
    write(c.patches, to.initPatches(count(c.patches.size())));
    to.setRecord(to_blob(c.record));
    to.setRepeated(c.repeated);
  });
}

ReplyMessage to_reply(const Result<Subscribed>& subscribed) {
  return reply(subscribed, [](const Subscribed& s, messages::Reply::Builder& out) {
    auto to = out.initSubscribed();
    to.setSubscription(s.subscription);
    to.setRevision(s.revision);
  });
}

ReplyMessage to_reply(const Result<Update>& update) {
  return reply(update, [](const Update& u, messages::Reply::Builder& out) {
    if (u.snapshot) {
      auto to = out.initSnapshot();
      to.setRevision(u.to);
      write(*u.snapshot, to.initValue());
    } else {
      auto to = out.initPatches();
      to.setFrom(u.from);
      to.setTo(u.to);
      write(u.patches, to.initPatches(count(u.patches.size())));
    }
  });
}

ReplyMessage to_reply(const Result<Changes>& changes) {
  return reply(changes, [](const Changes& c, messages::Reply::Builder& out) {
    auto to = out.initChanges();
    write(c.changes, to.initChanges(count(c.changes.size())));
    write(c.heads, to.initHeads(count(c.heads.size())));
  });
}

ReplyMessage to_reply(const Result<Imported>& imported) {
  return reply(imported, [](const Imported& i, messages::Reply::Builder& out) {
    auto to = out.initImported();
    to.setRevision(i.revision);
    to.setApplied(static_cast<std::uint32_t>(i.applied));
    to.setWaiting(static_cast<std::uint32_t>(i.waiting));
    auto refused = to.initRefused(count(i.refused.size()));
    for (unsigned k = 0; k < refused.size(); ++k) write(i.refused[k], refused[k]);
  });
}

ReplyMessage to_reply(const Result<PermanentAddress>& address) {
  return reply(address, [](const PermanentAddress& a, messages::Reply::Builder& out) { write(a, out.initAddress()); });
}

template <>
Result<void> from_reply(const ReplyMessage& reply) {
  const auto in = reply.read();
  if (!in->isDone()) return unexpected(*in);
  return {};
}

template <>
Result<Committed> from_reply(const ReplyMessage& reply) {
  const auto in = reply.read();
  if (!in->isCommitted()) return unexpected(*in);
  const auto from = in->getCommitted();
  Result<std::vector<document::Patch>> patches = read(from.getPatches());
  if (!patches) return patches.error();
  return Committed{from.getRevision(), std::move(*patches), from_blob(from.getRecord()), from.getRepeated()};
}

template <>
Result<Subscribed> from_reply(const ReplyMessage& reply) {
  const auto in = reply.read();
  if (!in->isSubscribed()) return unexpected(*in);
  return Subscribed{in->getSubscribed().getSubscription(), in->getSubscribed().getRevision()};
}

template <>
Result<Update> from_reply(const ReplyMessage& reply) {
  const auto in = reply.read();
  Update update;
  if (in->isSnapshot()) {
    update.to = in->getSnapshot().getRevision();
    Result<document::Data> value = read(in->getSnapshot().getValue());
    if (!value) return value.error();
    update.snapshot = std::move(*value);
  } else if (in->isPatches()) {
    update.from = in->getPatches().getFrom();
    update.to = in->getPatches().getTo();
    Result<std::vector<document::Patch>> patches = read(in->getPatches().getPatches());
    if (!patches) return patches.error();
    update.patches = std::move(*patches);
  } else {
    return unexpected(*in);
  }
  return update;
}

template <>
Result<Changes> from_reply(const ReplyMessage& reply) {
  const auto in = reply.read();
  if (!in->isChanges()) return unexpected(*in);
  Result<std::vector<document::Change>> changes = read_changes(in->getChanges().getChanges());
  if (!changes) return changes.error();
  Result<document::Version> heads = read_heads(in->getChanges().getHeads());
  if (!heads) return heads.error();
  return Changes{std::move(*changes), std::move(*heads)};
}

template <>
Result<Imported> from_reply(const ReplyMessage& reply) {
  const auto in = reply.read();
  if (!in->isImported()) return unexpected(*in);
  const auto from = in->getImported();
  Imported out{from.getRevision(), from.getApplied(), from.getWaiting(), {}};
  for (const auto error : from.getRefused()) out.refused.push_back(read(error));
  return out;
}

template <>
Result<PermanentAddress> from_reply(const ReplyMessage& reply) {
  const auto in = reply.read();
  if (!in->isAddress()) return unexpected(*in);
  return read(in->getAddress());
}

}  // namespace tlfs::document_actor
