// What the thread sanitizer cannot see: libuv closes descriptors by a bare system call, so that a
// folder opened under the same number looks like the socket that had it before.

extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() { return "race:^closedir$\n"; }
