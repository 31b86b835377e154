#include "service/database.hpp"

#include <chrono>
#include <thread>

namespace shop {
namespace {

constexpr std::chrono::milliseconds busy_limit{1500};  // below the callers' deadline of 2 s

// SQLite's own handler waits ever longer, up to 100 ms, and so starves whoever shares the file with
// a busy process. This one asks again every millisecond. Returns 0 to give up.
int wait_for_lock(void* began_at, int tries) {
  auto& began = *static_cast<std::chrono::steady_clock::time_point*>(began_at);
  const auto now = std::chrono::steady_clock::now();
  if (tries == 0) began = now;
  if (now - began > busy_limit) return 0;
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return 1;
}

[[noreturn]] void fail(sqlite3* handle, int code) {
  throw DatabaseError(
      std::string("database: ") + (handle ? sqlite3_errmsg(handle) : sqlite3_errstr(code)),
      handle ? sqlite3_extended_errcode(handle) : code);
}

// Turning a file to WAL needs it alone for a moment, and SQLite does not always wait for that by
// itself.
void turn_to_wal(sqlite3* handle) {
  constexpr int tries = 200;
  for (int i = 0;; ++i) {
    const int code = sqlite3_exec(handle, "PRAGMA journal_mode=WAL", nullptr, nullptr, nullptr);
    if (code == SQLITE_OK) return;
    if (i == tries || (code != SQLITE_BUSY && code != SQLITE_LOCKED)) fail(handle, code);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace

Database::Database(const std::string& path, Sync sync) {
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) throw DatabaseError(path + ": " + sqlite3_errstr(code), code);
  sqlite3_busy_handler(handle, wait_for_lock, busy_since_.get());
  turn_to_wal(handle);
  run(sync == Sync::Full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
}

void Database::run(const char* sql) {
  const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(handle_.get(), code);
}

std::int64_t Database::number(const char* sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.number_at(0) : 0;
}

Statement::Statement(Database& database, std::string_view sql) : database_(database), sql_(sql) {
  if (const auto found = database.prepared_.find(sql_); found != database.prepared_.end()) {
    statement_ = std::move(found->second);
    database.prepared_.erase(found);
    return;
  }
  sqlite3_stmt* statement = nullptr;
  check(sqlite3_prepare_v3(database.handle(), sql.data(), static_cast<int>(sql.size()),
                           SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
  statement_.reset(statement);
}

Statement::~Statement() {
  if (!statement_) return;
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
  database_.prepared_.emplace(std::move(sql_), std::move(statement_));
}

void Statement::check(int code) const {
  if (code != SQLITE_OK) fail(database_.handle(), code);
}

Statement& Statement::text(std::string_view value) {
  check(sqlite3_bind_text64(statement_.get(), ++bound_, value.data(), value.size(),
                            SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Statement& Statement::blob(std::string_view value) {
  check(sqlite3_bind_blob64(statement_.get(), ++bound_, value.data(), value.size(),
                            SQLITE_TRANSIENT));
  return *this;
}

Statement& Statement::number(std::int64_t value) {
  check(sqlite3_bind_int64(statement_.get(), ++bound_, value));
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) fail(database_.handle(), code);
  return false;
}

std::string Statement::text_at(int column) const {
  const void* bytes = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return bytes ? std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size))
               : std::string();
}

std::int64_t Statement::number_at(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

Transaction::Transaction(Database& database) : database_(database) {
  database_.run("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  if (open_) sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  database_.run("COMMIT");
  open_ = false;
}

}  // namespace shop
