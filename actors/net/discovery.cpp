#include "actors/net/discovery.h"

#include <avahi-common/alternative.h>
#include <avahi-common/error.h>
#include <avahi-common/malloc.h>
#include <avahi-common/simple-watch.h>
#include <avahi-common/timeval.h>
#include <avahi-core/core.h>
#include <avahi-core/log.h>
#include <avahi-core/lookup.h>
#include <avahi-core/publish.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <thread>

#include "actors/net/address.h"
#include "runtime/base/utf.h"

namespace tlfs::net {
namespace {

constexpr std::size_t kMaxHostBytes = 63;  // a label, RFC 1035
constexpr std::size_t kMaxTxtStringBytes = 255;
constexpr unsigned kAfterGoodbyeMs = 1'500;
constexpr int kMaxRenames = 8;  // of an instance or a host whose name is taken
constexpr std::size_t kMaxOwnAddresses = 32;
constexpr int kMaxNews = 64;           // messages about networks that are read at once
constexpr unsigned kMaxCache = 1'024;  // records per interface

struct FreeStrings {
  void operator()(AvahiStringList* list) const { avahi_string_list_free(list); }
};
using Strings = std::unique_ptr<AvahiStringList, FreeStrings>;

// In the order given; avahi's lists grow at the front.
Strings to_list(const std::vector<std::string>& strings) {
  AvahiStringList* list = nullptr;
  for (auto at = strings.rbegin(); at != strings.rend(); ++at)
    list = avahi_string_list_add_arbitrary(list, reinterpret_cast<const std::uint8_t*>(at->data()), at->size());
  return Strings(list);
}

// Nothing when a stranger says more than we listen to.
std::optional<std::vector<std::string>> from_list(AvahiStringList* list) {
  std::vector<std::string> out;
  std::size_t bytes = 0;
  for (; list != nullptr; list = avahi_string_list_get_next(list)) {
    const std::size_t size = avahi_string_list_get_size(list);
    bytes += size;
    if (out.size() == kMaxTxtStrings || bytes > kMaxTxtBytes) return std::nullopt;
    out.emplace_back(reinterpret_cast<const char*>(avahi_string_list_get_text(list)), size);
  }
  return out;
}

std::string place_of(const AvahiAddress& address, AvahiIfIndex interface, std::uint16_t port) {
  std::array<char, AVAHI_ADDRESS_STR_MAX> text{};
  avahi_address_snprint(text.data(), text.size(), &address);
  std::string host = text.data();
  // A link-local address means something on its own network only.
  if (address.proto == AVAHI_PROTO_INET6 && address.data.ipv6.address[0] == 0xfe &&
      (address.data.ipv6.address[1] & 0xc0) == 0x80) {
    std::array<char, IF_NAMESIZE> name{};
    if (::if_indextoname(static_cast<unsigned>(interface), name.data()) != nullptr)
      host += "%" + std::string(name.data());
  }
  return to_string(HostPort{host, port});
}

// One of ours, on a network that multicast DNS can use.
struct OwnAddress {
  int interface = 0;
  AvahiAddress address{};
  friend bool operator<(const OwnAddress& a, const OwnAddress& b) { return a.key() < b.key(); }
  friend bool operator==(const OwnAddress& a, const OwnAddress& b) { return a.key() == b.key(); }

 private:
  std::string key() const {
    std::array<char, AVAHI_ADDRESS_STR_MAX> text{};
    avahi_address_snprint(text.data(), text.size(), &address);
    return std::to_string(interface) + " " + text.data();
  }
};

// Sorted; at most kMaxOwnAddresses.
std::vector<OwnAddress> own_addresses(const Discovery::Settings& settings) {
  std::vector<OwnAddress> out;
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return out;
  for (const ifaddrs* i = all; i != nullptr && out.size() < kMaxOwnAddresses; i = i->ifa_next) {
    if (i->ifa_addr == nullptr || (i->ifa_flags & IFF_UP) == 0 || (i->ifa_flags & IFF_MULTICAST) == 0) continue;
    const auto& wanted = settings.interfaces;
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), i->ifa_name) == wanted.end()) continue;
    OwnAddress own;
    own.interface = static_cast<int>(::if_nametoindex(i->ifa_name));
    if (i->ifa_addr->sa_family == AF_INET && settings.ipv4) {
      own.address.proto = AVAHI_PROTO_INET;
      own.address.data.ipv4.address = reinterpret_cast<const sockaddr_in*>(i->ifa_addr)->sin_addr.s_addr;
    } else if (i->ifa_addr->sa_family == AF_INET6 && settings.ipv6) {
      own.address.proto = AVAHI_PROTO_INET6;
      const auto& in6 = reinterpret_cast<const sockaddr_in6*>(i->ifa_addr)->sin6_addr;
      std::copy(std::begin(in6.s6_addr), std::end(in6.s6_addr), own.address.data.ipv6.address);
    } else {
      continue;
    }
    out.push_back(own);
  }
  ::freeifaddrs(all);
  std::sort(out.begin(), out.end());
  return out;
}

// Tells when networks or addresses come and go; -1 when the system does not let us know.
int network_watch() {
  const int s = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  sockaddr_nl place{};
  place.nl_family = AF_NETLINK;
  place.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  if (s >= 0 && ::bind(s, reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0) return s;
  if (s >= 0) ::close(s);
  return -1;
}

Status check(const Announcement& a) {
  const auto bad = [](const std::string& what) {
    return Error(Errc::bad_address, "this cannot be announced on the local network: " + what);
  };
  if (a.instance.empty() || a.instance.size() > kMaxInstanceBytes || !is_valid_utf8(a.instance) ||
      a.instance.find('\0') != std::string::npos)
    return bad("its name is empty, longer than " + std::to_string(kMaxInstanceBytes) + " bytes, or no text");
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  };
  if (a.host.empty() || a.host.size() > kMaxHostBytes || !std::all_of(a.host.begin(), a.host.end(), letter))
    return bad("the host's name has others than letters, digits and '-'");
  if (a.port == 0) return bad("nobody can be reached at port 0");
  if (!a.ipv4 && !a.ipv6) return bad("nobody can be reached by neither IPv4 nor IPv6");
  std::size_t bytes = 0;
  for (const std::string& s : a.txt) {
    bytes += s.size();
    if (s.size() > kMaxTxtStringBytes) return bad("one thing that it says is too long");
  }
  if (a.txt.size() > kMaxTxtStrings || bytes > kMaxTxtBytes) return bad("it says too much");
  return {};
}

void say_nothing(AvahiLogLevel, const char*) {}

}  // namespace

struct Discovery::Parts {
  // One service on one network, by one protocol.
  struct Sight {
    AvahiSServiceResolver* resolver = nullptr;
    std::string instance;
    bool resolved = false;
    bool ours = false;
    std::string address;
    std::uint16_t port = 0;
    std::vector<std::string> txt;
  };
  struct Key {
    AvahiIfIndex interface;
    AvahiProtocol protocol;
    std::string instance;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  // What a resolver's callback gets: it stays where it is as long as the resolver lives.
  struct Ticket {
    Parts* parts;
    Key key;
  };

  Status begin();
  void run();
  void obey();          // what other threads have asked for, what the networks demand
  void announce_now();  // what is to be announced, once the server runs
  void withdraw();
  void fail(int error);
  void server_changed(AvahiServer* s, AvahiServerState state);
  void group_changed(AvahiEntryGroupState state);
  void browsed(AvahiBrowserEvent event, const Key& key);
  void resolved(const Key& key, AvahiResolverEvent event, const AvahiAddress* address, std::uint16_t port,
                AvahiStringList* txt, AvahiLookupResultFlags flags);
  void drop(const Key& key);
  void tell(const std::string& instance);  // the owner, when what is known of it has changed

  Settings settings;
  AvahiSimplePoll* poll = nullptr;
  AvahiServer* server = nullptr;
  AvahiSEntryGroup* group = nullptr;
  AvahiSServiceBrowser* browser = nullptr;
  bool running = false;
  int renames = 0;
  std::optional<Announcement> wanted;  // with the names that it has got
  std::optional<Announcement> stood;   // what was announced last
  AvahiTimeout* later = nullptr;
  std::map<Key, std::pair<std::unique_ptr<Ticket>, Sight>> sights;
  std::map<std::string, FoundService> told;
  std::optional<int> failure;
  int watch_socket = -1;
  bool network_changed = false;
  std::vector<OwnAddress> addresses;

  std::mutex mutex;
  bool changed = false;  // under the mutex, as is what follows
  std::optional<Announcement> ordered;
  bool stopping = false;
  bool dead = false;  // the thread has ended or is about to: nobody wakes it any more
  std::thread thread;
};

Status Discovery::Parts::begin() {
  avahi_set_log_function(say_nothing);  // it would write to the process's standard error
  poll = avahi_simple_poll_new();
  if (poll == nullptr) return Error(Errc::failed, "discovery: there is no memory");
  AvahiServerConfig config;
  avahi_server_config_init(&config);
  config.publish_hinfo = 0;
  config.publish_workstation = 0;
  config.publish_domain = 0;
  config.publish_aaaa_on_ipv4 = 0;
  config.publish_a_on_ipv6 = 0;
  config.enable_wide_area = 0;
  config.use_ipv4 = settings.ipv4 ? 1 : 0;
  config.use_ipv6 = settings.ipv6 ? 1 : 0;
  config.allow_point_to_point = 1;
  config.n_cache_entries_max = kMaxCache;
  config.allow_interfaces = to_list(settings.interfaces).release();
  config.host_name = avahi_strdup("tlfs");  // never published
  // Addresses are published with each announcement, and without their reverse: that one belongs to the whole machine,
  // and two nodes of it would take it from each other.
  config.publish_addresses = 0;
  int error = 0;
  const auto changed_state = [](AvahiServer* s, AvahiServerState state, void* p) {
    static_cast<Parts*>(p)->server_changed(s, state);
  };
  server = avahi_server_new(avahi_simple_poll_get(poll), &config, changed_state, this, &error);
  avahi_server_config_free(&config);
  if (server == nullptr)
    return Error(error == AVAHI_ERR_NO_NETWORK ? Errc::no_interface : Errc::failed,
                 std::string("discovery cannot begin: ") + avahi_strerror(error));
  const auto on_browse = [](AvahiSServiceBrowser*, AvahiIfIndex interface, AvahiProtocol protocol,
                            AvahiBrowserEvent event, const char* name, const char*, const char*, AvahiLookupResultFlags,
                            void* p) {
    static_cast<Parts*>(p)->browsed(event, Key{interface, protocol, name == nullptr ? "" : name});
  };
  browser = avahi_s_service_browser_new(server, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC, std::string(kServiceType).c_str(),
                                        nullptr, static_cast<AvahiLookupFlags>(0), on_browse, this);
  if (browser == nullptr)
    return Error(Errc::failed, std::string("discovery cannot begin: ") + avahi_strerror(avahi_server_errno(server)));
  watch_socket = network_watch();
  addresses = own_addresses(settings);
  if (watch_socket < 0) return {};
  const auto on_news = [](AvahiWatch*, int socket, AvahiWatchEvent, void* p) {
    std::array<char, 8192> news{};
    for (int i = 0; i<kMaxNews&& ::recv(socket, news.data(), news.size(), 0)> 0;) ++i;
    static_cast<Parts*>(p)->network_changed = true;
  };
  const AvahiPoll* api = avahi_simple_poll_get(poll);
  api->watch_new(api, watch_socket, AVAHI_WATCH_IN, on_news, this);  // goes with the poll
  return {};
}

void Discovery::Parts::run() {
  while (!failure && avahi_simple_poll_iterate(poll, -1) == 0) obey();
  {
    const std::lock_guard lock(mutex);
    dead = true;
  }
  if (failure && settings.failed)
    settings.failed(Error(Errc::failed, std::string("discovery has ended: ") + avahi_strerror(*failure)));
}

void Discovery::Parts::obey() {
  bool news = false;
  {
    const std::lock_guard lock(mutex);
    if (stopping) {
      avahi_simple_poll_quit(poll);
      return;
    }
    news = std::exchange(changed, false);
    if (news) wanted = ordered;
  }
  if (news) renames = 0;
  if (std::exchange(network_changed, false)) {
    std::vector<OwnAddress> now = own_addresses(settings);
    if (now != addresses) {
      addresses = std::move(now);
      news = true;
    }
  }
  if (!news) return;
  const bool same_names = wanted && stood && (wanted->instance == stood->instance || wanted->host == stood->host);
  withdraw();
  if (!same_names) return announce_now();
  // Others keep what was taken back for a second (RFC 6762 section 10.1). If it came again before, some of them would
  // miss what is new about it.
  timeval when{};
  avahi_elapse_time(&when, kAfterGoodbyeMs, 0);
  const AvahiPoll* api = avahi_simple_poll_get(poll);
  if (later != nullptr) return api->timeout_update(later, &when);
  const auto on_time = [](AvahiTimeout* timeout, void* p) {
    auto* parts = static_cast<Parts*>(p);
    avahi_simple_poll_get(parts->poll)->timeout_update(timeout, nullptr);
    parts->announce_now();
  };
  later = api->timeout_new(api, &when, on_time, this);  // goes with the poll
}

void Discovery::Parts::withdraw() {
  if (group != nullptr) avahi_s_entry_group_reset(group);
}

void Discovery::Parts::announce_now() {
  if (!running || !wanted || addresses.empty()) return;
  if (group == nullptr) {
    const auto on_change = [](AvahiServer*, AvahiSEntryGroup*, AvahiEntryGroupState state, void* p) {
      static_cast<Parts*>(p)->group_changed(state);
    };
    group = avahi_s_entry_group_new(server, on_change, this);
    if (group == nullptr) return fail(avahi_server_errno(server));
  }
  if (avahi_s_entry_group_is_empty(group) == 0) return;
  const Strings txt = to_list(wanted->txt);
  const std::string host = wanted->host + ".local";
  int error = avahi_server_add_service_strlst(
      server, group, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC, static_cast<AvahiPublishFlags>(0), wanted->instance.c_str(),
      std::string(kServiceType).c_str(), nullptr, host.c_str(), wanted->port, txt.get());
  for (auto at = addresses.begin(); at != addresses.end() && error >= 0; ++at) {
    if (!(at->address.proto == AVAHI_PROTO_INET ? wanted->ipv4 : wanted->ipv6)) continue;
    error = avahi_server_add_address(server, group, at->interface, at->address.proto, AVAHI_PUBLISH_NO_REVERSE,
                                     host.c_str(), &at->address);
  }
  if (error >= 0) error = avahi_s_entry_group_commit(group);
  stood = wanted;
  if (error < 0) fail(error);
}

void Discovery::Parts::fail(int error) {
  if (!failure) failure = error;
}

void Discovery::Parts::server_changed(AvahiServer* s, AvahiServerState state) {
  server = s;  // it is called before avahi_server_new() has returned
  running = state == AVAHI_SERVER_RUNNING;
  if (state == AVAHI_SERVER_FAILURE) return fail(avahi_server_errno(s));
  if (running) announce_now();
}

void Discovery::Parts::group_changed(AvahiEntryGroupState state) {
  if (state == AVAHI_ENTRY_GROUP_FAILURE) return fail(avahi_server_errno(server));
  if (state != AVAHI_ENTRY_GROUP_COLLISION || !wanted) return;
  // It is not said which of the two names is taken.
  if (++renames > kMaxRenames) return fail(AVAHI_ERR_COLLISION);
  const auto renamed = [](std::string& name, char* other) {
    name = other;
    avahi_free(other);
  };
  renamed(wanted->instance, avahi_alternative_service_name(wanted->instance.c_str()));
  renamed(wanted->host, avahi_alternative_host_name(wanted->host.c_str()));
  withdraw();
  announce_now();
}

void Discovery::Parts::browsed(AvahiBrowserEvent event, const Key& key) {
  if (event == AVAHI_BROWSER_FAILURE) return fail(avahi_server_errno(server));
  if (event == AVAHI_BROWSER_REMOVE) return drop(key);
  if (event != AVAHI_BROWSER_NEW || sights.count(key) != 0 || sights.size() >= kMaxServicesFound) return;
  auto ticket = std::make_unique<Ticket>(Ticket{this, key});
  const auto on_resolve = [](AvahiSServiceResolver*, AvahiIfIndex, AvahiProtocol, AvahiResolverEvent happened,
                             const char*, const char*, const char*, const char*, const AvahiAddress* address,
                             std::uint16_t port, AvahiStringList* txt, AvahiLookupResultFlags flags, void* p) {
    const auto* t = static_cast<Ticket*>(p);
    t->parts->resolved(t->key, happened, address, port, txt, flags);
  };
  // In the list before it is resolved, which may happen at once.
  const auto at = sights.emplace(key, std::pair(std::move(ticket), Sight{})).first;
  Sight& sight = at->second.second;
  sight.instance = key.instance;
  sight.resolver = avahi_s_service_resolver_new(server, key.interface, key.protocol, key.instance.c_str(),
                                                std::string(kServiceType).c_str(), nullptr, key.protocol,
                                                static_cast<AvahiLookupFlags>(0), on_resolve, at->second.first.get());
  if (sight.resolver == nullptr) sights.erase(at);
}

void Discovery::Parts::resolved(const Key& key, AvahiResolverEvent event, const AvahiAddress* address,
                                std::uint16_t port, AvahiStringList* txt, AvahiLookupResultFlags flags) {
  const auto at = sights.find(key);
  if (at == sights.end()) return;
  Sight& sight = at->second.second;
  auto strings = event == AVAHI_RESOLVER_FOUND ? from_list(txt) : std::nullopt;
  sight.resolved = strings.has_value() && address != nullptr && port != 0;
  if (sight.resolved) {
    sight.ours = (flags & AVAHI_LOOKUP_RESULT_LOCAL) != 0;  // of this very server
    sight.address = place_of(*address, key.interface, port);
    sight.port = port;
    sight.txt = std::move(*strings);
  }
  tell(key.instance);
}

void Discovery::Parts::drop(const Key& key) {
  const auto at = sights.find(key);
  if (at == sights.end()) return;
  avahi_s_service_resolver_free(at->second.second.resolver);
  sights.erase(at);
  tell(key.instance);
}

void Discovery::Parts::tell(const std::string& instance) {
  FoundService now;
  now.instance = instance;
  for (const auto& [key, entry] : sights) {
    const Sight& sight = entry.second;
    if (key.instance != instance || !sight.resolved || sight.ours) continue;
    if (now.addresses.size() < kMaxAddressesOfService) now.addresses.push_back(sight.address);
    now.port = sight.port;
    now.txt = sight.txt;
  }
  std::sort(now.addresses.begin(), now.addresses.end());
  now.addresses.erase(std::unique(now.addresses.begin(), now.addresses.end()), now.addresses.end());
  const auto before = told.find(instance);
  if (now.addresses.empty()) {
    if (before == told.end()) return;
    told.erase(before);
    if (settings.lost) settings.lost(instance);
    return;
  }
  if (before != told.end() && before->second == now) return;
  told.insert_or_assign(instance, now);
  if (settings.found) settings.found(now);
}

Discovery::Discovery(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Result<std::unique_ptr<Discovery>> Discovery::start(Settings settings) {
  if (own_addresses(settings).empty())
    return Error(Errc::no_interface,
                 "there is no network that others could be found on: none is up with an address and multicast");
  std::unique_ptr<Discovery> out(new Discovery(std::make_unique<Parts>()));
  Parts& parts = *out->parts_;
  parts.settings = std::move(settings);
  if (const Status s = parts.begin(); !s) return s.error();
  parts.thread = std::thread([&parts] { parts.run(); });
  return out;
}

void Discovery::stop() {
  Parts& p = *parts_;
  {
    const std::lock_guard lock(p.mutex);
    p.stopping = true;
    if (p.thread.joinable() && !p.dead) avahi_simple_poll_wakeup(p.poll);
  }
  if (p.thread.joinable()) p.thread.join();
  // Frees what hangs on it: the browser, the resolvers, the group; and says goodbye for what was announced.
  if (p.server != nullptr) avahi_server_free(std::exchange(p.server, nullptr));
  if (p.poll != nullptr) avahi_simple_poll_free(std::exchange(p.poll, nullptr));
  if (p.watch_socket >= 0) ::close(std::exchange(p.watch_socket, -1));
  p.sights.clear();
}

Discovery::~Discovery() { stop(); }

Status Discovery::announce(std::optional<Announcement> announcement) {
  if (announcement)
    if (const Status s = check(*announcement); !s) return s.error();
  const std::lock_guard lock(parts_->mutex);
  parts_->ordered = std::move(announcement);
  parts_->changed = true;
  if (!parts_->stopping && !parts_->dead) avahi_simple_poll_wakeup(parts_->poll);
  return {};
}

}  // namespace tlfs::net
