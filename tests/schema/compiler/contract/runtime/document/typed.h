// What generated accessors expect of "runtime/document/typed.h", as small as it gets: a place is the list of steps that
// lead to it, and every edit writes a line into a log.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "runtime/base/bytes.h"

namespace tlfs::document {

struct Place {
  std::vector<std::string>* log;
  std::string way;
  Place below(const std::string& step) const { return {log, way + "/" + step}; }
  void write(const std::string& what) const { log->push_back(way + " " + what); }
};

class StructField {
 public:
  explicit StructField(Place at) : at_(std::move(at)) {}

 protected:
  template <class Field>
  Field field(std::uint32_t node) const {
    return Field(at_.below(std::to_string(node)));
  }

 private:
  Place at_;
};

template <class T>
class Register {
 public:
  explicit Register(Place at) : at_(std::move(at)) {}
  void set(const T& value) const {
    if constexpr (std::is_same_v<T, std::string>) {
      at_.write("set " + value);
    } else {
      at_.write("set");
    }
  }

 private:
  Place at_;
};

template <class Tag>
class Leaf {
 public:
  explicit Leaf(Place at) : at_(std::move(at)) {}
  void touch() const { at_.write("touch"); }

 private:
  Place at_;
};
using Flag = Leaf<struct FlagTag>;
using Counter = Leaf<struct CounterTag>;
using TextField = Leaf<struct TextTag>;
class Undeclared {};

template <class Element>
class Array {
 public:
  explicit Array(Place at) : at_(std::move(at)) {}
  Element push_back() const { return Element(at_.below("new")); }

 private:
  Place at_;
};

template <class Key, class Element>
class Table {
 public:
  explicit Table(Place at) : at_(std::move(at)) {}
  Element at(const Key&) const { return Element(at_.below("key")); }

 private:
  Place at_;
};

}  // namespace tlfs::document
