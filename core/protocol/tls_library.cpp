#include "core/protocol/tls_library.hpp"

#include <openssl/core_dispatch.h>
#include <openssl/crypto.h>
#include <openssl/provider.h>

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace outrider::protocol {
namespace {

OSSL_PROVIDER* whole = nullptr;  // OpenSSL's default provider

// Those of a kind whose first name is one of `names`, and their property `with`; as OpenSSL wants lists, with an empty
// one at the end.
std::vector<OSSL_ALGORITHM> some_of(int kind, std::initializer_list<std::string_view> names, std::string_view with) {
  std::vector<OSSL_ALGORITHM> some;
  int uncached = 0;
  const OSSL_ALGORITHM* offered = OSSL_PROVIDER_query_operation(whole, kind, &uncached);
  for (; offered && offered->algorithm_names; ++offered) {
    const std::string_view all = offered->algorithm_names;
    const bool named = std::ranges::find(names, all.substr(0, all.find(':'))) != names.end();
    if (named && std::string_view(offered->property_definition).find(with) != std::string_view::npos) some.push_back(*offered);
  }
  some.push_back({});
  return some;
}

const OSSL_ALGORITHM* offer(void*, int kind, int* uncached) {
  static const auto decoders =
      some_of(OSSL_OP_DECODER, {"EC", "RSA", "RSA-PSS", "ED25519", "ED448"}, "structure=SubjectPublicKeyInfo");
  static const auto keys = some_of(
      OSSL_OP_KEYMGMT, {"EC", "RSA", "RSA-PSS", "ED25519", "ED448", "X25519", "HKDF", "TLS1-PRF", "HMAC"}, "");
  *uncached = 0;
  if (kind == OSSL_OP_DECODER) return decoders.data();
  if (kind == OSSL_OP_KEYMGMT) return keys.data();
  return OSSL_PROVIDER_query_operation(whole, kind, uncached);
}

// TLS asks for its groups here.
int capabilities(void*, const char* name, OSSL_CALLBACK* callback, void* argument) {
  return OSSL_PROVIDER_get_capabilities(whole, name, callback, argument);
}

int begin(const OSSL_CORE_HANDLE*, const OSSL_DISPATCH*, const OSSL_DISPATCH** functions, void** context) {
  static const OSSL_DISPATCH ours[] = {
      {OSSL_FUNC_PROVIDER_QUERY_OPERATION, reinterpret_cast<void (*)()>(offer)},
      {OSSL_FUNC_PROVIDER_GET_CAPABILITIES, reinterpret_cast<void (*)()>(capabilities)},
      {0, nullptr},
  };
  *functions = ours;
  *context = OSSL_PROVIDER_get0_provider_ctx(whole);  // the algorithms are its own, and so is what they work on
  return 1;
}

OSSL_LIB_CTX* make() {
  constexpr unsigned long keeps_lists = 0x30200000;
  if (OpenSSL_version_num() >= keeps_lists) return nullptr;
  whole = OSSL_PROVIDER_load(nullptr, "default");
  OSSL_LIB_CTX* library = whole ? OSSL_LIB_CTX_new() : nullptr;
  if (library && OSSL_PROVIDER_add_builtin(library, "outrider", begin) == 1 && OSSL_PROVIDER_load(library, "outrider")) return library;
  OSSL_LIB_CTX_free(library);
  return nullptr;
}

}  // namespace

OSSL_LIB_CTX* tls_library() {
  static OSSL_LIB_CTX* const library = make();
  return library;
}

}  // namespace outrider::protocol
