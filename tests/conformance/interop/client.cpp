// The client of gRPC's interoperability tests, on grpc++: 14 core cases and 4 of compression, as
// the public test descriptions have them.
//   interop_client --server_host=H --server_port=N --test_case=NAME
// Exit status: 0 when the case passed, 1 with what was seen instead, 64 for a case that is not known.

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include "interop.grpc.pb.h"
#include "tests/conformance/interop/compression.hpp"

namespace interop {
namespace {

using namespace grpc::testing;
using grpc::ClientContext;
using grpc::Status;
using grpc::StatusCode;

constexpr int large_request = 271828, large_response = 314159;
constexpr int request_sizes[] = {27182, 8, 1828, 45904};
constexpr int response_sizes[] = {31415, 9, 2653, 58979};

struct Stubs {
  std::unique_ptr<TestService::Stub> test;
  std::unique_ptr<UnimplementedService::Stub> unimplemented;
};

void expect(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}
void expect(const Status& status, StatusCode code, const std::string& what) {
  expect(status.error_code() == code, what + ": the status is " + std::to_string(status.error_code()) + " \"" +
                                          status.error_message() + "\"");
}
template <typename Message>
void expect_payload(const Message& message, int size, const std::string& what) {
  const std::string& body = message.payload().body();
  expect(body == std::string(static_cast<std::size_t>(size), '\0'),
         what + ": " + std::to_string(body.size()) + " bytes instead of " + std::to_string(size) + " zeros");
}
void fill(Payload& payload, int size) { payload.set_body(std::string(static_cast<std::size_t>(size), '\0')); }

SimpleRequest large() {
  SimpleRequest request;
  request.set_response_size(large_response);
  fill(*request.mutable_payload(), large_request);
  return request;
}

StreamingOutputCallRequest ask(int response_size, int payload) {
  StreamingOutputCallRequest request;
  request.add_response_parameters()->set_size(response_size);
  fill(*request.mutable_payload(), payload);
  return request;
}

void empty_unary(Stubs& stubs) {
  ClientContext context;
  Empty response;
  expect(stubs.test->EmptyCall(&context, {}, &response), StatusCode::OK, "EmptyCall");
}

void large_unary(Stubs& stubs) {
  ClientContext context;
  SimpleResponse response;
  expect(stubs.test->UnaryCall(&context, large(), &response), StatusCode::OK, "UnaryCall");
  expect_payload(response, large_response, "UnaryCall");
}

void client_streaming(Stubs& stubs) {
  ClientContext context;
  StreamingInputCallResponse response;
  const auto writer = stubs.test->StreamingInputCall(&context, &response);
  for (const int size : request_sizes) {
    StreamingInputCallRequest request;
    fill(*request.mutable_payload(), size);
    expect(writer->Write(request), "StreamingInputCall takes no more");
  }
  writer->WritesDone();
  expect(writer->Finish(), StatusCode::OK, "StreamingInputCall");
  expect(response.aggregated_payload_size() == 74922, "StreamingInputCall: the sizes do not add up");
}

void server_streaming(Stubs& stubs) {
  ClientContext context;
  StreamingOutputCallRequest request;
  for (const int size : response_sizes) request.add_response_parameters()->set_size(size);
  const auto reader = stubs.test->StreamingOutputCall(&context, request);
  StreamingOutputCallResponse response;
  for (const int size : response_sizes) {
    expect(reader->Read(&response), "StreamingOutputCall ends early");
    expect_payload(response, size, "StreamingOutputCall");
  }
  expect(!reader->Read(&response), "StreamingOutputCall says too much");
  expect(reader->Finish(), StatusCode::OK, "StreamingOutputCall");
}

void ping_pong(Stubs& stubs) {
  ClientContext context;
  const auto stream = stubs.test->FullDuplexCall(&context);
  StreamingOutputCallResponse response;
  for (std::size_t i = 0; i < std::size(request_sizes); ++i) {
    expect(stream->Write(ask(response_sizes[i], request_sizes[i])), "FullDuplexCall takes no more");
    expect(stream->Read(&response), "FullDuplexCall ends early");
    expect_payload(response, response_sizes[i], "FullDuplexCall");
  }
  stream->WritesDone();
  expect(!stream->Read(&response), "FullDuplexCall says too much");
  expect(stream->Finish(), StatusCode::OK, "FullDuplexCall");
}

void empty_stream(Stubs& stubs) {
  ClientContext context;
  const auto stream = stubs.test->FullDuplexCall(&context);
  stream->WritesDone();
  StreamingOutputCallResponse response;
  expect(!stream->Read(&response), "FullDuplexCall answers what was not asked");
  expect(stream->Finish(), StatusCode::OK, "FullDuplexCall");
}

void timeout_on_sleeping_server(Stubs& stubs) {
  ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(1));
  const auto stream = stubs.test->FullDuplexCall(&context);
  StreamingOutputCallRequest request;
  fill(*request.mutable_payload(), request_sizes[0]);
  stream->Write(request);
  StreamingOutputCallResponse response;
  stream->Read(&response);
  expect(stream->Finish(), StatusCode::DEADLINE_EXCEEDED, "FullDuplexCall");
}

void cancel_after_begin(Stubs& stubs) {
  ClientContext context;
  StreamingInputCallResponse response;
  const auto writer = stubs.test->StreamingInputCall(&context, &response);
  context.TryCancel();
  expect(writer->Finish(), StatusCode::CANCELLED, "StreamingInputCall");
}

void cancel_after_first_response(Stubs& stubs) {
  ClientContext context;
  const auto stream = stubs.test->FullDuplexCall(&context);
  expect(stream->Write(ask(response_sizes[0], request_sizes[0])), "FullDuplexCall takes nothing");
  StreamingOutputCallResponse response;
  expect(stream->Read(&response), "FullDuplexCall says nothing");
  expect_payload(response, response_sizes[0], "FullDuplexCall");
  context.TryCancel();
  expect(stream->Finish(), StatusCode::CANCELLED, "FullDuplexCall");
}

void expect_echo(const Status& status, const std::string& message) {
  expect(status, StatusCode::UNKNOWN, "the status that was asked for");
  expect(status.error_message() == message, "the message is \"" + status.error_message() + "\"");
}

void echo_unary_status(Stubs& stubs, const std::string& message) {
  ClientContext context;
  SimpleRequest request;
  request.mutable_response_status()->set_code(StatusCode::UNKNOWN);
  request.mutable_response_status()->set_message(message);
  SimpleResponse response;
  expect_echo(stubs.test->UnaryCall(&context, request, &response), message);
}

void status_code_and_message(Stubs& stubs) {
  const std::string message = "test status message";
  echo_unary_status(stubs, message);
  ClientContext context;
  const auto stream = stubs.test->FullDuplexCall(&context);
  StreamingOutputCallRequest request;
  request.mutable_response_status()->set_code(StatusCode::UNKNOWN);
  request.mutable_response_status()->set_message(message);
  stream->Write(request);
  stream->WritesDone();
  StreamingOutputCallResponse response;
  expect(!stream->Read(&response), "FullDuplexCall answers where it was to fail");
  expect_echo(stream->Finish(), message);
}

void special_status_message(Stubs& stubs) {
  echo_unary_status(stubs, "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001F608\t\n");
}

constexpr const char* initial_key = "x-grpc-test-echo-initial";
constexpr const char* trailing_key = "x-grpc-test-echo-trailing-bin";
const std::string initial_value = "test_initial_metadata_value";
const std::string trailing_value = "\xab\xab\xab";

void add_metadata(ClientContext& context) {
  context.AddMetadata(initial_key, initial_value);
  context.AddMetadata(trailing_key, trailing_value);
}

void expect_metadata(const ClientContext& context) {
  const auto& initial = context.GetServerInitialMetadata();
  const auto& trailing = context.GetServerTrailingMetadata();
  const auto first = initial.find(initial_key);
  expect(first != initial.end() && first->second == initial_value, "initial metadata does not come back");
  const auto last = trailing.find(trailing_key);
  expect(last != trailing.end() && last->second == trailing_value, "trailing metadata does not come back");
}

void custom_metadata(Stubs& stubs) {
  ClientContext unary;
  add_metadata(unary);
  SimpleResponse response;
  expect(stubs.test->UnaryCall(&unary, large(), &response), StatusCode::OK, "UnaryCall");
  expect_payload(response, large_response, "UnaryCall");
  expect_metadata(unary);

  ClientContext duplex;
  add_metadata(duplex);
  const auto stream = stubs.test->FullDuplexCall(&duplex);
  stream->Write(ask(large_response, large_request));
  stream->WritesDone();
  StreamingOutputCallResponse part;
  expect(stream->Read(&part), "FullDuplexCall says nothing");
  expect_payload(part, large_response, "FullDuplexCall");
  expect(!stream->Read(&part), "FullDuplexCall says too much");
  expect(stream->Finish(), StatusCode::OK, "FullDuplexCall");
  expect_metadata(duplex);
}

void unimplemented_method(Stubs& stubs) {
  ClientContext context;
  Empty response;
  expect(stubs.test->UnimplementedCall(&context, {}, &response), StatusCode::UNIMPLEMENTED, "UnimplementedCall");
}

void unimplemented_service(Stubs& stubs) {
  ClientContext context;
  Empty response;
  expect(stubs.unimplemented->UnimplementedCall(&context, {}, &response), StatusCode::UNIMPLEMENTED,
         "UnimplementedService");
}

// `says` what the request claims of itself, `is` what it is.
Status unary(Stubs& stubs, bool says, bool is, SimpleResponse& response) {
  ClientContext context;
  if (is) context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  SimpleRequest request = large();
  request.mutable_expect_compressed()->set_value(says);
  return stubs.test->UnaryCall(&context, request, &response);
}

void client_compressed_unary(Stubs& stubs) {
  SimpleResponse response;
  expect(unary(stubs, true, false, response), StatusCode::INVALID_ARGUMENT, "the probe");
  for (const bool compressed : {true, false}) {
    expect(unary(stubs, compressed, compressed, response), StatusCode::OK, compressed ? "compressed" : "plain");
    expect_payload(response, large_response, "UnaryCall");
  }
}

void server_compressed_unary(Stubs& stubs) {
  for (const bool compressed : {true, false}) {
    ClientContext context;
    SimpleRequest request = large();
    request.mutable_response_compressed()->set_value(compressed);
    SimpleResponse response;
    expect(stubs.test->UnaryCall(&context, request, &response), StatusCode::OK, "UnaryCall");
    expect_payload(response, large_response, "UnaryCall");
    expect(came_compressed(context.c_call()) == compressed,
           compressed ? "the response is not compressed" : "the response is compressed");
  }
}

void client_compressed_streaming(Stubs& stubs) {
  const auto part = [](int size, bool says) {
    StreamingInputCallRequest request;
    fill(*request.mutable_payload(), size);
    request.mutable_expect_compressed()->set_value(says);
    return request;
  };
  StreamingInputCallResponse response;
  {
    ClientContext context;
    const auto probe = stubs.test->StreamingInputCall(&context, &response);
    probe->Write(part(27182, true));
    probe->WritesDone();
    expect(probe->Finish(), StatusCode::INVALID_ARGUMENT, "the probe");
  }
  ClientContext context;
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  const auto writer = stubs.test->StreamingInputCall(&context, &response);
  expect(writer->Write(part(27182, true)), "StreamingInputCall takes nothing");
  expect(writer->Write(part(45904, false), grpc::WriteOptions().set_no_compression()), "StreamingInputCall takes no more");
  writer->WritesDone();
  expect(writer->Finish(), StatusCode::OK, "StreamingInputCall");
  expect(response.aggregated_payload_size() == 73086, "StreamingInputCall: the sizes do not add up");
}

void server_compressed_streaming(Stubs& stubs) {
  constexpr std::pair<int, bool> parts[] = {{31415, true}, {92653, false}};
  ClientContext context;
  StreamingOutputCallRequest request;
  for (const auto& [size, compressed] : parts) {
    ResponseParameters& asked = *request.add_response_parameters();
    asked.set_size(size);
    asked.mutable_compressed()->set_value(compressed);
  }
  const auto reader = stubs.test->StreamingOutputCall(&context, request);
  StreamingOutputCallResponse response;
  for (const auto& [size, compressed] : parts) {
    expect(reader->Read(&response), "StreamingOutputCall ends early");
    expect_payload(response, size, "StreamingOutputCall");
    expect(came_compressed(context.c_call()) == compressed,
           compressed ? "a response is not compressed" : "a response is compressed");
  }
  expect(!reader->Read(&response), "StreamingOutputCall says too much");
  expect(reader->Finish(), StatusCode::OK, "StreamingOutputCall");
}

#define CASE(name) {#name, name}
const std::map<std::string_view, void (*)(Stubs&)> cases = {
    CASE(empty_unary), CASE(large_unary), CASE(client_streaming), CASE(server_streaming), CASE(ping_pong),
    CASE(empty_stream), CASE(timeout_on_sleeping_server), CASE(cancel_after_begin),
    CASE(cancel_after_first_response), CASE(status_code_and_message), CASE(special_status_message),
    CASE(custom_metadata), CASE(unimplemented_method), CASE(unimplemented_service),
    CASE(client_compressed_unary), CASE(server_compressed_unary), CASE(client_compressed_streaming),
    CASE(server_compressed_streaming)};
#undef CASE

std::string_view option(int argc, char** argv, std::string_view name) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.starts_with(name)) return argument.substr(name.size());
  }
  return "";
}

}  // namespace
}  // namespace interop

int main(int argc, char** argv) {
  using namespace interop;
  const std::string target = std::string(option(argc, argv, "--server_host=")) + ":" +
                             std::string(option(argc, argv, "--server_port="));
  const std::string_view name = option(argc, argv, "--test_case=");
  const auto found = cases.find(name);
  if (found == cases.end()) {
    return std::fputs("usage: interop_client --server_host=H --server_port=N --test_case=NAME\n", stderr), 64;
  }
  const auto channel = grpc::CreateChannel(target, grpc::InsecureChannelCredentials());
  Stubs stubs{TestService::NewStub(channel), UnimplementedService::NewStub(channel)};
  try {
    found->second(stubs);
  } catch (const std::exception& miss) {
    std::fprintf(stderr, "%s: %s\n", found->first.data(), miss.what());
    return 1;
  }
}
