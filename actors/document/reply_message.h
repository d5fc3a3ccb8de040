// Answers as messages, and back.
#pragma once

#include "actors/document/protocol.h"
#include "actors/messaging/message.h"
#include "schema/messages/document.capnp.h"

namespace tlfs::document_actor {

using ReplyMessage = messaging::Message<messages::Reply>;

// Each makes the alternative of Reply that fits, or `error`.
ReplyMessage to_reply(const Status& status);
ReplyMessage to_reply(const Result<Committed>& committed);
ReplyMessage to_reply(const Result<Subscribed>& subscribed);
ReplyMessage to_reply(const Result<Update>& update);
ReplyMessage to_reply(const Result<Changes>& changes);
ReplyMessage to_reply(const Result<Imported>& imported);
ReplyMessage to_reply(const Result<PermanentAddress>& address);
ReplyMessage to_reply(const Result<std::vector<HistoryEntry>>& history);
ReplyMessage to_reply(const Result<DocumentStatus>& status);
ReplyMessage to_reply(const Result<Explained>& explained);
ReplyMessage to_reply(const Result<std::vector<Holder>>& holders);
ReplyMessage to_reply(const Result<std::vector<Presence>>& presences);

// The answer of that type; the error that the reply holds; Errc::malformed when it holds something else.
template <class T>
Result<T> from_reply(const ReplyMessage& reply);

template <>
Result<void> from_reply(const ReplyMessage& reply);
template <>
Result<Committed> from_reply(const ReplyMessage& reply);
template <>
Result<Subscribed> from_reply(const ReplyMessage& reply);
template <>
Result<Update> from_reply(const ReplyMessage& reply);  // patches or a snapshot
template <>
Result<Changes> from_reply(const ReplyMessage& reply);
template <>
Result<Imported> from_reply(const ReplyMessage& reply);
template <>
Result<PermanentAddress> from_reply(const ReplyMessage& reply);
template <>
Result<std::vector<HistoryEntry>> from_reply(const ReplyMessage& reply);
template <>
Result<DocumentStatus> from_reply(const ReplyMessage& reply);
template <>
Result<Explained> from_reply(const ReplyMessage& reply);
template <>
Result<std::vector<Holder>> from_reply(const ReplyMessage& reply);
template <>
Result<std::vector<Presence>> from_reply(const ReplyMessage& reply);

// An error that came as a message. Modules that this program does not know become Errc::foreign.
Error read(messages::Error::Reader in);
void write(const Error& error, messages::Error::Builder out);

}  // namespace tlfs::document_actor
