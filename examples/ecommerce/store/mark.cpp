#include "store/mark.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "service/database.hpp"

namespace shop {
namespace {

struct Written {
  std::int64_t position;
  std::int64_t check;
};

std::string mark_of(const std::string& database_path) { return database_path + "-mark"; }

}  // namespace

Mark::Mark(const std::string& database_path)
    : path_(mark_of(database_path)), file_(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
  if (file_ < 0) throw DatabaseError(path_ + ": " + std::strerror(errno));
}

Mark::~Mark() { ::close(file_); }

std::int64_t Mark::position() const {
  Written last{};
  if (::pread(file_, &last, sizeof last, 0) != sizeof last) return 0;
  return last.check == ~last.position ? last.position : 0;
}

void Mark::write(std::int64_t position) const {
  const Written now{position, ~position};
  // Not written, it witnesses less; the next one makes up for it.
  [[maybe_unused]] const auto wrote = ::pwrite(file_, &now, sizeof now, 0);
}

Bell::Bell(const std::string& database_path)
    : watch_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)), stopped_(::eventfd(0, EFD_CLOEXEC)) {
  const Mark made(database_path);
  if (watch_ < 0 || ::inotify_add_watch(watch_, made.path().c_str(), IN_MODIFY) < 0) {
    throw DatabaseError(made.path() + ": cannot be watched: " + std::strerror(errno));
  }
}

Bell::~Bell() {
  ::close(watch_);
  ::close(stopped_);
}

bool Bell::wait() {
  pollfd events[2] = {{watch_, POLLIN, 0}, {stopped_, POLLIN, 0}};
  while (::poll(events, 2, -1) < 0 && errno == EINTR) {}
  if (events[1].revents != 0) return false;
  char rings[4096];
  while (::read(watch_, rings, sizeof rings) > 0) {}
  return true;
}

void Bell::stop() { ::eventfd_write(stopped_, 1); }

}  // namespace shop
