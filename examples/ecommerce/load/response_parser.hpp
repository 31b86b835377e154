#pragma once
// One HTTP/1.1 response, byte by byte, strictly: a length that is not plain, two lengths, a length
// beside chunks, a bad chunk or neither (a body that ends with the connection) is broken, not
// guessed. Pure: no socket, no clock. Owned by one connection; made anew for each response.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace shop {

class ResponseParser {
 public:
  enum class State { Head, Body, ChunkSize, Chunk, ChunkEnd, Trailers, Done, Broken };

  // The value of one header (lower-case name) is kept, if the name is not empty.
  ResponseParser(bool to_head_request, std::string_view kept_header);

  // Takes what belongs to this response; what is left over is returned.
  [[nodiscard]] std::string_view feed(std::string_view bytes);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] bool closes() const { return closes_; }
  [[nodiscard]] const std::optional<std::string>& kept() const { return kept_; }
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  void on_line(std::string_view line);
  void on_status_line(std::string_view line);
  void on_header(std::string_view line);
  void on_head_end();
  void on_chunk_size(std::string_view line);
  void break_off(std::string problem);

  State state_ = State::Head;
  bool to_head_request_;
  std::string_view kept_header_;
  std::string line_;
  int status_ = 0;
  bool closes_ = false;
  bool chunked_ = false;
  std::optional<std::uint64_t> length_;
  std::uint64_t left_ = 0;
  std::size_t head_size_ = 0;
  std::optional<std::string> kept_;
  std::string problem_;
};

}  // namespace shop
