#include "load/response_parser.hpp"

#include <algorithm>
#include <charconv>

namespace shop {
namespace {

constexpr std::size_t head_limit = 64 * 1024;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<std::uint64_t> number(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

ResponseParser::ResponseParser(bool to_head_request, std::string_view kept_header)
    : to_head_request_(to_head_request), kept_header_(kept_header) {}

void ResponseParser::break_off(std::string problem) {
  state_ = State::Broken;
  problem_ = std::move(problem);
}

std::string_view ResponseParser::feed(std::string_view bytes) {
  while (!bytes.empty() && state_ != State::Done && state_ != State::Broken) {
    if (state_ == State::Body || state_ == State::Chunk) {
      const auto taken = std::min<std::uint64_t>(left_, bytes.size());
      bytes.remove_prefix(static_cast<std::size_t>(taken));
      left_ -= taken;
      if (left_ == 0) state_ = state_ == State::Body ? State::Done : State::ChunkEnd;
      continue;
    }
    const auto line_end = bytes.find('\n');
    const bool whole = line_end != std::string_view::npos;
    line_.append(bytes.substr(0, whole ? line_end : bytes.size()));
    head_size_ += whole ? line_end + 1 : bytes.size();
    bytes.remove_prefix(whole ? line_end + 1 : bytes.size());
    if (state_ != State::ChunkSize && state_ != State::ChunkEnd && head_size_ > head_limit) {
      break_off("the head is too large");
    } else if (line_.size() > head_limit) {
      break_off("a line is too long");
    } else if (whole) {
      if (!line_.ends_with('\r')) {
        break_off("a line ends without CR");
        break;
      }
      line_.pop_back();
      on_line(line_);
      line_.clear();
    }
  }
  return bytes;
}

void ResponseParser::on_line(std::string_view line) {
  switch (state_) {
    case State::Head:
      if (status_ == 0) return on_status_line(line);
      return line.empty() ? on_head_end() : on_header(line);
    case State::ChunkSize: return on_chunk_size(line);
    case State::ChunkEnd:
      if (!line.empty()) return break_off("a chunk is longer than it said");
      state_ = State::ChunkSize;
      return;
    case State::Trailers:
      if (line.empty()) state_ = State::Done;
      return;
    case State::Body:
    case State::Chunk:
    case State::Done:
    case State::Broken: return;
  }
}

void ResponseParser::on_status_line(std::string_view line) {
  if (!line.starts_with("HTTP/1.1 ") || line.size() < 12 || (line.size() > 12 && line[12] != ' ')) {
    return break_off("the status line is not HTTP/1.1");
  }
  const auto status = number(line.substr(9, 3), 10);
  if (!status || *status < 100 || *status > 599) return break_off("the status is not a number");
  status_ = static_cast<int>(*status);
}

void ResponseParser::on_header(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0 || line[colon - 1] == ' ' ||
      line.front() == ' ' || line.front() == '\t') {
    return break_off("a header line is malformed");
  }
  const std::string name = lower(line.substr(0, colon));
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (name == "content-length") {
    const auto length = number(value, 10);
    if (!length) return break_off("content-length is not a number");
    if (length_) return break_off("there are two content-lengths");
    length_ = length;
  } else if (name == "transfer-encoding") {
    if (chunked_ || lower(value) != "chunked")
      return break_off("transfer-encoding is not chunked, once");
    chunked_ = true;
  } else if (name == "connection") {
    closes_ = closes_ || lower(value).find("close") != std::string::npos;
  }
  if (!kept_header_.empty() && name == kept_header_) kept_ = std::string(value);
}

void ResponseParser::on_head_end() {
  if (chunked_ && length_) return break_off("there are both content-length and transfer-encoding");
  if (status_ == 101) return break_off("the connection was upgraded, unasked");
  if (status_ < 200) {  // an interim response: the real one follows
    *this = ResponseParser(to_head_request_, kept_header_);
    return;
  }
  if (to_head_request_ || status_ == 204 || status_ == 304) {
    state_ = State::Done;
  } else if (chunked_) {
    state_ = State::ChunkSize;
  } else if (!length_) {
    break_off("the body has neither a length nor chunks");
  } else {
    left_ = *length_;
    state_ = left_ == 0 ? State::Done : State::Body;
  }
}

void ResponseParser::on_chunk_size(std::string_view line) {
  const auto size = number(trimmed(line.substr(0, line.find(';'))), 16);
  if (!size) return break_off("a chunk's size is not a number");
  left_ = *size;
  head_size_ = 0;
  state_ = left_ == 0 ? State::Trailers : State::Chunk;
}

}  // namespace shop
