#include "shop.hpp"

#include <arpa/inet.h>
#include <httplib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace fs = std::filesystem;

namespace {

const std::map<std::string, std::string> octets{{"gateway", "1"},   {"order-v1", "11"},
                                                {"order-v2", "12"}, {"inventory", "21"},
                                                {"payment", "31"},  {"control", "254"}};

std::string text_of(const fs::path& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

bool listening(const std::string& host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  const bool open = ::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(socket);
  return open;
}

// The shop's own mesh files, with our addresses, and the one endpoint that runs of each service.
void write_mesh(const fs::path& to, bool second_order_service) {
  fs::create_directories(to);
  for (const auto& entry : fs::directory_iterator(SAGA_MESH)) {
    std::string text = text_of(entry.path());
    for (auto at = text.find("127.10.0."); at != std::string::npos; at = text.find("127.10.0.", at)) {
      text.replace(at, 9, options().prefix);
    }
    if (!second_order_service) {
      // Without the second one its endpoint would only be a refused connection before each retry.
      const std::string second = "    - address: " + options().prefix + "12\n";
      const std::string last_line = "      serviceAccount: order-service\n";
      for (auto at = text.find(second); at != std::string::npos; at = text.find(second)) {
        text.erase(at, text.find(last_line, at) + last_line.size() - at);
      }
    }
    std::ofstream(to / entry.path().filename()) << text;
  }
  for (const char* file : {"shop/sidecars.yaml", "shop/order-grpc.yaml", "shop/authorization-policies.yaml",
                           "seed/authorization-policy.yaml"}) {
    fs::copy(fs::path(SHOP_MESH) / file, to / fs::path(file).filename(),
             fs::copy_options::overwrite_existing);
  }
}

}  // namespace

Options& options() {
  static Options one;
  return one;
}

bool wait_until(double seconds, const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

std::string Shop::address(const std::string& name) const {
  const std::string bare = name.starts_with("sidecar-") ? name.substr(8) : name;
  return options().prefix + octets.at(bare);
}

Shop::Shop(const Settings& settings) : dir_(options().dir + "/" + settings.name) {
  fs::remove_all(dir_);
  fs::create_directories(dir_ + "/log");
  write_mesh(dir_ + "/mesh", settings.second_order_service);
  const std::string& bin = options().bin;
  run_to_end({bin + "/outrider-certs", "init", "--out", dir_ + "/ca"});
  const std::string control = address("control");
  programs_["control"] = std::make_unique<Program>(
      "control",
      std::vector<std::string>{bin + "/outrider-control", "--config", dir_ + "/mesh", "--state",
                               dir_ + "/state", "--xds-address", control + ":15010", "--api-address",
                               control + ":15080"},
      std::map<std::string, std::string>{}, dir_ + "/log/control.log");
  add_service("gateway", "api-gateway", "app=api-gateway,version=v1", {});
  add_service("inventory", "inventory-service", "app=inventory-service,version=v1",
              {bin + "/shop-inventory", "--stock", "sku-1=10000000,sku-2=100", "--sidecar",
               address("inventory") + ":15001", "--hold-limit", "5"});
  add_service("payment", "payment-service", "app=payment-service,version=v1", {bin + "/shop-payment"});
  std::vector<std::string> orders{"order-v1"};
  if (settings.second_order_service) orders.emplace_back("order-v2");
  for (const auto& name : orders) {
    std::vector<std::string> command{
        bin + "/shop-order",      "--version", name.substr(6),          "--http",
        address(name) + ":18080", "--sidecar", address(name) + ":15001"};
    command.insert(command.end(), settings.order_flags.begin(), settings.order_flags.end());
    add_service(name, "order-service", "app=order-service,version=" + name.substr(6), command);
  }
  start("control");
  wait_listening("control");
  for (auto& [name, program] : programs_) {
    if (!program->running()) program->start();
  }
  for (auto& [name, program] : programs_) wait_ready(name);
}

void Shop::add_service(const std::string& name, const std::string& account, const std::string& labels,
                       std::vector<std::string> command) {
  const std::string& bin = options().bin;
  if (!command.empty()) {
    const std::string kind = name.starts_with("order") ? "orders" : name;
    for (const auto& word : {std::string("--grpc"), address(name) + ":19090", std::string("--ops"),
                             address(name) + ":19091", std::string("--db"), database(kind)}) {
      command.push_back(word);
    }
    fs::create_directories(dir_ + "/failpoints/" + name);
    programs_[name] = std::make_unique<Program>(
        name, command,
        std::map<std::string, std::string>{{"SHOP_FAILPOINTS", dir_ + "/failpoints/" + name}},
        dir_ + "/log/" + name + ".log");
  }
  const std::string cert = dir_ + "/cert/" + name;
  run_to_end({bin + "/outrider-certs", "issue", "--ca", dir_ + "/ca", "--namespace", "ecommerce",
              "--service-account", account, "--out", cert});
  programs_["sidecar-" + name] = std::make_unique<Program>(
      "sidecar-" + name,
      std::vector<std::string>{bin + "/outrider-proxy", "--name", name, "--namespace", "ecommerce",
                               "--service-account", account, "--labels", labels, "--address", address(name),
                               "--certs", cert, "--control", address("control") + ":15010"},
      std::map<std::string, std::string>{}, dir_ + "/log/sidecar-" + name + ".log");
}

void Shop::wait_listening(const std::string& name) const {
  if (!wait_until(20, [&] { return ready(name); })) {
    throw std::runtime_error(name + " does not answer: " + programs_.at(name)->last_lines());
  }
}

bool Shop::ready(const std::string& name) const {
  if (name == "control") return listening(address(name), 15080) && listening(address(name), 15010);
  if (!name.starts_with("sidecar-")) return listening(address(name), 19090);
  httplib::Client client(address(name), 15021);
  client.set_connection_timeout(1);
  client.set_read_timeout(1);
  const auto answer = client.Get("/healthz/ready");
  return answer && answer->status == 200;
}

void Shop::wait_ready(const std::string& name) { wait_listening(name); }

void Shop::start(const std::string& name) { at(name).start(); }

void Shop::stop_all() {
  for (auto& [name, program] : programs_) program->kill(SIGTERM);
  std::string wrong;
  for (auto& [name, program] : programs_) {
    if (!program->running()) continue;
    if (const int status = program->wait(); status != 0) {
      wrong += name + " ended with " + std::to_string(status) + ": " + program->last_lines() + "\n";
    }
  }
  if (!wrong.empty()) throw std::runtime_error(wrong);
}

void Shop::arm(const std::string& process, const std::string& point, const std::string& content) const {
  std::ofstream(dir_ + "/failpoints/" + process + "/" + point) << content;
}
void Shop::disarm(const std::string& process, const std::string& point) const {
  fs::remove(dir_ + "/failpoints/" + process + "/" + point);
  release(process, point);
}
bool Shop::reached(const std::string& process, const std::string& point) const {
  return fs::exists(dir_ + "/failpoints/" + process + "/" + point + ".reached");
}
void Shop::release(const std::string& process, const std::string& point) const {
  fs::remove(dir_ + "/failpoints/" + process + "/" + point + ".reached");
}

Answer Shop::request(const std::string& method, const std::string& path, const std::string& body,
                     const std::map<std::string, std::string>& headers) const {
  httplib::Client client(address("gateway"), 15001);
  client.set_connection_timeout(2);
  client.set_read_timeout(12);
  httplib::Request request;
  request.method = method;
  request.path = path;
  request.body = body;
  request.set_header("Host", "order-service:8080");
  if (!body.empty()) request.set_header("Content-Type", "application/json");
  for (const auto& [name, value] : headers) request.set_header(name, value);
  const auto result = client.send(request);
  Answer answer;
  if (!result) return answer;
  answer.code = result->status;
  answer.body = result->body;
  for (const auto& [name, value] : result->headers) {
    std::string lower = name;
    for (char& c : lower) c = static_cast<char>(std::tolower(c));
    answer.headers[lower] = value;
  }
  return answer;
}

std::string Shop::metrics(const std::string& name) const {
  httplib::Client client(address(name), 19091);
  const auto answer = client.Get("/metrics");
  return answer ? answer->body : "";
}

std::string order_json(const std::string& user, const std::string& product, int quantity, int price) {
  return R"({"userId":")" + user + R"(","items":[{"productId":")" + product + R"(","quantity":)" +
         std::to_string(quantity) + R"(,"price":{"amount":")" + std::to_string(price) +
         R"(","currency":"EUR"}}]})";
}

std::string field(const std::string& json, const std::string& name) {
  const auto parsed = nlohmann::json::parse(json, nullptr, false);
  return parsed.is_object() ? parsed.value(name, "") : "";
}

std::optional<Placed> place(const Shop& shop, const std::string& body, const std::string& key,
                            double seconds, const std::map<std::string, std::string>& headers) {
  auto all = headers;
  all["idempotency-key"] = key;
  std::optional<Placed> placed;
  wait_until(seconds, [&] {
    const Answer answer = shop.request("POST", "/api/v1/orders", body, all);
    // 202 and 409 say: ask again; so does every failure of the way to it.
    if (answer.code != 201) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      return false;
    }
    const auto reason = answer.headers.find("x-order-reason");
    placed = Placed{field(answer.body, "id"), field(answer.body, "status"),
                    reason == answer.headers.end() ? "" : reason->second};
    return true;
  });
  return placed;
}
