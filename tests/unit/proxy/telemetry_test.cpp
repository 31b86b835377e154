#include <doctest/doctest.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/struct.pb.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>
#include <zlib.h>

#include <fstream>
#include <random>
#include <sstream>
#include <thread>

#include "proxy/telemetry/access_log.hpp"
#include "proxy/telemetry/gzip_lines.hpp"
#include "proxy/telemetry/metrics.hpp"
#include "proxy/telemetry/peer_metadata.hpp"

namespace outrider::proxy {
namespace {

struct Counted {
  LabelRegistry labels;
  StateRegistry states;
  Metrics metrics{labels, states, "9.9"};
  WorkerMetrics& worker = metrics.add_worker();
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

RequestKey inbound(Counted& counted) {
  RequestKey key;
  key.reporter = Direction::Inbound;
  key.source = counted.labels.intern({.workload = "gateway", .workload_namespace = "shop", .canonical_service = "gateway",
                                      .canonical_revision = "v3", .principal = "spiffe://td/ns/shop/sa/gateway",
                                      .app = "gateway", .version = "v3", .cluster = "Kubernetes"});
  key.destination = counted.labels.intern(WorkloadLabels{.workload = "order"});
  key.service = counted.labels.intern(ServiceLabels{"order.shop.svc.cluster.local", "order", "shop"});
  key.response_code = 200;
  key.mutual_tls = true;
  return key;
}

TEST_CASE("a request is shown with Istio's name and all 25 of its labels") {
  Counted counted;
  counted.worker.record(inbound(counted), {.duration_ms = 7, .request_bytes = 120, .response_bytes = 3000});
  CHECK(has(counted.metrics.render(),
            "istio_requests_total{reporter=\"destination\",source_workload=\"gateway\",source_workload_namespace=\"shop\","
            "source_canonical_service=\"gateway\",source_canonical_revision=\"v3\","
            "source_principal=\"spiffe://td/ns/shop/sa/gateway\",source_app=\"gateway\",source_version=\"v3\","
            "source_cluster=\"Kubernetes\",destination_workload=\"order\",destination_workload_namespace=\"unknown\","
            "destination_canonical_service=\"unknown\",destination_canonical_revision=\"latest\","
            "destination_principal=\"unknown\",destination_app=\"unknown\",destination_version=\"unknown\","
            "destination_cluster=\"unknown\",destination_service=\"order.shop.svc.cluster.local\","
            "destination_service_name=\"order\",destination_service_namespace=\"shop\",request_protocol=\"http\","
            "response_code=\"200\",grpc_response_status=\"\",response_flags=\"-\","
            "connection_security_policy=\"mutual_tls\"} 1"));
  CHECK(has(counted.metrics.render(), "istio_build{component=\"proxy\",tag=\"9.9\"} 1"));
}

std::string line_of(const std::string& text, const std::string& name, const std::string& ending) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name) && has(line, ending)) return line.substr(line.rfind(' ') + 1);
  }
  return "none";
}

TEST_CASE("histograms are cumulative over Envoy's buckets") {
  Counted counted;
  const RequestKey key = inbound(counted);
  for (const double ms : {0.5, 0.6, 5.0, 99.0, 4e6}) counted.worker.record(key, {.duration_ms = ms});
  counted.worker.record(key, {.duration_ms = 1, .completed = false});
  const std::string text = counted.metrics.render();
  const std::string name = "istio_request_duration_milliseconds";
  CHECK(line_of(text, name + "_bucket", "le=\"0.5\"") == "1");
  CHECK(line_of(text, name + "_bucket", "le=\"1\"") == "2");
  CHECK(line_of(text, name + "_bucket", "le=\"5\"") == "3");
  CHECK(line_of(text, name + "_bucket", "le=\"100\"") == "4");
  CHECK(line_of(text, name + "_bucket", "le=\"3600000\"") == "4");
  CHECK(line_of(text, name + "_bucket", "le=\"+Inf\"") == "5");
  CHECK(line_of(text, name + "_count", "reporter") == "5");
  CHECK(line_of(text, "istio_requests_total", "reporter") == "6");
  CHECK(line_of(text, "istio_request_bytes_count", "reporter") == "6");
}

TEST_CASE("codes, flags, protocols and gRPC statuses are series of their own") {
  Counted counted;
  RequestKey key = inbound(counted);
  counted.worker.record(key, {});
  key.response_code = 503;
  key.flags = {Flag::UF, true};
  counted.worker.record(key, {});
  key.protocol = RequestProtocol::Grpc;
  key.grpc_status = 14;
  key.mutual_tls = false;
  counted.worker.record(key, {});
  const std::string text = counted.metrics.render();
  CHECK(line_of(text, "istio_requests_total", "response_code=\"503\",grpc_response_status=\"\",response_flags=\"UF,URX\"") == "1");
  CHECK(line_of(text, "istio_requests_total", "request_protocol=\"grpc\",response_code=\"503\",grpc_response_status=\"14\"") == "1");
  CHECK(line_of(text, "istio_requests_total", "connection_security_policy=\"none\"") == "1");
}

TEST_CASE("the client's side does not claim to know the connection's security") {
  Counted counted;
  RequestKey key;
  for (const bool mutual : {false, true}) {
    key.mutual_tls = mutual;
    counted.worker.record(key, {});
  }
  CHECK(line_of(counted.metrics.render(), "istio_requests_total", "connection_security_policy=\"unknown\"") == "2");
}

TEST_CASE("a scrape adds the workers up, while they count") {
  Counted counted;
  WorkerMetrics& other = counted.metrics.add_worker();
  const RequestKey key = inbound(counted);
  const auto count = [&](WorkerMetrics& worker) {
    RequestKey own = key;
    for (int i = 0; i < 20'000; ++i) {
      own.response_code = static_cast<std::uint16_t>(200 + i % 300);
      worker.record(own, {.duration_ms = 1});
    }
  };
  std::thread first(count, std::ref(counted.worker));
  std::thread second(count, std::ref(other));
  for (int i = 0; i < 5; ++i) CHECK(has(counted.metrics.render(), "istio_build"));
  first.join();
  second.join();
  double total = 0;
  std::size_t series = 0;
  for (const auto& family : counted.metrics.Collect()) {
    if (family.name != "istio_requests_total") continue;
    series = family.metric.size();
    for (const auto& metric : family.metric) total += metric.counter.value;
  }
  CHECK(total == 40'000);
  CHECK(series == 300);
}

TEST_CASE("no peer can make series without end") {
  Counted counted;
  for (std::uint32_t i = 1; i <= 25'000; ++i) {
    RequestKey key;
    key.source = WorkloadId{i};
    counted.worker.record(key, {});
  }
  std::size_t cells = 0;
  std::uint64_t requests = 0;
  counted.worker.visit([&](const RequestKey&, const WorkerMetrics::Totals& totals) {
    ++cells;
    requests += totals.requests;
  });
  CHECK(cells == 20'001);
  CHECK(requests == 25'000);
}

TEST_CASE("labels that are shown alike are one, and beyond the capacity all are unknown") {
  LabelRegistry labels(3);
  const WorkloadId a = labels.intern(WorkloadLabels{.workload = "a"});
  CHECK(labels.intern(WorkloadLabels{.workload = "a", .canonical_revision = "latest", .app = "unknown"}) == a);
  CHECK(labels.intern(WorkloadLabels{}) == unknown_workload);
  CHECK(labels.intern(WorkloadLabels{.workload = "b"}) != a);
  CHECK(labels.intern(WorkloadLabels{.workload = "c"}) == unknown_workload);
  CHECK(labels.workload(a).workload == "a");
  CHECK(labels_of_principal("spiffe://td/ns/shop/sa/x").workload_namespace == "shop");
  CHECK(labels_of_principal("spiffe://td/other").workload_namespace.empty());
}

TEST_CASE("clusters and the proxy itself are counted") {
  Counted counted;
  counted.metrics.counters().rbac_denied = 3;
  const auto state = counted.states.cluster("outbound|80||order");
  state->connections = 2;
  state->pending_overflow = 4;
  state->request_overflow = 1;
  counted.states.endpoint("outbound|80||order", {"10.0.0.1", 80})->ejected = true;
  const std::string text = counted.metrics.render();
  CHECK(line_of(text, "outrider_rbac_denied_total", "") == "3");
  CHECK(line_of(text, "envoy_cluster_upstream_cx_active", "cluster_name=\"outbound|80||order\"") == "2");
  CHECK(line_of(text, "envoy_cluster_upstream_rq_pending_overflow", "order") == "5");
  CHECK(line_of(text, "envoy_cluster_outlier_detection_ejections_active", "order") == "1");
}

// What peers may call themselves, and every shape of number.
void count_strange_things(Counted& counted) {
  RequestKey key = inbound(counted);
  int requests = 0;
  for (const char* name : {"plain", "quo\"te", "back\\slash", "line\nbreak", "\xc3\xa4 {x=\"1\"} 2", "", "unknown"}) {
    key.source = counted.labels.intern(WorkloadLabels{.workload = name, .app = name});
    key.response_code = static_cast<std::uint16_t>(200 + ++requests);
    for (int i = 0; i < requests; ++i) {
      counted.worker.record(key, {.duration_ms = 0.1 * i, .request_bytes = 3, .response_bytes = std::uint64_t{1} << (9 * i)});
    }
  }
  counted.worker.record(key, {.duration_ms = 1.0 / 3e7, .request_bytes = 0, .response_bytes = 123456789012345678});
  counted.states.cluster("outbound|80||\"order\"")->connections = 2;
  counted.worker.turns().note(std::chrono::microseconds(300));
}

TEST_CASE("the text is byte for byte what prometheus-cpp writes of the same families") {
  Counted counted;
  CHECK(counted.metrics.render() == prometheus::TextSerializer().Serialize(counted.metrics.Collect()));
  count_strange_things(counted);
  const std::string text = counted.metrics.render();
  CHECK(text == prometheus::TextSerializer().Serialize(counted.metrics.Collect()));
  CHECK(has(text, "source_workload=\"quo\\\"te\""));
  CHECK(has(text, "source_workload=\"line\\nbreak\""));
}

TEST_CASE("how long workers' turns take is shown for each") {
  Counted counted;
  WorkerMetrics& other = counted.metrics.add_worker();
  other.turns().note(std::chrono::microseconds(300));
  other.turns().note(std::chrono::milliseconds(2));
  const std::string text = counted.metrics.render();
  CHECK(line_of(text, "outrider_worker_turn_seconds_count", "worker=\"0\"") == "0");
  CHECK(line_of(text, "outrider_worker_turn_seconds_bucket", "worker=\"1\",le=\"0.00025\"") == "0");
  CHECK(line_of(text, "outrider_worker_turn_seconds_bucket", "worker=\"1\",le=\"0.0005\"") == "1");
  CHECK(line_of(text, "outrider_worker_turn_seconds_bucket", "worker=\"1\",le=\"0.002\"") == "2");
  CHECK(line_of(text, "outrider_worker_turn_seconds_sum", "worker=\"1\"") == "0.0023");
}

std::string unzipped(const std::string& packed) {
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string text;
  int state = Z_OK;
  while (state == Z_OK) {
    std::array<char, 65536> some{};
    stream.next_out = reinterpret_cast<Bytef*>(some.data());
    stream.avail_out = some.size();
    state = inflate(&stream, Z_NO_FLUSH);
    text.append(some.data(), some.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  CHECK(state == Z_STREAM_END);  // its checksum and length are right
  CHECK(stream.avail_in == 0);
  return text;
}

std::string zipped(const std::vector<std::string>& lines) {
  GzipLines packed;
  for (const std::string& line : lines) packed.add(line);
  return packed.finish();
}

TEST_CASE("packed metrics are the same text") {
  Counted counted;
  count_strange_things(counted);
  CHECK(unzipped(counted.metrics.render_gzip()) == counted.metrics.render());
}

TEST_CASE("metrics are packed for whoever names gzip and does not weigh it 0") {
  for (const char* asked : {"gzip", "deflate, GZIP;q=0.5, br", "gzip ; q=1.000"}) CHECK(takes_gzip(asked));
  for (const char* asked : {"", "identity", "gzip;q=0", "br, gzip; q=0.000", "x-gzip-like"}) CHECK_FALSE(takes_gzip(asked));
}

TEST_CASE("a thousand series are packed into a hundredth") {
  Counted counted;
  RequestKey key = inbound(counted);
  for (int i = 0; i < 1000; ++i) {
    key.service = counted.labels.intern(ServiceLabels{"s" + std::to_string(i) + ".shop", "s" + std::to_string(i), "shop"});
    counted.worker.record(key, {.duration_ms = 1});
  }
  const std::string packed = counted.metrics.render_gzip(), text = counted.metrics.render();
  CHECK(unzipped(packed) == text);
  CHECK(packed.size() * 30 < text.size());
}

TEST_CASE("lines of every length and likeness come back as they went in") {
  CHECK(unzipped(zipped({})).empty());
  std::minstd_rand random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> lines = {"a{b=\"c\"} 1\n"};
    std::string text = lines[0];
    for (int i = 0; i < 60; ++i) {
      std::string line = lines[random() % lines.size()];
      const std::size_t length = round % 10 == 0 ? random() % 70'000 : random() % 900;
      if (random() % 4 == 0) line.insert(random() % line.size(), length, static_cast<char>(random()));
      if (random() % 4 == 0) line.erase(random() % line.size(), random() % 600);
      for (unsigned n = random() % 4; n > 0 && !line.empty(); --n) line[random() % line.size()] = static_cast<char>(random());
      if (line.empty() || line.size() > 200'000) line = "x \"y\"\n";
      lines.push_back(line);
      text += line;
    }
    REQUIRE(unzipped(zipped(lines)) == text);
  }
}

TEST_CASE("matches of every length and distance are written right") {
  std::vector<std::string> lines;
  std::string text;
  std::minstd_rand random(11);
  for (std::size_t size = 1; size < 1100; size += 1 + size / 300) {
    std::string noise(size % 37 * 53, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    lines.push_back("n" + noise + "\n");
    std::string alike(size, '\0');
    for (std::size_t i = 0; i < size; ++i) alike[i] = static_cast<char>(i * i / 7 % 251);
    lines.push_back("same {" + alike + "\n");
  }
  for (const std::string& line : lines) text += line;
  CHECK(unzipped(zipped(lines)) == text);
}

TEST_CASE("the access log line is Istio's, field by field") {
  AccessLogEntry entry;
  entry.start = WallTime(std::chrono::milliseconds(1'700'000'000'042));
  entry.method = "GET";
  entry.path = "/api?x=1";
  entry.response_code = 503;
  entry.flags = {Flag::UF, true};
  entry.details = "via_upstream";
  entry.transport_failure = "connection refused";
  entry.bytes_received = 1;
  entry.bytes_sent = 2;
  entry.duration_ms = 3;
  entry.upstream_service_time = "4";
  entry.user_agent = "curl/8 (x)";
  entry.request_id = "id";
  entry.authority = "order:80";
  entry.upstream_host = "10.0.0.1:80";
  entry.upstream_cluster = "outbound|80||order";
  entry.downstream_remote = "127.0.0.1:5";
  entry.route_name = "default";
  std::string out;
  append_access_log(entry, out);
  CHECK(out == "[2023-11-14T22:13:20.042Z] \"GET /api?x=1 HTTP/2\" 503 UF,URX via_upstream - \"connection refused\" 1 2 3 4 "
               "\"-\" \"curl/8 (x)\" \"id\" \"order:80\" \"10.0.0.1:80\" outbound|80||order - - 127.0.0.1:5 - default\n");
}

TEST_CASE("no value makes a second line or a second field") {
  AccessLogEntry entry;
  entry.method = "GET";
  entry.path = "/a b\n[fake]";
  entry.user_agent = "x\" 200 \\ \x1b[31m \xc3\xa4";
  std::string out;
  append_access_log(entry, out);
  CHECK(has(out, "/a\\x20b\\x0a[fake]"));
  CHECK(has(out, "\"x\\x22 200 \\x5c \\x1b[31m \\xc3\\xa4\""));
  CHECK(std::count(out.begin(), out.end(), '\n') == 1);
}

TEST_CASE("what is logged is in the file when the log is closed") {
  const std::string path = "/tmp/outrider-access-" + std::to_string(::getpid()) + ".log";
  std::atomic<std::uint64_t> dropped{0};
  {
    auto log = AccessLogFile::open(path, dropped);
    REQUIRE(log);
    std::vector<std::thread> workers;
    for (int w = 0; w < 2; ++w) {
      workers.emplace_back([&] {
        for (int i = 0; i < 10'000; ++i) (*log)->append("a line of some length\n");
      });
    }
    for (std::thread& worker : workers) worker.join();
  }
  CHECK(dropped == 0);
  std::ifstream file(path);
  int lines = 0;
  for (std::string line; std::getline(file, line);) lines += line == "a line of some length" ? 1 : 0;
  ::unlink(path.c_str());
  CHECK(lines == 20'000);
}

TEST_CASE("a log that cannot be opened says why; a full disk loses lines, and counts them") {
  std::atomic<std::uint64_t> dropped{0};
  const auto missing = AccessLogFile::open("/nowhere/at/all.log", dropped);
  REQUIRE_FALSE(missing);
  CHECK(has(missing.error().message, "No such file"));
  {
    auto full = AccessLogFile::open("/dev/full", dropped);
    REQUIRE(full);
    for (int i = 0; i < 20'000; ++i) (*full)->append(std::string(1023, 'x') + "\n");
  }
  CHECK(dropped == 20'000);
}

TEST_CASE("peer metadata comes back as it was sent, but for the principal") {
  const WorkloadLabels self{.workload = "order-v1", .workload_namespace = "shop", .canonical_service = "order",
                            .canonical_revision = "v1", .principal = "spiffe://td/ns/shop/sa/order", .app = "order",
                            .version = "v1", .cluster = "Kubernetes"};
  auto decoded = decode_peer_metadata(encode_peer_metadata(self));
  REQUIRE(decoded);
  CHECK(decoded->principal.empty());
  decoded->principal = self.principal;
  CHECK(*decoded == self);
}

TEST_CASE("labels that a peer leaves out follow Istio's rules") {
  const auto decoded = decode_peer_metadata(encode_peer_metadata({.workload = "w", .app = "a", .version = "2"}));
  REQUIRE(decoded);
  CHECK(decoded->canonical_service == "a");
  CHECK(decoded->canonical_revision == "2");
  CHECK(decode_peer_metadata(encode_peer_metadata({.workload = "w"}))->canonical_service == "w");
}

TEST_CASE("peer metadata that is no metadata is nobody's") {
  for (const std::string& wrong : {std::string(), std::string("!!!!"), std::string("abc"), std::string("===="),
                                   std::string("AAAA"), std::string(max_peer_metadata + 4, 'A'),
                                   encode_peer_metadata({.workload_namespace = "nameless"}),
                                   encode_peer_metadata({.workload = std::string(300, 'x')}),
                                   encode_peer_metadata({.workload = std::string("a\0b", 3)}),
                                   encode_peer_metadata({.workload = "a\nb"})}) {
    CAPTURE(wrong.substr(0, 40));
    CHECK_FALSE(decode_peer_metadata(wrong));
  }
}

TEST_CASE("peer metadata that is not UTF-8 is refused without a word on standard error") {
  static int said = 0;
  const auto before = google::protobuf::SetLogHandler(
      [](google::protobuf::LogLevel, const char*, int, const std::string&) { ++said; });
  const std::string wrong = encode_peer_metadata({.workload = "\xff"});
  said = 0;
  CHECK_FALSE(decode_peer_metadata(wrong));
  CHECK(said == 0);
  google::protobuf::SetLogHandler(before);
}

}  // namespace
}  // namespace outrider::proxy
