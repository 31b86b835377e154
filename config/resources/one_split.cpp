#include "config/resources/one_split.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

namespace outrider::config {
namespace {

// The lines of a document, by their numbers in the file.
class Lines {
 public:
  explicit Lines(const yaml::Document& document) : first_(document.first_line), offset_(document.offset) {
    std::string_view rest = document.text;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size() - 1) + 1;
      lines_.push_back(rest.substr(0, end));
      rest.remove_prefix(end);
    }
  }

  [[nodiscard]] std::string_view line(int number) const {
    return lines_.at(static_cast<std::size_t>(number - first_));
  }
  [[nodiscard]] int last() const { return first_ + static_cast<int>(lines_.size()) - 1; }
  [[nodiscard]] int offset(int number) const {
    int at = offset_;
    for (int i = first_; i < number; ++i) at += static_cast<int>(line(i).size());
    return at;
  }
  // [from, to), with a line end at the end of each.
  [[nodiscard]] std::string text(int from, int to) const {
    std::string out;
    for (int i = from; i < to; ++i) out += line(i);
    if (!out.empty() && out.back() != '\n') out += '\n';
    return out;
  }

 private:
  int first_, offset_;
  std::vector<std::string_view> lines_;
};

// The last line that holds something of it.
int last_line(const yaml::Value& value) {
  int last = value.at.line;
  for (const yaml::Value& item : value.items) last = std::max(last, last_line(item));
  for (const yaml::Entry& entry : value.entries)
    last = std::max({last, entry.key_at.line, last_line(entry.value)});
  return last;
}

// One key a line, each in the column of the first.
bool one_key_a_line(const yaml::Value& map) {
  int line = 0;
  return std::all_of(map.entries.begin(), map.entries.end(), [&](const yaml::Entry& entry) {
    const bool below = entry.key_at.line > line && entry.key_at.column == map.at.column;
    line = last_line(entry.value);
    return below;
  });
}

bool movable(const yaml::Value& route, const yaml::Value& first) {
  const yaml::Entry* list = route.find("route");
  if (route.at.column != first.at.column || !one_key_a_line(route) || list == nullptr) return false;
  if (list->value.items.size() != 1 || list->value.at.line <= list->key_at.line) return false;
  const yaml::Value& destination = list->value.items.front();
  return destination.shape == yaml::Shape::Map && destination.at.line == list->value.at.line &&
         one_key_a_line(destination) && destination.find("weight") == nullptr;
}

}  // namespace

std::optional<Edit> one_split(const yaml::Document& document, const std::vector<yaml::Value>& http,
                              std::size_t first, std::size_t end) {
  const Lines lines(document);
  const yaml::Value& leader = http[first];
  for (std::size_t i = first; i < end; ++i) {
    if (!movable(http[i], leader)) return {};
    if (i > first && http[i].at.line <= last_line(http[i - 1])) return {};
  }
  const std::string dash(
      lines.line(leader.at.line).substr(0, static_cast<std::size_t>(leader.at.column - 1)));
  if (dash.find_first_not_of(" -") != std::string::npos) return {};
  const std::string blanks(dash.size(), ' ');

  std::string destinations, others;
  std::set<std::string> seen;
  int stop = 0;
  for (std::size_t i = first; i < end; ++i) {
    const yaml::Value& route = http[i];
    for (std::size_t e = 0; e < route.entries.size(); ++e) {
      const yaml::Entry& entry = route.entries[e];
      stop = last_line(entry.value) + 1;
      if (entry.key == "weight") continue;
      if (entry.key == "route") {
        const yaml::Value& destination = entry.value.items.front();
        destinations += lines.text(entry.value.at.line, stop);
        destinations += std::string(static_cast<std::size_t>(destination.at.column - 1), ' ') +
                        "weight: " + route.find("weight")->value.text + "\n";
      } else if (seen.insert(entry.key).second) {
        others += blanks + lines.text(entry.key_at.line, stop).substr(blanks.size());
      }
    }
  }
  const int from = lines.offset(leader.at.line);
  const int to =
      stop > lines.last() ? document.offset + static_cast<int>(document.text.size()) : lines.offset(stop);
  return Edit{from, to - from, dash + "route:\n" + destinations + others};
}

}  // namespace outrider::config
