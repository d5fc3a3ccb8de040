// Random but valid schemas for property tests. The same seed gives the same schema.
#pragma once

#include <cstdint>
#include <memory>

#include "runtime/base/environment.h"
#include "schema/lens/package.h"
#include "schema/lens/package_builder.h"
#include "schema/lens/tree.h"

namespace tlfs::schema::testing {

// A lens that fits the tree: any of the seven, declarations more often. Names come from a small stock, so that they
// collide.
Lens random_lens(const Tree& tree, SeededRandom& random);

// Adds `count` lenses that fit, with a version mark after some of them and after the last.
void grow(PackageBuilder& builder, std::uint32_t& minor, int count, SeededRandom& random);

std::shared_ptr<const Package> random_package(SeededRandom& random, int lenses);

// How many seeds a property is tried with: the environment variable TLFS_SEEDS, or 200.
std::uint64_t seeds();

}  // namespace tlfs::schema::testing
