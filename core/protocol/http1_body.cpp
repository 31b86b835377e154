#include "core/protocol/http1_body.hpp"

#include <algorithm>
#include <cstring>

#include "core/base/ascii.hpp"

namespace outrider::protocol {
namespace {

constexpr std::size_t longest_size_line = 4096;
constexpr std::size_t most_extension_bytes = 16 * 1024;  // CVE-2023-39326

std::unexpected<Refusal> refuse(std::string_view reason) {
  return std::unexpected(Refusal{400, reason, Rejection::MalformedBody});
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// How long a quoted string at the start of `text` is, quotes included; 0 when it is none.
std::size_t quoted_string(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] <= 0x20 || text[i] >= 0x7f) return 0;
    if (text[i] == '"') return i + 1;
    if (text[i] == '\\' && (++i == text.size() || text[i] <= 0x20 || text[i] >= 0x7f)) return 0;
  }
  return 0;
}

// ;name, ;name=token or ;name="text", repeated, without white space. They are read and not forwarded.
bool is_extension(std::string_view text) {
  while (!text.empty()) {
    if (text.front() != ';') return false;
    text.remove_prefix(1);
    const std::string_view name = text.substr(0, text.find_first_of("=;"));
    if (!is_token(name)) return false;
    text.remove_prefix(name.size());
    if (!text.starts_with('=')) continue;
    text.remove_prefix(1);
    if (text.starts_with('"')) {
      const std::size_t size = quoted_string(text);
      if (size == 0) return false;
      text.remove_prefix(size);
    } else {
      const std::string_view value = text.substr(0, text.find(';'));
      if (!is_token(value)) return false;
      text.remove_prefix(value.size());
    }
  }
  return true;
}

}  // namespace

BodyReader::BodyReader(Framing framing, HeadLimits limits)
    : framing_(framing), limits_(limits), left_(framing.length) {}

std::expected<BodyReader::Step, Refusal> BodyReader::next(ByteView input) {
  switch (framing_.kind) {
    case Framing::Kind::None:
      return Step{.complete = true};
    case Framing::Kind::UntilClose:
      return Step{.data = input, .consumed = input.size()};
    case Framing::Kind::Length: {
      const std::size_t take = static_cast<std::size_t>(
          std::min<std::uint64_t>(left_, input.size()));
      left_ -= take;
      return Step{.data = input.first(take), .consumed = take, .complete = left_ == 0};
    }
    case Framing::Kind::Chunked:
      return next_chunked(input);
  }
  return Step{};
}

std::expected<void, Refusal> BodyReader::read_size_line(std::string_view line) {
  std::uint64_t size = 0;
  std::size_t digits = 0;
  while (digits < line.size() && hex_digit(line[digits]) >= 0) {
    if (digits == 15) return refuse("a chunk size is too large");
    size = size * 16 + static_cast<std::uint64_t>(hex_digit(line[digits]));
    ++digits;
  }
  if (digits == 0) return refuse("a chunk size is not a number");
  const std::string_view extension = line.substr(digits);
  if (!is_extension(extension)) return refuse("a chunk extension is malformed");
  extensions_ += extension.size();
  if (extensions_ > most_extension_bytes) return refuse("chunk extensions are too large");
  left_ = size;
  state_ = size > 0 ? State::ChunkData : State::TrailerBlock;
  return {};
}

std::expected<BodyReader::Step, Refusal> BodyReader::next_chunked(ByteView input) {
  Step step;
  if (state_ == State::Done) return Step{.complete = true};
  while (step.consumed < input.size()) {
    const ByteView rest = input.subspan(step.consumed);
    if (state_ == State::ChunkData) {
      const std::size_t take =
          static_cast<std::size_t>(std::min<std::uint64_t>(left_, rest.size()));
      left_ -= take;
      if (left_ == 0) state_ = State::ChunkEnd;
      step.data = rest.first(take);
      step.consumed += take;
      return step;
    }
    // The rest are short lines: gathered up to their line feed, which has to follow a CR.
    const auto* feed =
        static_cast<const std::uint8_t*>(std::memchr(rest.data(), '\n', rest.size()));
    const std::size_t take = feed ? static_cast<std::size_t>(feed - rest.data()) + 1 : rest.size();
    line_.append(text_of(rest.first(take)));
    step.consumed += take;
    const std::size_t limit =
        state_ == State::TrailerBlock ? limits_.bytes + limits_.fields * 4 : longest_size_line;
    // Nothing but CR LF can follow a chunk: do not wait for a line that is wrong already.
    if (state_ == State::ChunkEnd && line_ != "\r" && line_ != "\r\n") {
      return refuse("a chunk overruns its size");
    }
    if (line_.size() > limit) return refuse("a chunk's line is too long");
    if (!feed) return step;
    if (!line_.ends_with("\r\n")) return refuse("a chunk's line ends in a bare LF");
    if (state_ == State::ChunkEnd) {
      state_ = State::SizeLine;
      line_.clear();
    } else if (state_ == State::SizeLine) {
      const auto read = read_size_line(std::string_view(line_).substr(0, line_.size() - 2));
      if (!read) return std::unexpected(read.error());
      line_.clear();
    } else if (line_ == "\r\n" || line_.ends_with("\r\n\r\n")) {
      if (auto read = parse_trailers(line_, limits_, trailers_); !read) {
        return std::unexpected(read.error());
      }
      line_.clear();
      state_ = State::Done;
      step.complete = true;
      return step;
    }
  }
  return step;
}

}  // namespace outrider::protocol
