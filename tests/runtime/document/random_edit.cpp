#include "tests/runtime/document/random_edit.h"

#include "runtime/base/utf.h"

namespace tlfs::document::testing {
namespace {

using schema::Kind;

const NodeInfo& info_of(const Transaction& tx, std::uint32_t view_node) {
  return tx.state().nodes().at(tx.view().node_of[view_node]);
}
const std::vector<std::uint32_t>& children_of(const Transaction& tx, std::uint32_t view_node) {
  return tx.view().view->nodes()[view_node].children;
}

Value random_key(SeededRandom& random, Primitive type) {
  static const std::string kNames[] = {"k", "l", "m\"\n", ""};
  switch (type) {
    case Primitive::boolean:
      return random.chance(0.5);
    case Primitive::u64:
      return random.chance(0.1) ? ~std::uint64_t{0} : std::uint64_t{9} + random.below(3);
    case Primitive::i64:
      return static_cast<std::int64_t>(random.below(3)) - 1;
    default:
      return kNames[random.chance(0.1) ? 2 + random.below(2) : random.below(2)];
  }
}

std::uint64_t visible_items(const Transaction& tx, const Path& path) {
  const Result<Reader::Place> place = tx.reader().locate(path);
  if (!place || !place->cell) return 0;
  if (place->cell->type == CellType::array) return static_cast<const ArrayCell*>(place->cell)->sequence.visible();
  if (place->cell->type == CellType::text) return static_cast<const TextCell*>(place->cell)->sequence.visible();
  return 0;
}

Status edit_array(Transaction& tx, SeededRandom& random, const Path& path, std::uint32_t view_node) {
  const Result<Address> at = tx.address(path);
  if (!at) return at.error();
  const std::uint64_t size = visible_items(tx, path);
  const std::uint64_t what = random.below(20);
  if (what < 5 || size == 0) {
    const Result<Lv> id = tx.insert(*at, random.below(size + 1), static_cast<std::uint32_t>(1 + random.below(3)));
    return id ? Status() : id.error();
  }
  if (what < 9) {
    std::vector<Data> values;
    for (std::uint64_t n = 1 + random.below(2); n > 0; --n)
      values.push_back(random_data(tx, random, children_of(tx, view_node)[0]));
    return tx.insert(path, random.below(size + 1), values);
  }
  if (what < 13) {
    const std::uint64_t from = random.below(size);
    return tx.erase(*at, from, 1 + random.below(std::min<std::uint64_t>(3, size - from)));
  }
  if (what < 18) return tx.move(*at, random.below(size), random.below(size));
  if (what < 19) return tx.remove(*at);
  return tx.set(path, random_data(tx, random, view_node));
}

Status edit_text(Transaction& tx, SeededRandom& random, const Path& path) {
  const Result<Address> at = tx.address(path);
  if (!at) return at.error();
  const std::uint64_t size = visible_items(tx, path);
  const std::uint64_t what = random.below(20);
  if (what < 1) return tx.set(path, Data(Value(random_words(random, 6))));
  if (what < 2) return tx.remove(*at);
  const TextUnit unit = random.chance(0.3) ? TextUnit::utf16 : TextUnit::code_points;
  const std::uint64_t from = random.below(size + 1);
  const std::uint64_t remove = random.chance(0.4) ? random.below(std::min<std::uint64_t>(size - from, 5) + 1) : 0;
  return tx.splice(*at, from, remove, random.chance(0.8) ? random_words(random, 6) : std::string(), unit);
}

Status edit_leaf(Transaction& tx, SeededRandom& random, const Path& path, std::uint32_t view_node) {
  const NodeInfo& info = info_of(tx, view_node);
  if (random.chance(0.1)) return tx.set(path, random_data(tx, random, view_node));
  const Result<Address> at = tx.address(path);
  if (!at) return at.error();
  if (random.chance(0.05)) return tx.remove(*at);
  switch (info.kind) {
    case Kind::reg: {
      if (random.chance(0.1)) return tx.unset(*at);
      std::vector<Value> values;
      for (std::uint64_t n = random.chance(0.1) ? 2 : 1; n > 0; --n)
        values.push_back(random_primitive(random, info.primitive));
      return tx.assign(*at, values);
    }
    case Kind::flag:
      return tx.set_flag(*at, random.chance(0.6));
    case Kind::counter:
      if (random.chance(0.2)) return tx.reset(*at);
      return tx.increment(*at, random.chance(0.05) ? INT64_MAX : static_cast<std::int64_t>(random.below(9)) - 4);
    default:
      return {};
  }
}

}  // namespace

std::string random_words(SeededRandom& random, std::size_t max_code_points) {
  static constexpr char32_t kLetters[] = {U'a', U'b', U'c',      U'd',      U'e',          U'f',
                                          U'g', U' ', U'\u00e9', U'\u20ac', U'\U0001f600', U'\n'};
  std::string s;
  for (std::size_t n = 1 + random.below(max_code_points); n > 0; --n)
    append_utf8(s, kLetters[random.below(std::size(kLetters))]);
  return s;
}

Value random_primitive(SeededRandom& random, Primitive type) {
  switch (type) {
    case Primitive::boolean:
      return random.chance(0.5);
    case Primitive::u64:
      return random.chance(0.1) ? random.next() : random.below(4);
    case Primitive::i64:
      return random.chance(0.1) ? static_cast<std::int64_t>(random.next())
                                : static_cast<std::int64_t>(random.below(4)) - 2;
    case Primitive::f64:
      return static_cast<double>(random.below(8)) / 4 - 1;
    case Primitive::string:
      return random_words(random, 3);
    case Primitive::bytes:
      return Bytes(random.below(4), static_cast<std::uint8_t>(random.below(256)));
    default:
      return {};
  }
}

Data random_data(const Transaction& tx, SeededRandom& random, std::uint32_t view_node) {
  const NodeInfo& info = info_of(tx, view_node);
  const auto& children = children_of(tx, view_node);
  switch (info.kind) {
    case Kind::structure: {
      Data::Object object;
      for (std::uint32_t field : children)
        if (random.chance(0.5)) object.push_back({tx.view().view->nodes()[field].name, random_data(tx, random, field)});
      return object;
    }
    case Kind::table: {
      Data data{Data::Object()};
      for (std::uint64_t n = random.below(3); n > 0; --n) {
        const std::string name = key_text(random_key(random, info.primitive));
        if (!data.find(name)) data.object()->push_back({name, random_data(tx, random, children[0])});
      }
      return data;
    }
    case Kind::array: {
      Data::Array array;
      for (std::uint64_t n = random.below(3); n > 0; --n) array.push_back(random_data(tx, random, children[0]));
      return array;
    }
    case Kind::text:
      return Value(random_words(random, 4));
    case Kind::flag:
      return Value(random.chance(0.5));
    case Kind::counter:
      return Value(static_cast<std::int64_t>(random.below(5)));
    case Kind::reg:
      return random.chance(0.2) ? Data() : Data(random_primitive(random, info.primitive));
  }
  return {};
}

Status random_edit(Transaction& tx, SeededRandom& random) {
  Path path;
  std::uint32_t at = 0;
  for (;;) {  // ends: each step goes down in the view
    const NodeInfo& info = info_of(tx, at);
    const auto& children = children_of(tx, at);
    const bool is_entry = !path.empty() && path.back().kind == PathStep::Kind::key;
    const bool is_element = !path.empty() && path.back().kind == PathStep::Kind::index;
    if (is_entry && random.chance(0.25)) {
      if (random.chance(0.5)) return tx.remove(path);
      const Result<Address> entry = tx.address(path);
      return entry ? tx.touch(*entry) : entry.error();
    }
    if (is_element && random.chance(0.05)) return tx.remove(path);
    switch (info.kind) {
      case Kind::structure:
        if (children.empty() || random.chance(0.04)) {
          if (random.chance(0.5)) return tx.set(path, random_data(tx, random, at));
          const Result<Address> place = tx.address(path);
          return place ? tx.remove(*place) : place.error();
        }
        at = children[random.below(children.size())];
        path.push_back(PathStep::field(tx.view().view->nodes()[at].name));
        break;
      case Kind::table:
        if (random.chance(0.08)) {
          if (random.chance(0.5)) return tx.set(path, random_data(tx, random, at));
          const Result<Address> place = tx.address(path);
          return place ? tx.remove(*place) : place.error();
        }
        path.push_back(PathStep::of_key(random_key(random, info.primitive)));
        at = children[0];
        break;
      case Kind::array: {
        const std::uint64_t size = visible_items(tx, path);
        if (size == 0 || random.chance(0.4)) return edit_array(tx, random, path, at);
        path.push_back(PathStep::at(random.below(size)));
        at = children[0];
        break;
      }
      case Kind::text:
        return edit_text(tx, random, path);
      default:
        return edit_leaf(tx, random, path, at);
    }
  }
}

}  // namespace tlfs::document::testing
