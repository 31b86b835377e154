#pragma once
// SQLite as the services use it: WAL, synchronous=FULL, a busy timeout, statements that are prepared
// once, and errors as one exception type that the stores turn into values. A Database is used by one
// thread at a time; its owner sees to that.
#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>

namespace shop {

struct DatabaseError : std::runtime_error {
  DatabaseError(const std::string& what, int sqlite_code = SQLITE_ERROR)
      : std::runtime_error(what), code(sqlite_code) {}
  [[nodiscard]] bool disk_failed() const { return (code & 0xff) == SQLITE_IOERR; }

  int code;  // SQLite's, extended
};

class Database {
 public:
  enum class Sync {
    Full,   // a commit is on the disk when it returns
    Normal  // the last commits may be lost with the power, never torn: for what can be made again
  };
  // Opens or makes the file. Several processes may do so at the same moment.
  explicit Database(const std::string& path, Sync sync = Sync::Full);

  void run(const char* sql);
  [[nodiscard]] std::int64_t number(const char* sql);
  [[nodiscard]] int changes() const { return sqlite3_changes(handle_.get()); }
  [[nodiscard]] sqlite3* handle() const { return handle_.get(); }

 private:
  friend class Statement;
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  struct Finish {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<std::chrono::steady_clock::time_point> busy_since_ =  // SQLite keeps its address
      std::make_unique<std::chrono::steady_clock::time_point>();
  std::unique_ptr<sqlite3, Close> handle_;
  std::unordered_multimap<std::string, std::unique_ptr<sqlite3_stmt, Finish>> prepared_;  // not in use
};

// One statement, bound from left to right, then stepped. Prepared at its first use of this database.
class Statement {
 public:
  Statement(Database& database, std::string_view sql);
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  Statement& text(std::string_view value);
  Statement& blob(std::string_view value);
  Statement& number(std::int64_t value);
  // True while there is a row.
  bool step();
  [[nodiscard]] std::string text_at(int column) const;
  [[nodiscard]] std::int64_t number_at(int column) const;

 private:
  void check(int code) const;

  Database& database_;
  std::string sql_;
  std::unique_ptr<sqlite3_stmt, Database::Finish> statement_;
  int bound_ = 0;
};

// BEGIN IMMEDIATE; rolled back unless committed.
class Transaction {
 public:
  explicit Transaction(Database& database);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace shop
