// QR codes as people see them: what is drawn is the code, and a reader reads the text again.
#include "runtime/invitation/qr.h"

#include <stdlib.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>

using namespace tlfs;
using namespace tlfs::invitation;

namespace {

// Reads the half blocks back into modules: true is dark.
std::vector<std::vector<bool>> modules_of(const std::string& drawn, Background background) {
  const bool ink_is_dark = background == Background::light;
  std::vector<std::vector<bool>> rows;
  std::size_t at = 0;
  while (at < drawn.size()) {
    std::vector<bool> upper, lower;
    while (drawn[at] != '\n') {
      bool up = false, low = false;
      if (drawn[at] == ' ') {
        ++at;
      } else {
        const std::string block = drawn.substr(at, 3);
        up = block == "\u2580" || block == "\u2588";
        low = block == "\u2584" || block == "\u2588";
        REQUIRE((up || low));
        at += 3;
      }
      upper.push_back(up == ink_is_dark);
      lower.push_back(low == ink_is_dark);
    }
    ++at;
    rows.push_back(upper);
    rows.push_back(lower);
  }
  return rows;
}

// A picture that zbarimg reads: four pixels per module.
void write_picture(const QrCode& code, const std::string& path) {
  const std::size_t side = code.size + 2 * kQuietZone;
  std::ofstream out(path, std::ios::binary);
  out << "P5 " << side * 4 << ' ' << side * 4 << " 255\n";
  for (std::size_t y = 0; y < side * 4; ++y)
    for (std::size_t x = 0; x < side * 4; ++x)
      out.put(code.at(static_cast<std::ptrdiff_t>(y / 4) - 4, static_cast<std::ptrdiff_t>(x / 4) - 4) ? '\0' : '\xff');
}

std::string output_of(const std::string& command) {
  std::string out;
  FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  char some[4096];
  while (const std::size_t n = std::fread(some, 1, sizeof some, pipe)) out.append(some, n);
  ::pclose(pipe);
  return out;
}

const std::string kText = "tlfs:1.QWxsIHRoYXQgaXMgZ29sZCBkb2VzIG5vdCBnbGl0dGVy-_9";

}  // namespace

TEST_CASE("A code has the three marks by which readers find it") {
  const auto code = make_qr(kText);
  REQUIRE(code.ok());
  CHECK(code->size % 4 == 1);  // 17 + 4 * version
  CHECK(code->dark.size() == code->size * code->size);
  const auto side = static_cast<std::ptrdiff_t>(code->size);
  const auto mark_at = [&](std::ptrdiff_t row, std::ptrdiff_t column) {
    for (std::ptrdiff_t r = 0; r < 7; ++r)
      for (std::ptrdiff_t c = 0; c < 7; ++c) {
        const auto ring = std::min(std::min(r, 6 - r), std::min(c, 6 - c));
        if (code->at(row + r, column + c) != (ring != 1)) return false;
      }
    return true;
  };
  CHECK(mark_at(0, 0));
  CHECK(mark_at(0, side - 7));
  CHECK(mark_at(side - 7, 0));
  CHECK_FALSE(mark_at(side - 7, side - 7));
  CHECK_FALSE(code->at(-1, 0));
  CHECK_FALSE(code->at(0, side));
}

TEST_CASE("What a terminal shows is the code in a quiet zone, on either ground") {
  const QrCode code = *make_qr(kText);
  for (const Background background : {Background::dark, Background::light}) {
    const auto rows = modules_of(qr_for_terminal(code, background), background);
    const std::size_t side = code.size + 2 * kQuietZone;
    REQUIRE(rows.size() == side + 1);  // odd: the last half row is the terminal's own ground
    for (std::size_t r = 0; r < side; ++r) {
      REQUIRE(rows[r].size() == side);
      for (std::size_t c = 0; c < side; ++c)
        REQUIRE(rows[r][c] == code.at(static_cast<std::ptrdiff_t>(r) - 4, static_cast<std::ptrdiff_t>(c) - 4));
    }
  }
}

TEST_CASE("The picture for a page draws every dark module and nothing else") {
  const QrCode code = *make_qr(kText);
  const std::string svg = qr_as_svg(code);
  const std::string side = std::to_string(code.size + 2 * kQuietZone);
  CHECK(svg.find("viewBox=\"0 0 " + side + " " + side + "\"") != std::string::npos);
  std::vector<bool> drawn(code.dark.size());
  std::size_t at = svg.find(" d=\"") + 4;
  int x = 0, y = 0, run = 0, back = 0, used = 0;
  while (std::sscanf(svg.c_str() + at, "M%d %dh%dv1h-%dz%n", &x, &y, &run, &back, &used) == 4) {
    REQUIRE(run == back);
    for (int i = 0; i < run; ++i)
      drawn[static_cast<std::size_t>(y - 4) * code.size + static_cast<std::size_t>(x - 4 + i)] = true;
    at += static_cast<std::size_t>(used);
  }
  CHECK(svg.substr(at) == "\"/></svg>\n");
  CHECK(drawn == code.dark);
}

TEST_CASE("More text than fits, and none at all, is refused") {
  CHECK(make_qr(std::string(2'953, 'x')).ok());
  CHECK(make_qr(std::string(2'954, 'x')).error().is(Errc::too_large));
  CHECK(make_qr("").error().is(Errc::too_large));
}

TEST_CASE("A reader reads the text again") {
  if (std::system("command -v zbarimg >/dev/null 2>&1") != 0) {
    WARN("zbarimg is not here: no reader has read the codes");
    return;
  }
  std::string folder = "/tmp/qr_test.XXXXXX";
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  for (const std::string& text : {kText, std::string("a"), std::string(1'200, 'Z')}) {
    write_picture(*make_qr(text), folder + "/code.pgm");
    CHECK(output_of("zbarimg --raw -q -Sdisable -Sqrcode.enable " + folder + "/code.pgm 2>/dev/null") == text + "\n");
  }
  std::filesystem::remove_all(folder);
}
