#pragma once
// What the messages of order_service.proto have no field for travels beside them: gRPC metadata and HTTP
// headers of the same names. This is the whole list.
namespace shop::keys {

// Asked with.
inline constexpr const char* idempotency_key = "idempotency-key";  // CreateOrder, UpdateOrder; 24 hours
inline constexpr const char* expected_revision =
    "x-expected-revision";                                       // UpdateOrder: only if it is at this one
inline constexpr const char* seen_revision = "x-seen-revision";  // StreamOrderUpdates: go on after this one
inline constexpr const char* traceparent = "traceparent";        // W3C Trace Context

// Asked with and answered with.
inline constexpr const char* consistency_token = "x-consistency-token";  // a read with it sees that write

// Answered with: initial metadata of gRPC's unary calls, trailing where it is known at the end only.
inline constexpr const char* order_revision = "x-order-revision";
inline constexpr const char* order_reason = "x-order-reason";  // why it is, or will be, CANCELLED; trailing
inline constexpr const char* order_version = "x-order-version";      // of the service: v1, v2
inline constexpr const char* next_page_token = "x-next-page-token";  // ListOrders; trailing
inline constexpr const char* replayed = "idempotency-replayed";      // "true": the first answer again

}  // namespace shop::keys
