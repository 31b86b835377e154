// What the thread sanitizer cannot see, for the libraries are not built with it. libuv closes
// descriptors by bare system calls: a file or folder opened under the same number looks like the
// socket that had it before. OpenSSL publishes what it has parsed of a shared certificate by atomics
// of its own.

extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "race:directory_iterator\nrace:std::__basic_file\nrace:libcrypto.so\n";
}
