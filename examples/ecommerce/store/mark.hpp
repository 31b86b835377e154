#pragma once
// The mark beside a database: the position of the last event that was on the disk when its writer was
// told so. It is a witness and a bell. Witness: SQLite drops a torn end of its log without a word, but an
// end before the mark is a loss, and the store refuses to start. Bell: whoever waits for new events, in
// this process or another, is woken by the kernel (inotify) when the mark is written; nobody polls.
#include <cstdint>
#include <string>

namespace shop {

class Mark {
 public:
  explicit Mark(const std::string& database_path);
  Mark(const Mark&) = delete;
  Mark& operator=(const Mark&) = delete;
  ~Mark();

  // 0 when there is none, or one that was torn: it then witnesses nothing.
  [[nodiscard]] std::int64_t position() const;
  void write(std::int64_t position) const;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  int file_;
};

// Waits for the bell. Owned and used by one thread; stop() by any.
class Bell {
 public:
  explicit Bell(const std::string& database_path);
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;
  ~Bell();

  // False when it was stopped. Rings that came since the last wait count.
  [[nodiscard]] bool wait();
  void stop();

 private:
  int watch_;
  int stopped_;
};

}  // namespace shop
