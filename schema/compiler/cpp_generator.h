// Typed C++ accessors for one version of a package: a misspelled field does not compile.
//
// The text is a header of its own namespace, named after the schema. Every struct becomes a class with one method per
// field; the class of the root is `Root`. The classes lean on "runtime/document/typed.h", which offers in namespace
// tlfs::document:
//
//   class StructField     base of every struct; constructed from a place in a document; protected:
//                         template <class Field> Field field(schema::Ordinal node) const
//   Register<T>           T: bool, std::uint64_t, std::int64_t, double, std::string, tlfs::Bytes
//   Flag, Counter, TextField
//   Array<Element, node>        Element: any of these, or Undeclared (and no node) where the schema declares no values;
//                               node: the ordinal of the elements' schema node
//   Table<Key, Element, node>   Key: bool, std::uint64_t, std::int64_t, std::string
//
// `Root::kPackage` says which package the ordinals are relative to.
//
// A name that C++ reserves, or that would hide something of StructField, gets a trailing underscore.
#pragma once

#include <string>

#include "schema/lens/package.h"

namespace tlfs::schema {

// The same package and view give the same text, to the byte.
std::string generate_cpp(const Package& package, const View& view);

}  // namespace tlfs::schema
