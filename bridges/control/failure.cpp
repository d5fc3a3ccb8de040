// Which failures a script tells apart.
#include "actors/net/errors.h"
#include "actors/supervision/errors.h"
#include "bridges/control/control_session.h"
#include "runtime/access/statement.h"
#include "runtime/invitation/errors.h"
#include "runtime/storage/store.h"

namespace tlfs::control {
namespace {

bool is_denied(const Error& e) {
  using Link = invitation::Errc;
  for (const Link code : {Link::expired, Link::used_up, Link::revoked})
    if (e.is(code)) return true;
  if (e.is(network::Errc::refused) || e.is(network::Errc::banned)) return true;
  return e.is(document::Errc::denied) || e.is(document::Errc::no_key) || e.is(access::Errc::denied) ||
         e.is(access::Errc::no_key) || e.is(access::Errc::no_boundary);
}

bool is_badly_asked(const Error& e) {
  return e.is(Errc::bad_name) || e.is(network::Errc::bad_address) || e.is(net::Errc::bad_address);
}

bool is_unavailable(const Error& e) {
  using Service = document_actor::Errc;
  using Disk = storage::Errc;
  if (e.module() == errc_module(supervision::Errc::ok)) return true;
  if (e.module() == net::errc_module(net::Errc::ok)) return !e.is(net::Errc::too_large);
  for (const Service code : {Service::busy, Service::not_saved, Service::stopped})
    if (e.is(code)) return true;
  for (const Disk code :
       {Disk::io, Disk::full, Disk::read_only, Disk::denied, Disk::too_many_files, Disk::locked, Disk::busy})
    if (e.is(code)) return true;
  using Net = network::Errc;
  for (const Net code : {Net::off, Net::unreachable, Net::too_many, Net::timeout})
    if (e.is(code)) return true;
  return e.is(invitation::Errc::full) || e.is(Errc::busy) || e.is(Errc::unreachable);
}

}  // namespace

FailureKind kind_of(const Error& error) {
  if (is_denied(error)) return FailureKind::DENIED;
  if (is_badly_asked(error)) return FailureKind::USAGE;
  return is_unavailable(error) ? FailureKind::UNAVAILABLE : FailureKind::INPUT;
}

}  // namespace tlfs::control
