#pragma once
// The whole shop behind the mesh as the saga tests run it: one order service (a second one when a test
// wants it), inventory, payment, a caller without a service, each with its sidecar, and the control plane.
// Each process has a folder of failpoints of its own. Owned by a test.
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "process.hpp"

// Set by main() from the command line.
struct Options {
  std::string bin;  // where the programs are
  std::string dir;  // where everything is written
  std::string prefix = "127.31.0.";
  bool full = false;
};
Options& options();

// Asks every 2 ms; false when the seconds are over.
bool wait_until(double seconds, const std::function<bool()>& condition);

struct Answer {
  int code = 0;  // 0: none came
  std::string body;
  std::map<std::string, std::string> headers;  // lower case names
};

class Shop {
 public:
  struct Settings {
    std::string name;  // of its folder
    std::vector<std::string> order_flags = {};
    bool second_order_service = false;
  };
  explicit Shop(const Settings& settings);

  // order-v1, order-v2, inventory, payment; sidecar-NAME; control. Running means: it answers.
  [[nodiscard]] Program& at(const std::string& name) { return *programs_.at(name); }
  void start(const std::string& name);
  [[nodiscard]] bool ready(const std::string& name) const;
  void wait_ready(const std::string& name);
  void stop_all();  // SIGTERM; throws when one does not end well

  // Failpoints of a process of ours.
  void arm(const std::string& process, const std::string& point, const std::string& content = "") const;
  void disarm(const std::string& process, const std::string& point) const;
  [[nodiscard]] bool reached(const std::string& process, const std::string& point) const;
  void release(const std::string& process, const std::string& point) const;

  [[nodiscard]] std::string database(const std::string& of) const { return dir_ + "/" + of + ".db"; }
  [[nodiscard]] std::string address(const std::string& name) const;

  // One request through the caller's sidecar to order-service:8080.
  [[nodiscard]] Answer request(const std::string& method, const std::string& path,
                               const std::string& body = "",
                               const std::map<std::string, std::string>& headers = {}) const;
  [[nodiscard]] std::string metrics(const std::string& name) const;

 private:
  void add_service(const std::string& name, const std::string& account, const std::string& labels,
                   std::vector<std::string> command);
  void wait_listening(const std::string& name) const;

  std::string dir_;
  std::map<std::string, std::unique_ptr<Program>> programs_;
};

// Orders as a client makes them: with a key, and asked again until there is a last word.
struct Placed {
  std::string id, status, reason;  // CONFIRMED or CANCELLED
};
[[nodiscard]] std::string order_json(const std::string& user, const std::string& product, int quantity,
                                     int price);
[[nodiscard]] std::optional<Placed> place(const Shop& shop, const std::string& body, const std::string& key,
                                          double seconds = 60,
                                          const std::map<std::string, std::string>& headers = {});
[[nodiscard]] std::string field(const std::string& json, const std::string& name);
