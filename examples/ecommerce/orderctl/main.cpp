// orderctl: what an operator asks of the order service about its sagas.
#include <cstdio>
#include <ctime>

#include <fmt/format.h>
#include <grpc/support/log.h>
#include <grpcpp/grpcpp.h>

#include "saga_admin.grpc.pb.h"
#include "service/flags.hpp"
#include "service/sidecar_channel.hpp"

namespace {

using namespace ecommerce::admin;

std::string clock_text(const google::protobuf::Timestamp& at) {
  const std::time_t seconds = at.seconds();
  std::tm parts{};
  localtime_r(&seconds, &parts);
  return fmt::format("{:02}:{:02}:{:02}.{:03}", parts.tm_hour, parts.tm_min, parts.tm_sec,
                     at.nanos() / 1'000'000);
}

void print(const SagaSummary& saga) {
  fmt::print("{:<34} {:<13} {:<24} {:>8}  {}  {}\n", saga.order_id(), saga.state(), saga.step(),
             saga.attempts(), clock_text(saga.updated_at()), saga.reason());
}

void print(const Saga& saga) {
  fmt::print("order {}: {}{}{}\n", saga.summary().order_id(), saga.summary().state(),
             saga.summary().reason().empty() ? "" : ", because: ", saga.summary().reason());
  fmt::print("  {:<12} {:>8}  {:<24} {:<10} {:>7}  {}\n", "time", "+ms", "step", "service", "attempt",
             "outcome");
  std::int64_t before = 0;
  for (const auto& line : saga.lines()) {
    const std::int64_t ms = line.at().seconds() * 1000 + line.at().nanos() / 1'000'000;
    fmt::print("  {:<12} {:>8}  {:<24} {:<10} {:>7}  {}\n", clock_text(line.at()), before ? ms - before : 0,
               line.step(), line.service(), line.attempt() ? std::to_string(line.attempt()) : "",
               line.outcome());
    before = ms;
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::string to = "127.0.0.1:19090", state, id;
  std::int64_t limit = 100;
  shop::CommandLine line("orderctl", "Looks at the sagas of the order service, and has them tried again.");
  line.add({"--to", "The order service's own gRPC port", "HOST:PORT", false, shop::check_address}, to);
  auto saga = line.command("saga", "The sagas");
  auto list = saga.command("list", "Those that are not over; parked ones are FAILED");
  list.add({"--state", "Only those in this state", "STATE"}, state);
  list.add({"--limit", "How many at most", "COUNT"}, limit);
  auto show = saga.command("show", "The timeline of one");
  show.add({"id", "The order's id", "", true}, id);
  auto retry = saga.command("retry", "Have one tried at once");
  retry.add({"id", "The order's id", "", true}, id);
  if (const auto code = line.parse(argc, argv)) return *code;

  gpr_set_log_function([](gpr_log_func_args*) {});
  const auto stub = SagaAdmin::NewStub(shop::channel_through(to, "orderctl"));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  grpc::Status status;
  if (list.chosen()) {
    ListSagasRequest request;
    request.set_state(state);
    request.set_limit(static_cast<std::int32_t>(limit));
    fmt::print("{:<34} {:<13} {:<24} {:>8}  {:<12}  {}\n", "ORDER", "STATE", "STEP", "ATTEMPTS", "UPDATED",
               "REASON");
    const auto reader = stub->ListSagas(&context, request);
    SagaSummary summary;
    while (reader->Read(&summary)) print(summary);
    status = reader->Finish();
  } else {
    Saga answer;
    if (show.chosen()) {
      ShowSagaRequest request;
      request.set_order_id(id);
      status = stub->ShowSaga(&context, request, &answer);
    } else {
      RetrySagaRequest request;
      request.set_order_id(id);
      status = stub->RetrySaga(&context, request, &answer);
    }
    if (status.ok()) print(answer);
  }
  if (status.ok()) return 0;
  fmt::print(stderr, "orderctl: {} (gRPC status {})\n", status.error_message(),
             static_cast<int>(status.error_code()));
  return shop::exit_failed;
}
