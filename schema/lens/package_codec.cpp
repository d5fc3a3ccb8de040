// Encoding is a function of the package alone, and decoding accepts only what encoding would give: after everything was
// checked, the package is encoded again and compared with what came in. That covers canonical form, unused fields that
// are not zero, and fields that only a newer format knows.
#include "schema/lens/package_codec.h"

#include <capnp/message.h>
#include <capnp/serialize.h>

#include <algorithm>
#include <cstring>

#include "schema/framing/fields.h"
#include "schema/lens/package_builder.h"
#include "schema/messages/package.capnp.h"

namespace tlfs::schema {
namespace {

constexpr std::uint16_t kFormat = 1;

kj::ArrayPtr<const capnp::byte> bytes_of(ByteView view) { return {view.data(), view.size()}; }
capnp::Text::Reader text_of(const std::string& text) { return {text.c_str(), text.size()}; }

struct StepWriter {
  messages::Step::Builder step;

  void operator()(const Make& l) {
    auto make = step.initMake();
    make.setParent(l.parent);
    make.setKind(static_cast<messages::Kind>(l.kind));
    make.setPrimitive(static_cast<messages::Primitive>(l.primitive));
    make.setCompartment(l.compartment);
    if (!l.name.empty()) make.setName(text_of(l.name));
  }
  void operator()(const Hide&) { step.setHide(); }
  void operator()(const Show&) { step.setShow(); }
  void operator()(const Rename& l) { step.setRename(text_of(l.to)); }
  void operator()(const Hoist&) { step.setHoist(); }
  void operator()(const Plunge& l) { step.setPlunge(l.host); }
  void operator()(const SetDefault& l) {
    auto out = step.initSetDefault();
    switch (primitive_of(l.to)) {
      case Primitive::none:
        TLFS_CHECK(false, "a package never clears a default");
        break;
      case Primitive::boolean:
        out.setBoolean(std::get<bool>(l.to));
        break;
      case Primitive::u64:
        out.setUnsigned64(std::get<std::uint64_t>(l.to));
        break;
      case Primitive::i64:
        out.setSigned64(std::get<std::int64_t>(l.to));
        break;
      case Primitive::f64:
        out.setFloat64(std::get<double>(l.to));
        break;
      case Primitive::string:
        out.setString(text_of(std::get<std::string>(l.to)));
        break;
      case Primitive::bytes:
        out.setBytes(bytes_of(std::get<Bytes>(l.to)));
        break;
    }
  }
};

bool same(ByteView a, ByteView b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

Error malformed(std::string message) { return {Errc::malformed, "not a schema package: " + std::move(message)}; }

Result<Value> read_default(messages::Step::SetDefault::Reader in) {
  using Wire = messages::Step::SetDefault;
  switch (in.which()) {
    case Wire::BOOLEAN:
      return Value(in.getBoolean());
    case Wire::UNSIGNED64:
      return Value(std::in_place_type<std::uint64_t>, in.getUnsigned64());
    case Wire::SIGNED64:
      return Value(std::in_place_type<std::int64_t>, in.getSigned64());
    case Wire::FLOAT64:
      return Value(in.getFloat64());
    case Wire::STRING:
      return Value(framing::from_text(in.getString()));
    case Wire::BYTES: {
      const auto bytes = in.getBytes();
      return Value(Bytes(bytes.begin(), bytes.end()));
    }
  }
  return Error(Errc::unsupported, "a default of a type that a newer version knows");
}

Result<Lens> read_step(const Tree& tree, messages::Step::Reader in) {
  const Ordinal node = in.getNode();
  switch (in.which()) {
    case messages::Step::MAKE: {
      const auto m = in.getMake();
      const auto kind = static_cast<std::uint16_t>(m.getKind());
      const auto primitive = static_cast<std::uint16_t>(m.getPrimitive());
      if (kind < 1 || kind > static_cast<std::uint16_t>(Kind::counter) ||
          primitive > static_cast<std::uint16_t>(Primitive::bytes)) {
        return Error(Errc::unsupported, "a kind or type that a newer version knows");
      }
      return Lens(Make{node, m.getParent(), static_cast<Kind>(kind), static_cast<Primitive>(primitive),
                       m.getCompartment(), framing::from_text(m.getName())});
    }
    case messages::Step::HIDE:
      return hide(node);
    case messages::Step::SHOW:
      return show(node);
    case messages::Step::RENAME:
      return rename(tree, node, framing::from_text(in.getRename()));
    case messages::Step::HOIST:
      return hoist(tree, node);
    case messages::Step::PLUNGE:
      return plunge(tree, node, in.getPlunge());
    case messages::Step::SET_DEFAULT: {
      Result<Value> value = read_default(in.getSetDefault());
      if (!value) return value.error();
      return set_default(tree, node, *std::move(value));
    }
  }
  return Error(Errc::unsupported, "a lens that a newer version knows");
}

Result<std::shared_ptr<const Package>> read_package(messages::Package::Reader in) {
  if (in.getFormat() > kFormat) {
    return Error(Errc::unsupported, "a schema package of format " + std::to_string(in.getFormat()) +
                                        "; this version reads up to " + std::to_string(kFormat));
  }
  const auto steps = in.getSteps();
  const auto versions = in.getVersions();
  if (steps.size() > kMaxLenses || versions.size() > kMaxVersions) {
    return Error(Errc::limit, "a schema package with too many lenses or versions");
  }
  PackageBuilder builder(framing::from_text(in.getName()));
  auto version = versions.begin();
  const auto mark_versions_at = [&](std::uint32_t done) -> Status {
    for (; version != versions.end() && (*version).getSteps() == done; ++version) {
      const auto v = *version;
      if (Status s = builder.mark({v.getMajor(), v.getMinor(), v.getPatch()}); !s) return s;
    }
    return {};
  };
  std::uint32_t done = 0;
  for (const auto step : steps) {
    if (Status s = mark_versions_at(done); !s) return s.error();
    ++done;
    const std::string where = "schema package " + framing::from_text(in.getName()) + ", lens " + std::to_string(done);
    Result<Lens> lens = read_step(builder.tree(), step);
    if (!lens) return lens.error().within(where);
    if (Status s = builder.add(*std::move(lens)); !s) return s.error().within(where);
  }
  if (Status s = mark_versions_at(done); !s) return s.error();
  if (version != versions.end()) return Error(Errc::bad_version, "a version that counts lenses which are not there");
  return builder.finish();
}

}  // namespace

Bytes encode_package(const Package& package) {
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<messages::Package>();
  root.setFormat(kFormat);
  root.setName(text_of(package.name()));
  auto steps = root.initSteps(static_cast<unsigned>(package.lenses().size()));
  for (unsigned i = 0; i < steps.size(); ++i) {
    steps[i].setNode(target(package.lenses()[i]));
    std::visit(StepWriter{steps[i]}, package.lenses()[i]);
  }
  auto versions = root.initVersions(static_cast<unsigned>(package.versions().size()));
  for (unsigned i = 0; i < versions.size(); ++i) {
    const Package::VersionMark& mark = package.versions()[i];
    versions[i].setMajor(mark.version.major);
    versions[i].setMinor(mark.version.minor);
    versions[i].setPatch(mark.version.patch);
    versions[i].setSteps(mark.lenses);
  }
  const auto words = capnp::canonicalize(root.asReader());
  const auto bytes = words.asBytes();
  return Bytes(bytes.begin(), bytes.end());
}

crypto::Digest package_hash(ByteView encoded) { return crypto::hash("tlfs package", {encoded}); }

Result<std::shared_ptr<const Package>> Package::decode(ByteView bytes) {
  if (bytes.size() > kMaxPackageBytes) {
    return Error(Errc::limit, "a schema package has at most " + std::to_string(kMaxPackageBytes) + " bytes");
  }
  if (bytes.empty() || bytes.size() % sizeof(capnp::word) != 0) return malformed("its size is no multiple of 8 bytes");
  auto words = kj::heapArray<capnp::word>(bytes.size() / sizeof(capnp::word));
  std::memcpy(words.begin(), bytes.data(), bytes.size());

  capnp::ReaderOptions options;
  options.traversalLimitInWords = 4 * words.size();  // each step is looked at once, some of its parts again
  options.nestingLimit = 8;
  const kj::ArrayPtr<const capnp::word> segments[1] = {words};
  capnp::SegmentArrayMessageReader message(kj::arrayPtr(segments, 1), options);
  try {
    Result<std::shared_ptr<const Package>> package = read_package(message.getRoot<messages::Package>());
    if (package && !same((*package)->encoded(), bytes)) return malformed("its encoding is not canonical");
    return package;
  } catch (const kj::Exception& e) {
    return malformed(e.getDescription().cStr());
  }
}

}  // namespace tlfs::schema
