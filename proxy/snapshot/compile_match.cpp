// Conditions and TLS settings that several kinds of resources share.

#include <google/protobuf/message.h>

#include "proxy/snapshot/compiling.hpp"

namespace outrider::proxy::compiling {

using google::protobuf::FieldDescriptor;

Duration to_duration(const google::protobuf::Duration& duration) {
  // Beyond a hundred years there is no difference; this keeps sums of them in range.
  constexpr std::int64_t longest = 100LL * 365 * 24 * 3600;
  if (duration.seconds() >= longest) return std::chrono::seconds(longest);
  if (duration.seconds() < 0 || duration.nanos() < 0) return Duration{0};
  return std::chrono::seconds(duration.seconds()) + std::chrono::nanoseconds(duration.nanos());
}

std::string unknown_field(const google::protobuf::Message& message) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  const auto& unknown = reflection.GetUnknownFields(message);
  if (!unknown.empty()) {
    return fmt::format("{} field {}", message.GetDescriptor()->name(), unknown.field(0).number());
  }
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      const auto& inner = field->is_repeated() ? reflection.GetRepeatedMessage(message, field, i)
                                               : reflection.GetMessage(message, field);
      if (std::string found = unknown_field(inner); !found.empty()) return found;
    }
  }
  return {};
}

namespace {

std::optional<StringMatcher> made(Result<StringMatcher> matcher, std::string_view field,
                                  Report& report) {
  if (matcher) return std::move(*matcher);
  report.error(field, matcher.error().message);
  return std::nullopt;
}

}  // namespace

std::optional<StringMatcher> string_matcher(
    const envoy::type::matcher::v3::StringMatcher& matcher, std::string_view field,
    Report& report) {
  using Source = envoy::type::matcher::v3::StringMatcher;
  using Kind = StringMatcher::Kind;
  const bool ignore_case = matcher.ignore_case();
  switch (matcher.match_pattern_case()) {
    case Source::kExact:
      return made(StringMatcher::make(Kind::Exact, matcher.exact(), ignore_case), field, report);
    case Source::kPrefix:
      return made(StringMatcher::make(Kind::Prefix, matcher.prefix(), ignore_case), field, report);
    case Source::kSuffix:
      return made(StringMatcher::make(Kind::Suffix, matcher.suffix(), ignore_case), field, report);
    case Source::kContains:
      return made(StringMatcher::make(Kind::Contains, matcher.contains(), ignore_case), field, report);
    case Source::kSafeRegex:
      return made(StringMatcher::make(Kind::Regex, matcher.safe_regex().regex()), field, report);
    case Source::MATCH_PATTERN_NOT_SET:
      break;
  }
  report.error(field, "a kind of string match that is not known here");
  return std::nullopt;
}

std::optional<HeaderMatcher> header_matcher(
    const envoy::config::route::v3::HeaderMatcher& source, std::string_view field, Report& report) {
  using Source = envoy::config::route::v3::HeaderMatcher;
  using Kind = StringMatcher::Kind;
  HeaderMatcher result;
  if (source.name().empty()) {
    report.error(field, "a header match without a name");
    return std::nullopt;
  }
  result.set_name(source.name());
  if (source.name().starts_with(':') && result.subject == HeaderMatcher::Subject::Field) {
    report.error(field, fmt::format("there is no pseudo header {}", source.name()));
    return std::nullopt;
  }
  result.invert = source.invert_match();
  result.missing_is_empty = source.treat_missing_header_as_empty();
  const auto text = [&](Result<StringMatcher> matcher) -> std::optional<HeaderMatcher> {
    auto compiled = made(std::move(matcher), field, report);
    if (!compiled) return std::nullopt;
    result.kind = HeaderMatcher::Kind::Text;
    result.text = std::move(*compiled);
    return result;
  };
  switch (source.header_match_specifier_case()) {
    case Source::kExactMatch:
      return text(StringMatcher::make(Kind::Exact, source.exact_match()));
    case Source::kPrefixMatch:
      return text(StringMatcher::make(Kind::Prefix, source.prefix_match()));
    case Source::kSuffixMatch:
      return text(StringMatcher::make(Kind::Suffix, source.suffix_match()));
    case Source::kContainsMatch:
      return text(StringMatcher::make(Kind::Contains, source.contains_match()));
    case Source::kSafeRegexMatch:
      return text(StringMatcher::make(Kind::Regex, source.safe_regex_match().regex()));
    case Source::kStringMatch: {
      auto compiled = string_matcher(source.string_match(), field, report);
      if (!compiled) return std::nullopt;
      return text(std::move(*compiled));
    }
    case Source::kRangeMatch:
      result.kind = HeaderMatcher::Kind::Range;
      result.first = source.range_match().start();
      result.end = source.range_match().end();
      return result;
    case Source::kPresentMatch:
      result.present = source.present_match();
      return result;
    case Source::HEADER_MATCH_SPECIFIER_NOT_SET:
      break;
  }
  return result;  // present
}

namespace {

using envoy::extensions::transport_sockets::tls::v3::CertificateValidationContext;
using envoy::extensions::transport_sockets::tls::v3::SubjectAltNameMatcher;

std::optional<SanMatcher::Type> san_type(SubjectAltNameMatcher::SanType type) {
  if (type == SubjectAltNameMatcher::URI) return SanMatcher::Type::Uri;
  if (type == SubjectAltNameMatcher::DNS) return SanMatcher::Type::Dns;
  return std::nullopt;
}

void add_validation(const CertificateValidationContext& context, std::string_view field,
                    TlsCommon& common, Report& report) {
  if (const std::string unknown = unknown_field(context); !unknown.empty()) {
    report.error(field, fmt::format("{} is not known here, and not knowing it could accept a wrong "
                                    "certificate", unknown));
  }
  for (const auto& san : context.match_subject_alt_names()) {
    if (auto matcher = string_matcher(san, field, report)) {
      common.allowed_sans.push_back({SanMatcher::Type::Any, std::move(*matcher)});
    }
  }
  for (const auto& san : context.match_typed_subject_alt_names()) {
    const auto type = san_type(san.san_type());
    if (!type) {
      report.error(field, "only URI and DNS subject alternative names can be matched");
    } else if (auto matcher = string_matcher(san.matcher(), field, report)) {
      common.allowed_sans.push_back({*type, std::move(*matcher)});
    }
  }
}

PemSource pem_source(const envoy::config::core::v3::DataSource& source, std::string_view field,
                     Report& report) {
  using Source = envoy::config::core::v3::DataSource;
  switch (source.specifier_case()) {
    case Source::kFilename: return {source.filename(), {}};
    case Source::kInlineBytes: return {{}, source.inline_bytes()};
    case Source::kInlineString: return {{}, source.inline_string()};
    default:
      report.error(field, "certificates, keys and roots come from filename, inline_bytes or inline_string");
      return {};
  }
}

}  // namespace

TlsCommon tls_common(const envoy::extensions::transport_sockets::tls::v3::CommonTlsContext& context,
                     std::string_view field, Report& report) {
  using Source = envoy::extensions::transport_sockets::tls::v3::CommonTlsContext;
  TlsCommon common;
  common.alpn.assign(context.alpn_protocols().begin(), context.alpn_protocols().end());
  if (context.tls_certificates_size() > 1) report.error(field, "one of tls_certificates is supported");
  if (context.tls_certificates_size() > 0) {
    const auto& own = context.tls_certificates(0);
    common.own = CertificateSource{pem_source(own.certificate_chain(), field, report),
                                   pem_source(own.private_key(), field, report)};
  }
  if (context.tls_certificate_sds_secret_configs_size() > 0) {
    common.certificate_name = context.tls_certificate_sds_secret_configs(0).name();
  }
  common.verifies = true;
  switch (context.validation_context_type_case()) {
    case Source::kValidationContext:
      add_validation(context.validation_context(), field, common, report);
      if (context.validation_context().has_trusted_ca()) {
        common.roots = pem_source(context.validation_context().trusted_ca(), field, report);
      }
      break;
    case Source::kValidationContextSdsSecretConfig:
      common.trust_name = context.validation_context_sds_secret_config().name();
      break;
    case Source::kCombinedValidationContext: {
      const auto& combined = context.combined_validation_context();
      add_validation(combined.default_validation_context(), field, common, report);
      common.trust_name = combined.validation_context_sds_secret_config().name();
      break;
    }
    case Source::VALIDATION_CONTEXT_TYPE_NOT_SET:
      common.verifies = false;
      break;
  }
  return common;
}

}  // namespace outrider::proxy::compiling
