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
  std::optional<Error> known;
  const auto is_of = [&](auto code) {
    if (!known && module == errc_module(code)) known.emplace(static_cast<decltype(code)>(in.getCode()), message);
  };
  is_of(Errc());
  is_of(document::Errc());
  is_of(schema::Errc());
  is_of(access::Errc());
  is_of(replica::Errc());
  is_of(storage::Errc());
  if (known) return *known;
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
      to.setDurable(u.durable);
      to.setWritten(u.written);
      to.setStatements(u.statements);
      write(*u.snapshot, to.initValue());
      if (!u.conflicts.empty()) write(u.conflicts, to.initConflicts(count(u.conflicts.size())));
    } else {
      auto to = out.initPatches();
      to.setFrom(u.from);
      to.setTo(u.to);
      to.setDurable(u.durable);
      to.setWritten(u.written);
      to.setStatements(u.statements);
      write(u.patches, to.initPatches(count(u.patches.size())));
    }
  });
}

ReplyMessage to_reply(const Result<Changes>& changes) {
  return reply(changes, [](const Changes& c, messages::Reply::Builder& out) {
    auto to = out.initChanges();
    write(c.changes, to.initChanges(count(c.changes.size())));
    write(c.heads, to.initHeads(count(c.heads.size())));
    write(c.statements, to.initStatements(count(c.statements.size())));
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
    to.setStatements(static_cast<std::uint32_t>(i.statements));
  });
}

ReplyMessage to_reply(const Result<PermanentAddress>& address) {
  return reply(address, [](const PermanentAddress& a, messages::Reply::Builder& out) { write(a, out.initAddress()); });
}

ReplyMessage to_reply(const Result<std::vector<HistoryEntry>>& history) {
  return reply(history, [](const std::vector<HistoryEntry>& h, messages::Reply::Builder& out) {
    auto entries = out.initHistory().initEntries(count(h.size()));
    for (unsigned i = 0; i < entries.size(); ++i) {
      auto to = entries[i];
      to.setHash(to_blob(h[i].hash));
      to.setDevice(to_blob(h[i].device));
      to.setIncarnation(h[i].incarnation);
      to.setSeq(h[i].seq);
      to.setOperations(h[i].operations);
      to.setTimeMs(h[i].time_ms.value_or(0));
      to.setLabel(to_text(h[i].label));
      write(h[i].parents, to.initParents(count(h[i].parents.size())));
    }
  });
}

ReplyMessage to_reply(const Result<DocumentStatus>& status) {
  return reply(status, [](const DocumentStatus& s, messages::Reply::Builder& out) {
    auto to = out.initStatus();
    to.setRevision(s.revision);
    to.setDurable(s.durable);
    to.setDiskError(to_text(s.disk_error.value_or("")));
    to.setChanges(s.changes);
    to.setWaiting(s.waiting);
    to.setUnreadable(s.unreadable);
    to.setSubscriptions(s.subscriptions);
    auto withheld = to.initWithheld(count(s.withheld.size()));
    for (unsigned i = 0; i < withheld.size(); ++i) withheld.set(i, to_text(s.withheld[i]));
    auto lost = to.initLost(count(s.lost.size()));
    for (unsigned i = 0; i < lost.size(); ++i) lost.set(i, to_text(s.lost[i]));
  });
}

ReplyMessage to_reply(const Result<Explained>& explained) {
  return reply(explained, [](const Explained& e, messages::Reply::Builder& out) {
    auto to = out.initExplained();
    to.setAllowed(e.allowed);
    to.setLevel(static_cast<messages::Level>(e.level));
    to.setSentence(to_text(e.sentence));
  });
}

ReplyMessage to_reply(const Result<std::vector<Holder>>& holders) {
  return reply(holders, [](const std::vector<Holder>& all, messages::Reply::Builder& out) {
    auto to = out.initHolders(count(all.size()));
    for (unsigned i = 0; i < to.size(); ++i) {
      write(all[i].who, to[i].initWho());
      to[i].setLevel(static_cast<messages::Level>(all[i].level));
    }
  });
}

ReplyMessage to_reply(const Result<std::vector<Presence>>& presences) {
  return reply(presences, [](const std::vector<Presence>& all, messages::Reply::Builder& out) {
    auto to = out.initPresences(count(all.size()));
    for (unsigned i = 0; i < to.size(); ++i) {
      to[i].setDevice(to_blob(all[i].device));
      if (all[i].user) to[i].setUser(to_blob(*all[i].user));
      to[i].setJson(to_text(all[i].json));
      to[i].setAgeMs(static_cast<std::uint64_t>(std::max<std::int64_t>(all[i].age.count(), 0)));
      to[i].setOwn(all[i].own);
    }
  });
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
    update.durable = in->getSnapshot().getDurable();
    update.written = in->getSnapshot().getWritten();
    update.statements = in->getSnapshot().getStatements();
    Result<document::Data> value = read(in->getSnapshot().getValue());
    if (!value) return value.error();
    update.snapshot = std::move(*value);
    Result<std::vector<document::Patch>> conflicts = read(in->getSnapshot().getConflicts());
    if (!conflicts) return conflicts.error();
    update.conflicts = std::move(*conflicts);
  } else if (in->isPatches()) {
    update.from = in->getPatches().getFrom();
    update.to = in->getPatches().getTo();
    update.durable = in->getPatches().getDurable();
    update.written = in->getPatches().getWritten();
    update.statements = in->getPatches().getStatements();
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
  return Changes{std::move(*changes), std::move(*heads), read_blobs(in->getChanges().getStatements())};
}

template <>
Result<Imported> from_reply(const ReplyMessage& reply) {
  const auto in = reply.read();
  if (!in->isImported()) return unexpected(*in);
  const auto from = in->getImported();
  Imported out{from.getRevision(), from.getApplied(), from.getWaiting(), from.getStatements(), {}};
  for (const auto error : from.getRefused()) out.refused.push_back(read(error));
  return out;
}

template <>
Result<PermanentAddress> from_reply(const ReplyMessage& reply) {
  const auto in = reply.read();
  if (!in->isAddress()) return unexpected(*in);
  return read(in->getAddress());
}

template <>
Result<std::vector<HistoryEntry>> from_reply(const ReplyMessage& reply) {
  const auto in = reply.read();
  if (!in->isHistory()) return unexpected(*in);
  std::vector<HistoryEntry> out;
  for (const auto from : in->getHistory().getEntries()) {
    HistoryEntry& entry = out.emplace_back();
    if (!read_fixed(from.getHash(), entry.hash) || !read_fixed(from.getDevice(), entry.device))
      return Error(Errc::malformed, "a hash or key that is not 32 bytes long");
    entry.incarnation = from.getIncarnation();
    entry.seq = from.getSeq();
    entry.operations = from.getOperations();
    if (from.getTimeMs() != 0) entry.time_ms = from.getTimeMs();
    entry.label = from_text(from.getLabel());
    Result<document::Version> parents = read_heads(from.getParents());
    if (!parents) return parents.error();
    entry.parents = std::move(*parents);
  }
  return out;
}

template <>
Result<DocumentStatus> from_reply(const ReplyMessage& reply) {
  const auto in = reply.read();
  if (!in->isStatus()) return unexpected(*in);
  const auto from = in->getStatus();
  DocumentStatus out;
  out.revision = from.getRevision();
  out.durable = from.getDurable();
  if (from.getDiskError().size() > 0) out.disk_error = from_text(from.getDiskError());
  out.changes = from.getChanges();
  out.waiting = from.getWaiting();
  out.unreadable = from.getUnreadable();
  out.subscriptions = from.getSubscriptions();
  for (const auto text : from.getWithheld()) out.withheld.push_back(from_text(text));
  for (const auto text : from.getLost()) out.lost.push_back(from_text(text));
  return out;
}

template <>
Result<Explained> from_reply(const ReplyMessage& reply) {
  const auto in = reply.read();
  if (!in->isExplained()) return unexpected(*in);
  const auto from = in->getExplained();
  const Result<access::Level> level = read(from.getLevel());
  if (!level) return level.error();
  return Explained{from.getAllowed(), *level, from_text(from.getSentence())};
}

template <>
Result<std::vector<Holder>> from_reply(const ReplyMessage& reply) {
  const auto in = reply.read();
  if (!in->isHolders()) return unexpected(*in);
  std::vector<Holder> out;
  for (const auto holder : in->getHolders()) {
    auto who = read(holder.getWho());
    const Result<access::Level> level = read(holder.getLevel());
    if (!who || !level) return who ? level.error() : who.error();
    out.push_back({std::move(*who), *level});
  }
  return out;
}

template <>
Result<std::vector<Presence>> from_reply(const ReplyMessage& reply) {
  const auto in = reply.read();
  if (!in->isPresences()) return unexpected(*in);
  std::vector<Presence> out;
  for (const auto one : in->getPresences()) {
    Presence& p = out.emplace_back();
    const bool named = read_fixed(one.getDevice(), p.device);
    if (!named || (one.getUser().size() > 0 && !read_fixed(one.getUser(), p.user.emplace())))
      return Error(Errc::malformed, "presence of a device or user without a key");
    p.json = from_text(one.getJson());
    // Whatever comes in a message is no time before the beginning of all.
    p.age = std::chrono::milliseconds(static_cast<std::int64_t>(one.getAgeMs() & ~(std::uint64_t{1} << 63)));
    p.own = one.getOwn();
  }
  return out;
}

}  // namespace tlfs::document_actor
