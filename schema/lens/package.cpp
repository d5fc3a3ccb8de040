#include "schema/lens/package.h"

namespace tlfs::schema {

Tree Package::tree_after(std::size_t lenses) const {
  TLFS_CHECK(lenses <= lenses_.size(), "more lenses than the package has");
  Tree tree;
  for (std::size_t i = 0; i < lenses; ++i) {
    const Status applied = apply_lens(tree, lenses_[i]);
    TLFS_CHECK(applied.ok(), "a package holds a lens that does not fit: " + applied.error().message());
  }
  return tree;
}

Result<std::shared_ptr<const View>> Package::view(std::string_view version) const {
  if (version == latest_->version()) return latest_;
  for (const VersionMark& mark : versions_) {
    if (mark.version.text() == version)
      return std::make_shared<const View>(tree_after(mark.lenses), std::string(version));
  }
  std::string known;
  for (const VersionMark& mark : versions_) known.append(known.empty() ? "" : ", ").append(mark.version.text());
  return Error(Errc::no_such_version,
               "schema " + name_ + " has no version " + std::string(version) + "; it has " + known);
}

std::optional<Ordinal> Package::find(const NodeId& id) const {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return std::nullopt;
  return found->second;
}

Status Package::extends(const Package& old) const {
  const auto differ = [](std::string message) { return Error(Errc::not_an_extension, std::move(message)); };
  if (name_ != old.name_) return differ("the schema is called " + name_ + " and was called " + old.name_);

  std::size_t at = 0;  // version of `old` that the lens belongs to
  Tree tree;
  for (std::size_t i = 0; i < old.lenses_.size(); ++i) {
    while (old.versions_[at].lenses <= i) ++at;
    const std::string where = "schema " + name_ + ", version " + old.versions_[at].version.text() + ", step " +
                              std::to_string(i + 1 - (at == 0 ? 0 : old.versions_[at - 1].lenses)) + ": ";
    const std::string was = "`" + describe(tree, old.lenses_[i]) + "`";
    if (i >= lenses_.size()) return differ(where + was + " is missing");
    if (lenses_[i] != old.lenses_[i])
      return differ(where + "was " + was + " and is `" + describe(tree, lenses_[i]) + "`");
    const Status applied = apply_lens(tree, lenses_[i]);
    TLFS_CHECK(applied.ok(), "a package holds a lens that does not fit");
  }
  for (std::size_t i = 0; i < old.versions_.size(); ++i) {
    const VersionMark& was = old.versions_[i];
    const std::string where = "schema " + name_ + ", version " + was.version.text();
    if (i >= versions_.size()) return differ(where + " is missing");
    const VersionMark& is = versions_[i];
    if (is.version != was.version) return differ(where + " is missing; in its place there is " + is.version.text());
    if (is.lenses > was.lenses) {
      Tree before = tree_after(was.lenses);
      return differ(where + " has a step more: `" + describe(before, lenses_[was.lenses]) +
                    "`; a version that is out never changes, add a new one");
    }
    if (is.lenses < was.lenses) {
      return differ(where + " lacks a step: `" + describe(tree_after(is.lenses), lenses_[is.lenses]) + "`");
    }
  }
  return {};
}

}  // namespace tlfs::schema
