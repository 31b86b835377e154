// The server of gRPC's interoperability tests, on grpc++: 14 core cases and 4 of compression, as
// the public test descriptions have them.
//   interop_server --listen=IP:PORT

#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <string>
#include <string_view>

#include "interop.grpc.pb.h"
#include "tests/conformance/interop/compression.hpp"

namespace interop {
namespace {

using namespace grpc::testing;
using grpc::ServerContext;
using grpc::Status;

void echo_metadata(ServerContext& context) {
  const auto echo = [&](const char* name, auto add) {
    const auto found = context.client_metadata().find(name);
    if (found != context.client_metadata().end()) {
      add(name, std::string(found->second.data(), found->second.size()));
    }
  };
  echo("x-grpc-test-echo-initial", [&](auto name, auto value) { context.AddInitialMetadata(name, value); });
  echo("x-grpc-test-echo-trailing-bin", [&](auto name, auto value) { context.AddTrailingMetadata(name, value); });
}

template <typename Request>
bool as_promised(ServerContext& context, const Request& request) {
  return !request.has_expect_compressed() ||
         request.expect_compressed().value() == came_compressed(context.c_call());
}

Status broken_promise() {
  return {grpc::StatusCode::INVALID_ARGUMENT, "compressed where it was not to be, or the reverse"};
}

Status wanted(const EchoStatus& status) {
  return {static_cast<grpc::StatusCode>(status.code()), status.message()};
}

void fill(Payload& payload, std::int32_t size) { payload.set_body(std::string(static_cast<std::size_t>(size), '\0')); }

class Service final : public TestService::Service {
  Status EmptyCall(ServerContext*, const Empty*, Empty*) override { return Status::OK; }

  Status UnaryCall(ServerContext* context, const SimpleRequest* request, SimpleResponse* response) override {
    echo_metadata(*context);
    if (!as_promised(*context, *request)) return broken_promise();
    if (request->response_status().code() != 0) return wanted(request->response_status());
    if (request->response_compressed().value()) context->set_compression_algorithm(GRPC_COMPRESS_GZIP);
    fill(*response->mutable_payload(), request->response_size());
    return Status::OK;
  }

  Status StreamingOutputCall(ServerContext* context, const StreamingOutputCallRequest* request,
                             grpc::ServerWriter<StreamingOutputCallResponse>* writer) override {
    context->set_compression_algorithm(GRPC_COMPRESS_GZIP);
    return answer(*request, *writer);
  }

  Status StreamingInputCall(ServerContext* context, grpc::ServerReader<StreamingInputCallRequest>* reader,
                            StreamingInputCallResponse* response) override {
    StreamingInputCallRequest request;
    std::size_t total = 0;
    while (reader->Read(&request)) {
      if (!as_promised(*context, request)) return broken_promise();
      total += request.payload().body().size();
    }
    response->set_aggregated_payload_size(static_cast<std::int32_t>(total));
    return Status::OK;
  }

  Status FullDuplexCall(ServerContext* context,
                        grpc::ServerReaderWriter<StreamingOutputCallResponse, StreamingOutputCallRequest>* stream) override {
    echo_metadata(*context);
    StreamingOutputCallRequest request;
    while (stream->Read(&request)) {
      if (request.response_status().code() != 0) return wanted(request.response_status());
      if (Status status = answer(request, *stream); !status.ok()) return status;
    }
    return Status::OK;
  }

  template <typename Writer>
  static Status answer(const StreamingOutputCallRequest& request, Writer& writer) {
    for (const ResponseParameters& asked : request.response_parameters()) {
      StreamingOutputCallResponse response;
      fill(*response.mutable_payload(), asked.size());
      grpc::WriteOptions options;
      if (!asked.compressed().value()) options.set_no_compression();
      if (!writer.Write(response, options)) return {grpc::StatusCode::CANCELLED, "the caller is gone"};
    }
    return Status::OK;
  }
};

}  // namespace
}  // namespace interop

int main(int argc, char** argv) {
  const std::string_view argument = argc > 1 ? argv[1] : "";
  if (!argument.starts_with("--listen=")) return std::fputs("usage: interop_server --listen=IP:PORT\n", stderr), 64;
  interop::Service service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(std::string(argument.substr(9)), grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  if (!server) return std::fputs("interop_server: cannot listen there\n", stderr), 1;
  server->Wait();
}
