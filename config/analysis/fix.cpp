#include "config/analysis/fix.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace outrider::config {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

// A run of lines that are gone, and of those in their place.
struct Change {
  std::size_t old_begin, old_end, new_begin, new_end;
};

// The longest common lines between the equal head and tail; what is not among them has changed.
std::vector<Change> changes(const std::vector<std::string_view>& a,
                            const std::vector<std::string_view>& b) {
  std::size_t head = 0, tail = 0;
  while (head < a.size() && head < b.size() && a[head] == b[head]) ++head;
  while (tail < a.size() - head && tail < b.size() - head &&
         a[a.size() - 1 - tail] == b[b.size() - 1 - tail])
    ++tail;
  const std::size_t rows = a.size() - head - tail, columns = b.size() - head - tail;
  if (rows == 0 && columns == 0) return {};
  if (rows * columns > 4'000'000) return {{head, head + rows, head, head + columns}};
  std::vector<std::vector<unsigned>> common(rows + 1, std::vector<unsigned>(columns + 1));
  for (std::size_t i = rows; i-- > 0;) {
    for (std::size_t j = columns; j-- > 0;) {
      common[i][j] = a[head + i] == b[head + j] ? common[i + 1][j + 1] + 1
                                                : std::max(common[i + 1][j], common[i][j + 1]);
    }
  }
  std::vector<Change> found;
  for (std::size_t i = 0, j = 0; i < rows || j < columns;) {
    if (i < rows && j < columns && a[head + i] == b[head + j]) {
      ++i, ++j;
      continue;
    }
    Change change{head + i, head + i, head + j, head + j};
    while ((i < rows || j < columns) && !(i < rows && j < columns && a[head + i] == b[head + j])) {
      const bool take_old = j >= columns || (i < rows && common[i + 1][j] >= common[i][j + 1]);
      take_old ? ++i : ++j;
    }
    change.old_end = head + i;
    change.new_end = head + j;
    found.push_back(change);
  }
  return found;
}

void append(std::string& out, char mark, std::string_view line) {
  out += mark;
  out += line;
  if (!line.ends_with('\n')) out += "\n\\ No newline at end of file\n";
}

}  // namespace

std::string with_edits(std::string_view text, std::vector<Edit> edits) {
  std::stable_sort(edits.begin(), edits.end(),
                   [](const Edit& a, const Edit& b) { return a.offset < b.offset; });
  edits.erase(std::unique(edits.begin(), edits.end()), edits.end());
  std::string out;
  std::size_t at = 0;
  for (const Edit& edit : edits) {
    const auto offset = static_cast<std::size_t>(edit.offset), bytes = static_cast<std::size_t>(edit.bytes);
    if (offset < at || offset + bytes > text.size()) continue;
    out += text.substr(at, offset - at);
    out += edit.text;
    at = offset + bytes;
  }
  out += text.substr(at);
  return out;
}

std::string unified_diff(const std::string& path, std::string_view before, std::string_view after) {
  constexpr std::size_t context = 3;
  const auto a = lines_of(before), b = lines_of(after);
  const std::vector<Change> all = changes(a, b);
  if (all.empty()) return {};
  std::string out = fmt::format("--- {}\n+++ {}\n", path, path);
  for (std::size_t first = 0; first < all.size();) {
    std::size_t last = first;
    while (last + 1 < all.size() && all[last + 1].old_begin - all[last].old_end <= 2 * context) ++last;
    const std::size_t lead = std::min(context, all[first].old_begin);
    const std::size_t trail = std::min(context, a.size() - all[last].old_end);
    const std::size_t old_begin = all[first].old_begin - lead, old_end = all[last].old_end + trail;
    const std::size_t new_begin = all[first].new_begin - lead, new_end = all[last].new_end + trail;
    out += fmt::format("@@ -{},{} +{},{} @@\n", old_begin + 1, old_end - old_begin, new_begin + 1,
                       new_end - new_begin);
    std::size_t at = old_begin;
    for (std::size_t c = first; c <= last; ++c) {
      for (; at < all[c].old_begin; ++at) append(out, ' ', a[at]);
      for (; at < all[c].old_end; ++at) append(out, '-', a[at]);
      for (std::size_t i = all[c].new_begin; i < all[c].new_end; ++i) append(out, '+', b[i]);
    }
    for (; at < old_end; ++at) append(out, ' ', a[at]);
    first = last + 1;
  }
  return out;
}

}  // namespace outrider::config
