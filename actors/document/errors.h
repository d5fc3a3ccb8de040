// What can go wrong between a document actor and those who talk to it; errors of the engine pass through as they are.
#pragma once

#include <string_view>

namespace tlfs::document_actor {

enum class Errc : int {
  ok = 0,
  malformed,             // a message whose words are fine and whose meaning is not
  stale,                 // made on a revision that lies too far back to map positions, or that has not been
  gone,                  // made on something that was removed meanwhile
  no_such_subscription,  // ended, or of an earlier incarnation of the actor
  too_many_subscriptions,
  no_such_document,
  busy,       // more writes of one client are under way than are allowed
  not_saved,  // the disk does not take it: what is shown will be saved when it does; nothing new is accepted until then
  deleted,    // it was forgotten on this device
  exists,     // a document of that id is here already
  stopped,    // the node has stopped
  foreign,    // an error of a module that this program does not know; its text says which
  history_lost,  // what was asked for needs old changes that the disk has lost; all else goes on
};
constexpr std::string_view errc_module(Errc) { return "document_actor"; }

}  // namespace tlfs::document_actor
