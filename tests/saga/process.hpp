#pragma once
// A program that a test started: killed, stopped, started again. Owned by the test; ends with it.
#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

class Program {
 public:
  Program(std::string name, std::vector<std::string> command, std::map<std::string, std::string> environment,
          std::string log);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();

  void start();
  void kill(int signal) const;
  // How it ended: exit status, or 128 + signal.
  int wait();
  void kill_now();  // -9, and waits
  [[nodiscard]] bool running() const { return id_ > 0; }
  [[nodiscard]] bool ended();  // by itself
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] long resident_kb() const;
  [[nodiscard]] std::string last_lines() const;

 private:
  std::string name_;
  std::vector<std::string> command_;
  std::map<std::string, std::string> environment_;
  std::string log_;
  pid_t id_ = -1;
};

// Runs a program to its end; throws when it fails.
void run_to_end(const std::vector<std::string>& command);
