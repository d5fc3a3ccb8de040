#include "schema/lens/lens.h"

namespace tlfs::schema {
namespace {

struct Reverser {
  Lens operator()(const Make& l) const { return Hide{l.node}; }
  Lens operator()(const Hide& l) const { return Show{l.node}; }
  Lens operator()(const Show& l) const { return Hide{l.node}; }
  Lens operator()(const Rename& l) const { return Rename{l.node, l.to, l.from}; }
  Lens operator()(const Hoist& l) const { return Plunge{l.node, l.host, l.inside, l.outside}; }
  Lens operator()(const Plunge& l) const { return Hoist{l.node, l.host, l.inside, l.outside}; }
  Lens operator()(const SetDefault& l) const { return SetDefault{l.node, l.to, l.from}; }
};

}  // namespace

Lens reverse(const Lens& lens) { return std::visit(Reverser{}, lens); }

Ordinal target(const Lens& lens) {
  return std::visit([](const auto& l) { return l.node; }, lens);
}

}  // namespace tlfs::schema
