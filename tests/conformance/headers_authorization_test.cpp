// Reliability 2.6: no spelling of a path reaches a resource that its caller may not have. The policy
// names the resource; an application behind the sidecar decodes, merges slashes and strips parameters.

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "proxy/policy/authorize.hpp"
#include "proxy/policy/normalize.hpp"
#include "tests/conformance/refusals.hpp"

namespace outrider::scenario {
namespace {

using namespace std::string_literals;

// What an application acts on: written on its own, and as liberal as applications are.
std::string backend_view(std::string path, bool decodes, bool strips_first) {
  const auto strip = [](const std::string& from) {
    std::string out;
    for (std::size_t i = 0; i < from.size(); ++i) {
      if (from[i] == ';') i = std::min(from.find('/', i), from.size());
      if (i < from.size()) out += from[i];
    }
    return out;
  };
  path = path.substr(0, path.find('?'));
  if (strips_first) path = strip(path);
  if (decodes) {
    std::string out;
    for (std::size_t i = 0; i < path.size(); ++i) {
      if (path[i] == '%' && i + 2 < path.size() && std::isxdigit(path[i + 1]) && std::isxdigit(path[i + 2])) {
        out += static_cast<char>(std::stoi(path.substr(i + 1, 2), nullptr, 16));
        i += 2;
      } else {
        out += path[i];
      }
    }
    path = out;
  }
  std::ranges::replace(path, '\\', '/');
  path = strip(path);
  std::vector<std::string> segments;
  std::string segment;
  bool slash = false;
  for (const char c : path + "/") {
    if (c != '/') {
      segment += c;
      continue;
    }
    slash = true;
    if (segment == ".." && !segments.empty()) segments.pop_back();
    if (!segment.empty() && segment != "." && segment != "..") segments.push_back(segment);
    segment.clear();
  }
  std::string out;
  for (const std::string& part : segments) out += "/" + part;
  const bool directory = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
  if (out.empty() || (slash && directory)) out += '/';
  return out;
}

const char* const spellings[] = {
    "//admin",
    "/./admin",
    "/x/../admin",
    "/admin/",
    "/admin/.",
    "/admin//",
    "/%61dmin",
    "/%2e/admin",
    "/x/%2e%2e/admin",
    "/x/.%2e/admin",
    "/%2fadmin",
    "/x%2f..%2fadmin",
    "/\\admin",
    "/x\\..\\admin",
    "/%5cadmin",
    "/%5Cadmin",
    "/%2561dmin",
    "/%252fadmin",
    "/admin;x=1",
    "/;/admin",
    "/public/..;/admin",
    "/public/.;/../admin",
    "/admin%3bx",
    "/admin%00",
    "/admin%20",
    "/admin%09",
    "/admin?",
    "/admin?x",
    "/admin#x",
    "/admin%23x",
    "/public#/../admin",
    "/ADMIN",
    "/Admin",
    "/%c0%afadmin",
    "/%ef%bc%8fadmin",
    "/admin..",
    "/admin~",
    "/adm%",
    "/adm%zz",
    "/adm%2",
    "*",
    "",
    "/public/*/../admin",
    "/admin*",
    "/public/..%3b/admin",
    "/public/%2e%2e;x/admin",
    "/public/..;a=b;c/..;/admin",
    "/public//../admin",
    "/public/%2f../admin",
    "/..;/admin",
    "/public%2f..%2fadmin",
    "/public/..%5cadmin",
    "/public/x/..%2f..%2fadmin",
    "/admin",
    "/%61%64%6d%69%6e",
    "/admin%2f",
    "/admin%2f..%2fadmin",
};

bool is_admin(const std::string& path, bool decodes, bool strips_first) {
  return backend_view(path, decodes, strips_first) == "/admin";
}

// DENY /admin, for everybody; and, the other way round, ALLOW /public/* and nothing else.
json policy(const std::string& action) {
  json path, made, rules;
  path["url_path"]["path"][action == "DENY" ? "exact" : "prefix"] = action == "DENY" ? "/admin" : "/public/";
  made["permissions"] = json::array({path});
  made["principals"] = json::array({json::object({{"any", true}})});
  rules["action"] = action;
  rules["policies"]["p"] = made;
  return rules;
}

// An application whose /admin answers "secret" to whoever reaches it by any reading.
RawServer::Script secretive() {
  return answering([](const RawRequest& request) {
    const std::size_t begin = request.line.find(' ') + 1;
    const std::string path = request.line.substr(begin, request.line.rfind(' ') - begin);
    bool secret = false;
    for (const bool decodes : {false, true}) {
      for (const bool strips_first : {false, true}) secret = secret || is_admin(path, decodes, strips_first);
    }
    return secret ? "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret"s
                  : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"s;
  });
}

proxy::RbacRuleSet rule_set(proxy::RbacAction action) {
  proxy::RbacPolicy made;
  made.name = "p";
  const auto matcher = action == proxy::RbacAction::Deny
                           ? proxy::StringMatcher::make(proxy::StringMatcher::Kind::Exact, "/admin")
                           : proxy::StringMatcher::make(proxy::StringMatcher::Kind::Prefix, "/public/");
  made.permissions.rules.push_back({proxy::RbacRule::Path{*matcher}});
  made.principals.rules.push_back({proxy::RbacRule::Any{}});
  proxy::RbacRuleSet set;
  set.action = action;
  set.policies.push_back(std::move(made));
  return set;
}

// The path as it would be forwarded when `set` lets it pass.
std::optional<std::string> passes(const std::vector<proxy::RbacRuleSet>& set, const std::string& path) {
  const auto head = protocol::make_head();
  head->method = "GET";
  head->authority = "app";
  head->path = head->fields.keep(path);
  std::string scratch;
  if (proxy::normalize(*head, scratch)) return std::nullopt;
  const proxy::AuthorizationInput input{.head = *head, .caller = {{}, {}, {}, 80, {}}};
  if (!proxy::authorize({set, input.caller}, input).allowed) return std::nullopt;
  return std::string(head->path);
}

}  // namespace

TEST_CASE(
    "2.6: no listed spelling of /admin gets past DENY or ALLOW, over HTTP/1.1, absolute targets, and "
    "HTTP/2") {
  RawServer app(secretive());
  for (const std::string action : {"DENY", "ALLOW"}) {
    Pair pair({.server =
                   [&](std::vector<json>& resources) {
                     resources[1] = cluster("inbound|app", {app.address()});
                     add_rbac(resources[0], policy(action));
                   },
               .mode = Mtls::Permissive});
    for (const SocketAddress& port : {pair.entry(), pair.server.at("inbound")}) {
      for (const char* spelling : spellings) {
        CAPTURE(action);
        CAPTURE(spelling);
        for (const std::string& target :
             {std::string(spelling), "http://app"s + spelling, "http://app/"s + spelling}) {
          RawClient client(port);
          client.send(fmt::format("GET {} HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n", target));
          const Answer answer = client.read();
          CHECK(answer.status >= 200);
          CHECK(answer.body != "secret");
        }
        HttpClient h2(port);
        const Seen seen = h2.ask("GET", spelling);
        CHECK(seen.body != "secret");
      }
      CHECK(RawClient(port).ask("GET", "/public/a").body == "ok");
      CHECK(RawClient(port).ask("GET", "/public/a%20b;v=1/%2e/c//d").body == "ok");
      CHECK(RawClient(port).ask("GET", "/admin").status == 403);
    }
  }
}

TEST_CASE(
    "2.6: a path that passes is, to every kind of application, one that may pass: random spellings, 0 "
    "bypasses") {
  const char* const pieces[] = {
      "admin",  "public",   "x",          "/",       "/",     "/",   "//",  "/./",   "/../",  "..",
      ".",      "%2f",      "%2F",        "%5c",     "\\",    "%2e", "%2E", ";",     ";x=1",  "..;",
      "%3b",    "%2561",    "%61",        "%64min",  "adm",   "in",  "*",   "~",     "%20",   "%25",
      "%252f",  "?",        "?/admin",    "%c0%af",  "a",     "%3f", "%23", "ADMIN", "..%2f", "/..;/",
      "/admin", "/public/", "/public/..", "%2e%2e/", ";/../", "%00", "%"};
  const char* const aims[] = {"/../../../../../../../../admin", "/..;/..;/..;/..;/..;/..;/admin",
                              "//%2e%2e/..//..//..//../%61dmin", "%2f..%2f..%2f..%2f..%2f..%2f..%2fadmin",
                              "/%5c..\\..%5c..\\..\\..\\..%5cadmin;x"};
  std::mt19937 random(20'260'101);
  const std::vector<proxy::RbacRuleSet> deny = [] {
    std::vector<proxy::RbacRuleSet> s;
    s.push_back(rule_set(proxy::RbacAction::Deny));
    return s;
  }();
  const std::vector<proxy::RbacRuleSet> allow = [] {
    std::vector<proxy::RbacRuleSet> s;
    s.push_back(rule_set(proxy::RbacAction::Allow));
    return s;
  }();
  const int rounds = amount(60'000, 3'000'000);
  int passed = 0, refused = 0, aimed = 0;
  for (int round = 0; round < rounds; ++round) {
    std::string path = "/";
    for (unsigned i = 0, n = 1 + random() % 8; i < n; ++i) path += pieces[random() % std::size(pieces)];
    if (round % 4 != 0) path += aims[random() % std::size(aims)];
    aimed += is_admin(path, true, false) || is_admin(path, true, true) ? 1 : 0;
    for (const auto* set : {&deny, &allow}) {
      const auto forwarded = passes(*set, path);
      if (!forwarded) {
        ++refused;
        continue;
      }
      ++passed;
      // What is forwarded is normal: judged again it is the same, and passes.
      bool may = passes(*set, *forwarded) == forwarded;
      for (const bool decodes : {false, true}) {
        for (const bool strips_first : {false, true}) {
          const std::string view = backend_view(*forwarded, decodes, strips_first);
          may = may && (set == &deny ? view != "/admin" : view.starts_with("/public/"));
        }
      }
      if (may) continue;
      CAPTURE(path);
      CAPTURE(*forwarded);
      CHECK(may);
    }
  }
  CHECK(passed > rounds / 10);
  CHECK(refused > rounds / 10);
  CHECK(aimed >= 5'000);
  MESSAGE(rounds << " paths, " << aimed << " that some application takes for /admin; " << passed
                 << " passed, " << refused << " refused");
}

TEST_CASE("2.6: a denial of another reading says which one") {
  const std::vector<proxy::RbacRuleSet> deny = [] {
    std::vector<proxy::RbacRuleSet> s;
    s.push_back(rule_set(proxy::RbacAction::Deny));
    return s;
  }();
  const auto head = protocol::make_head();
  head->method = "GET";
  head->path = "/public/..;/admin";
  const proxy::AuthorizationInput input{.head = *head, .caller = {{}, {}, {}, 80, {}}};
  const proxy::Decision decision = proxy::authorize({deny, input.caller}, input);
  CHECK_FALSE(decision.allowed);
  CHECK(decision.read_as == "/admin");
  CHECK(proxy::explain_denial(deny, input, decision) ==
        "GET /public/..;/admin of a caller without identity on port 80, which an application may read as "
        "/admin, is denied by p");
}

}  // namespace outrider::scenario
