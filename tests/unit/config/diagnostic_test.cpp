#include <doctest/doctest.h>

#include "config/analysis/diagnostic.hpp"

using namespace outrider::config;

namespace {

Diagnostic weight() {
  return {"IST0106",
          Level::Error,
          "unknown field \"weight\"",
          "vs.yaml",
          29,
          7,
          "      weight: 90",
          6,
          "nothing of it works",
          "move it"};
}

}  // namespace

TEST_CASE("a diagnostic shows code, place, source line, carets, note and help") {
  CHECK(render(weight(), false) ==
        "error[IST0106]: unknown field \"weight\"\n"
        "  --> vs.yaml:29:7\n"
        "   |\n"
        "29 |       weight: 90\n"
        "   |       ^^^^^^\n"
        "   = note: nothing of it works\n"
        "   = help: move it\n");
}

TEST_CASE("colours wrap the words and change no text") {
  std::string coloured = render(weight(), true);
  CHECK(coloured.find("\x1b[1;31m") != std::string::npos);
  for (std::size_t at; (at = coloured.find('\x1b')) != std::string::npos;) {
    coloured.erase(at, coloured.find('m', at) - at + 1);
  }
  CHECK(coloured == render(weight(), false));
}

TEST_CASE("carets end with the line, keep tabs, and are at least one") {
  Diagnostic d = weight();
  d.source_line = "\tab";
  d.column = 2;
  d.caret_length = 100;
  CHECK(render(d, false).find("   | \t^^\n") != std::string::npos);
  d.column = 50;
  CHECK(render(d, false).find("^\n") != std::string::npos);
}

TEST_CASE("one line for logs and refusals") {
  CHECK(render_line(weight()) == "error[IST0106] vs.yaml:29:7: unknown field \"weight\" (move it)");
  Diagnostic whole = weight();
  whole.line = 0;
  whole.help.clear();
  CHECK(render_line(whole) == "error[IST0106] vs.yaml: unknown field \"weight\"");
  CHECK(render(whole, false).find('|') == std::string::npos);
}

TEST_CASE("of a long line the piece around the column is shown, and the carets stand under it") {
  Diagnostic d = weight();
  const std::string line = std::string(1000, 'a') + "\u00e9weight" + std::string(3'000'000, 'b');
  d.column = 1002;
  d.show(line, byte_of(line, d.column));
  CHECK(d.source_line.size() < 300);
  CHECK(d.source_line.starts_with("..."));
  CHECK(d.source_line.ends_with("..."));
  const std::string text = render(d, false);
  const std::size_t shown = text.find("weight", text.find("29 |")), carets = text.find("^^^^^^");
  const auto column = [&](std::size_t at) { return at - text.rfind('\n', at); };
  CHECK(column(shown) == column(carets) + 1);  // the byte that the \u00e9 has more
  d.show("      weight: 90", 6);
  CHECK(d.source_line == "      weight: 90");
}

TEST_CASE("control characters of a file reach no terminal") {
  Diagnostic d = weight();
  d.message = "no \x1b[2J";
  d.source_line = "\x7f\x1b]0;x\a weight";
  d.help = "\r\x1b[31m\nerror[IST0101]: a line of its own";
  d.file = "\x1b]0;x.yaml";
  d.note = "\xc2\x9b" "2J, but \xc2\xa9 may stay";  // U+009B begins a command, as ESC [ does
  const std::string text = render(d, false);
  for (const char c : text) CHECK((c >= ' ' || c == '\n' || c < 0));
  CHECK(text.find('\x7f') == std::string::npos);
  CHECK(text.find("\xc2\x9b") == std::string::npos);
  CHECK(text.find("\xc2\xa9 may stay") != std::string::npos);
  CHECK(text.find("\nerror[") == std::string::npos);
  for (const char c : render_line(d)) CHECK((c >= ' ' || c < 0));
}
