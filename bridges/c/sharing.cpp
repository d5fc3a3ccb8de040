// Who may do what, and other nodes.
#include <array>

#include "bridges/c/handles.h"
#include "bridges/control/names.h"

using namespace tlfs;
using namespace tlfs::c_api;

namespace {

constexpr std::size_t kMaxIntroduction = 4096;  // statements in one

Result<access::Level> level_in(std::int32_t level) {
  if (level < TLFS_NONE || level > TLFS_OWN)
    return Error(c_api::Errc::bad_value, std::to_string(level) + " is no level of access");
  return static_cast<access::Level>(level);
}

document::Data ids(const std::vector<document::DocumentId>& all) {
  document::Data::Array out;
  for (const document::DocumentId& one : all) out.push_back(text_data(to_hex(one)));
  return out;
}

Result<std::vector<Bytes>> introduction_in(const std::string& json) {
  const auto data = document::parse_json(json);
  if (!data) return data.error();
  const document::Data::Array* array = data->array();
  const Error wrong(c_api::Errc::bad_value, "an introduction is a JSON array of base64");
  if (!array || array->size() > kMaxIntroduction) return wrong;
  std::vector<Bytes> out;
  for (const document::Data& one : *array) {
    const auto* text = one.value() ? std::get_if<std::string>(one.value()) : nullptr;
    auto bytes = text ? from_base64(*text) : std::nullopt;
    if (!bytes) return wrong;
    out.push_back(std::move(*bytes));
  }
  return out;
}

document::Data peer(const network::PeerInfo& p) {
  document::Data::Array addresses;
  for (const std::string& one : p.addresses) addresses.push_back(text_data(one));
  return document::Data::Object{
      {"device", text_data(to_hex(p.device))},
      {"user", p.user ? text_data(to_hex(*p.user)) : document::Data()},
      {"state", text_data(p.state)},
      {"name", text_data(p.name)},
      {"addresses", std::move(addresses)},
      {"problem", text_data(p.problem)},
      {"sent_bytes", number_data(p.sent_bytes)},
      {"received_bytes", number_data(p.received_bytes)},
      {"round_trip_ms", p.round_trip ? document::Data(Value(std::int64_t{p.round_trip->count()})) : document::Data()}};
}

document::Data given(const network::GivenInvitation& g) {
  return document::Data::Object{{"id", text_data(to_hex(g.id))},
                                {"document", text_data(to_hex(g.document))},
                                {"name", text_data(g.name)},
                                {"path", text_data(g.path)},
                                {"level", text_data(std::string(access::level_name(g.level)))},
                                {"state", text_data(g.state)},
                                {"uses_left", number_data(g.uses_left)},
                                {"expires_s", Value(std::int64_t{g.expires.count()})}};
}

document::Data offer(const network::Offer& o) {
  return document::Data::Object{{"document", text_data(to_hex(o.document))},
                                {"from", text_data(to_hex(o.from))},
                                {"name", text_data(o.name)},
                                {"package", text_data(o.package)}};
}

}  // namespace

bool tlfs_grant(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], const char* path, size_t path_length, int32_t level,
                const char* who, size_t who_length, tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (Status s = may_wait(node); !s) return s;
    const auto what = level_in(level);
    if (!what) return what.error();
    const auto principal = control::parse_principal(text_in(who, who_length));
    if (!principal) return principal.error();
    return waited(node->node->grant(id_in(id), text_in(path, path_length), *what, *principal));
  });
}

bool tlfs_revoke(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], const char* path, size_t path_length, int32_t level,
                 const char* who, size_t who_length, int32_t keep, tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (Status s = may_wait(node); !s) return s;
    const auto what = level_in(level);
    if (!what) return what.error();
    const auto left = level_in(keep);
    if (!left) return left.error();
    const auto principal = control::parse_principal(text_in(who, who_length));
    if (!principal) return principal.error();
    return waited(node->node->revoke(id_in(id), text_in(path, path_length), *what, *principal, *left));
  });
}

bool tlfs_explain(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], const char* path, size_t path_length, int32_t level,
                  const char* who, size_t who_length, bool* allowed, char** sentence, size_t* length,
                  tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (Status s = may_wait(node); !s) return s;
    const auto what = level_in(level);
    if (!what) return what.error();
    const auto principal = control::parse_principal(text_in(who, who_length));
    if (!principal) return principal.error();
    const auto explained = waited(node->node->explain(id_in(id), text_in(path, path_length), *what, *principal));
    if (!explained) return explained.error();
    Status s = text_out(explained->sentence, sentence, length);
    if (s && allowed) *allowed = explained->allowed;
    return s;
  });
}

bool tlfs_holders(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], const char* path, size_t path_length, char** json,
                  size_t* length, tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (Status s = may_wait(node); !s) return s;
    const auto holders = waited(node->node->holders(id_in(id), text_in(path, path_length)));
    if (!holders) return holders.error();
    document::Data::Array all;
    for (const Holder& one : *holders)
      all.push_back(document::Data::Object{{"who", text_data(control::principal_text(one.who))},
                                           {"level", text_data(std::string(access::level_name(one.level)))}});
    return json_out(all, json, length);
  });
}

bool tlfs_admit(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], const char* who, size_t who_length,
                tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (Status s = may_wait(node); !s) return s;
    const auto principal = control::parse_principal(text_in(who, who_length));
    if (!principal) return principal.error();
    return waited(node->node->admit(id_in(id), *principal));
  });
}

bool tlfs_introduction(tlfs_node* node, char** json, size_t* length, tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (Status s = may_wait(node); !s) return s;
    document::Data::Array all;
    for (const Bytes& one : node->node->introduction()) all.push_back(text_data(to_base64(one)));
    return json_out(all, json, length);
  });
}

bool tlfs_learn(tlfs_node* node, const char* introduction, size_t introduction_length, char** json, size_t* length,
                tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (Status s = may_wait(node); !s) return s;
    const auto statements = introduction_in(text_in(introduction, introduction_length));
    if (!statements) return statements.error();
    const auto users = waited(node->node->learn(*statements));
    return users ? json_out(ids(*users), json, length) : Status(users.error());
  });
}

bool tlfs_people(tlfs_node* node, char** json, size_t* length, tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (Status s = may_wait(node); !s) return s;
    const auto users = waited(node->node->people());
    return users ? json_out(ids(*users), json, length) : Status(users.error());
  });
}

bool tlfs_peers(tlfs_node* node, char** json, size_t* length, tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (Status s = may_wait(node); !s) return s;
    const auto peers = waited(node->node->peers());
    if (!peers) return peers.error();
    document::Data::Array all;
    for (const network::PeerInfo& one : *peers) all.push_back(peer(one));
    return json_out(all, json, length);
  });
}

bool tlfs_connect(tlfs_node* node, const char* address, size_t address_length, uint8_t device[TLFS_ID_SIZE],
                  tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (Status s = may_wait(node); !s) return s;
    const auto key = waited(node->node->connect(text_in(address, address_length)));
    if (!key) return key.error();
    id_out(*key, device);
    return {};
  });
}

bool tlfs_invite(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], const char* path, size_t path_length, int32_t level,
                 uint64_t expires_in_seconds, uint32_t uses, char** link, size_t* length, tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (Status s = may_wait(node); !s) return s;
    const auto what = level_in(level);
    if (!what) return what.error();
    network::InviteOptions options;
    options.path = text_in(path, path_length);
    options.level = *what;
    options.expires_in = std::chrono::seconds(expires_in_seconds);
    options.uses = uses;
    const auto made = waited(node->node->invite(id_in(id), std::move(options)));
    return made ? text_out(*made, link, length) : Status(made.error());
  });
}

bool tlfs_revoke_invitation(tlfs_node* node, const uint8_t invitation[TLFS_INVITATION_SIZE], tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (Status s = may_wait(node); !s) return s;
    network::InvitationId number{};
    std::copy_n(invitation, number.size(), number.begin());
    return waited(node->node->revoke_invitation(number));
  });
}

bool tlfs_join(tlfs_node* node, const char* link, size_t link_length, uint8_t id[TLFS_ID_SIZE], tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (Status s = may_wait(node); !s) return s;
    const auto joined = waited(node->node->join(text_in(link, link_length)));
    if (!joined) return joined.error();
    id_out(*joined, id);
    return {};
  });
}

bool tlfs_invitations(tlfs_node* node, char** json, size_t* length, tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (Status s = may_wait(node); !s) return s;
    const auto all = waited(node->node->invitations());
    if (!all) return all.error();
    document::Data::Array out, pending;
    for (const network::GivenInvitation& one : all->given) out.push_back(given(one));
    for (const network::Offer& one : all->pending) pending.push_back(offer(one));
    return json_out(document::Data::Object{{"given", std::move(out)}, {"pending", std::move(pending)}}, json, length);
  });
}

bool tlfs_accept(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (Status s = may_wait(node); !s) return s;
    return waited(node->node->accept(id_in(id)));
  });
}

bool tlfs_decline(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (Status s = may_wait(node); !s) return s;
    return waited(node->node->decline(id_in(id)));
  });
}

bool tlfs_sync_status(tlfs_node* node, char** json, size_t* length, tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (Status s = may_wait(node); !s) return s;
    const auto lines = waited(node->node->sync_status());
    if (!lines) return lines.error();
    document::Data::Array all;
    for (const network::SyncLine& one : *lines)
      all.push_back(document::Data::Object{{"document", text_data(to_hex(one.document))},
                                           {"peer", text_data(to_hex(one.peer))},
                                           {"state", text_data(one.state)}});
    return json_out(all, json, length);
  });
}
