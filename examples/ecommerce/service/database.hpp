#pragma once
// SQLite as the services use it: WAL, synchronous=FULL, a busy timeout, and errors as one exception
// type that the stores turn into values. A Database is used by one thread at a time; its owner
// holds the lock.
#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace shop {

struct DatabaseError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Database {
 public:
  // Opens or makes the file. Several processes may do so at the same moment.
  explicit Database(const std::string& path);

  void run(const char* sql);
  [[nodiscard]] std::int64_t number(const char* sql);
  [[nodiscard]] int changes() const { return sqlite3_changes(handle_.get()); }
  [[nodiscard]] std::int64_t last_row() const { return sqlite3_last_insert_rowid(handle_.get()); }
  [[nodiscard]] sqlite3* handle() const { return handle_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  std::unique_ptr<std::chrono::steady_clock::time_point> busy_since_ =  // SQLite keeps its address
      std::make_unique<std::chrono::steady_clock::time_point>();
  std::unique_ptr<sqlite3, Close> handle_;
};

// One prepared statement, bound from left to right, then stepped.
class Statement {
 public:
  Statement(Database& database, std::string_view sql);

  Statement& text(std::string_view value);
  Statement& blob(std::string_view value);
  Statement& number(std::int64_t value);
  // True while there is a row.
  bool step();
  [[nodiscard]] std::string text_at(int column) const;
  [[nodiscard]] std::int64_t number_at(int column) const;

 private:
  void check(int code) const;

  struct Finish {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  sqlite3* handle_;
  std::unique_ptr<sqlite3_stmt, Finish> statement_;
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
