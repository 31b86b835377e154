#pragma once
// Why a peer's bytes were refused: one list for the metric, the access log and the people who read
// them. A closed set, so that no peer can multiply a label. Values; any thread.

#include <array>
#include <cstdint>
#include <string_view>

namespace outrider::protocol {

enum class Rejection : std::uint8_t {
  None,
  // HTTP/1
  MalformedHead,       // a start line or field that is not RFC 9112's
  AmbiguousFraming,    // two readings of where the message ends: request smuggling
  BadHost,             // missing, twice, or no host
  UnknownVersion,
  UnknownExpectation,
  TargetTooLong,
  MalformedBody,       // chunks, trailers
  // both
  BadPreface,          // neither an HTTP/1 request line nor HTTP/2's preface
  HeadTooLarge,        // too many fields, or too large
  MalformedMessage,    // HTTP/2: well-formed frames, but no HTTP message
  // HTTP/2, the whole connection
  ProtocolError,       // a rule of RFC 9113 or 7541, as nghttp2 checks them
  CompressionError,    // a header block that HPACK cannot decode
  EndedStream,         // a frame on a stream that its sender has ended
  TooManyStreams,      // beyond SETTINGS_MAX_CONCURRENT_STREAMS
  ResetFlood,          // the peer opens streams to reset them (CVE-2023-44487)
  BrokenStreams,       // it makes us reset streams, again and again (CVE-2025-8671)
  AckFlood,            // PING or SETTINGS, and it does not read the answers
  ControlFlood,        // frames that move no request forward
  EmptyFrames,         // DATA without data, in a row
  HeaderFlood,         // decoded header bytes of refused requests; CONTINUATION
  // time
  HandshakeTimeout,
  HeadTimeout,         // a head that never gets whole
  SettingsTimeout,     // SETTINGS without an ACK
  WriteStall,          // the peer reads nothing
  // TLS
  TlsFailure,          // a handshake that failed, a record that cannot be read
  TlsTruncated,        // an end without close_notify
  PlaintextRefused,    // mutual TLS only
  // more than we have room for
  HandshakeLimit,      // connections that have not said what they are
  ConnectionLimit,
};
inline constexpr std::size_t rejection_count = static_cast<std::size_t>(Rejection::ConnectionLimit) + 1;

// As the metric's label and %RESPONSE_CODE_DETAILS% have it.
[[nodiscard]] constexpr std::string_view token(Rejection rejection) {
  constexpr std::array<std::string_view, rejection_count> tokens = {
      "none",
      "http1_malformed_head", "http1_ambiguous_framing", "http1_bad_host", "http1_unknown_version",
      "http1_unknown_expectation", "http1_target_too_long", "http1_malformed_body",
      "bad_preface", "head_too_large", "http2_malformed_message",
      "http2_protocol_error", "http2_compression_error", "http2_ended_stream",
      "http2_too_many_streams", "http2_reset_flood", "http2_broken_streams", "http2_ack_flood",
      "http2_control_flood", "http2_empty_frames", "http2_header_flood",
      "handshake_timeout", "head_timeout", "http2_settings_timeout", "write_stall",
      "tls_failure", "tls_truncated", "plaintext_refused",
      "handshake_limit", "connection_limit"};
  return tokens[static_cast<std::size_t>(rejection)];
}

// For people. HTTP/1 refusals say more of what they found.
[[nodiscard]] constexpr std::string_view sentence(Rejection rejection) {
  switch (rejection) {
    case Rejection::None: return "nothing was refused";
    case Rejection::MalformedHead: return "the head is malformed";
    case Rejection::AmbiguousFraming: return "it is ambiguous where the message ends";
    case Rejection::BadHost: return "the host is missing or malformed";
    case Rejection::UnknownVersion: return "the version is not HTTP/1.1 or 1.0";
    case Rejection::UnknownExpectation: return "the only expectation known is 100-continue";
    case Rejection::TargetTooLong: return "the target is too long";
    case Rejection::MalformedBody: return "the body is malformed";
    case Rejection::BadPreface: return "this is no HTTP";
    case Rejection::HeadTooLarge: return "header fields are too many or too large";
    case Rejection::MalformedMessage: return "the frames make no HTTP message";
    case Rejection::ProtocolError: return "the peer broke the HTTP/2 protocol";
    case Rejection::CompressionError:
      return "a header block cannot be decoded, or holds a field beyond 64 KiB";
    case Rejection::EndedStream: return "a frame on a stream that its sender had ended";
    case Rejection::TooManyStreams: return "more streams at once than we allow";
    case Rejection::ResetFlood: return "the peer resets too many of its streams";
    case Rejection::BrokenStreams: return "too many streams had to be reset for what the peer did";
    case Rejection::AckFlood: return "the peer asks for answers and does not read them";
    case Rejection::ControlFlood: return "too many frames that move no request forward";
    case Rejection::EmptyFrames: return "too many empty DATA frames";
    case Rejection::HeaderFlood: return "too many header bytes";
    case Rejection::HandshakeTimeout: return "the handshake did not end in time";
    case Rejection::HeadTimeout: return "the request's head did not come in time";
    case Rejection::SettingsTimeout: return "SETTINGS was not acknowledged in time";
    case Rejection::WriteStall: return "the peer reads nothing";
    case Rejection::TlsFailure: return "TLS failed";
    case Rejection::TlsTruncated: return "the TLS connection was cut off";
    case Rejection::PlaintextRefused: return "this port takes mutual TLS only";
    case Rejection::HandshakeLimit: return "too many connections have not said what they are";
    case Rejection::ConnectionLimit: return "there is no room for more connections";
  }
  return "";
}

}  // namespace outrider::protocol
