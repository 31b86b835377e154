// What an attack costs us, measured on a real outrider-proxy process, a fresh one for each: units
// until the connection is closed, memory, CPU, and what an honest caller on another connection feels.
//
// The budget: closed by at most 1,500 units; at most 2 MiB of memory a connection of the attacker's,
// or, where answers are held, a window and the high watermark each; all but 2 MiB of it gone 5 seconds
// later; no error for the honest caller. Whole (OUTRIDER_FULL_TESTS=1), it prints the table, and the
// honest caller's p99 may at most double.

#include <fmt/format.h>
#include <sched.h>

#include <exception>
#include <functional>
#include <optional>
#include <thread>

#include "tests/conformance/attack_measures.hpp"
#include "tests/conformance/attack_table.hpp"
#include "tests/harness/process.hpp"

namespace outrider::scenario {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_units = 1'500;
constexpr std::size_t given_up_at = 20'000;
constexpr long most_left_kib = 2 * 1024;
// So that the caller's p99 shows what an attack holds up, and not that two cores are busy attacking.
constexpr auto between_attacks = 10ms;
#if defined(__SANITIZE_ADDRESS__) || defined(_GLIBCXX_TSAN)
constexpr bool memory_means_something = false;  // a sanitizer keeps what was freed
#else
constexpr bool memory_means_something = true;
#endif

struct Price {
  bool closed = false;
  std::size_t units = 0;
  int upstream = 0;  // requests that reached the application
  long growth_kib = 0, left_kib = 0;
  double cpu_ms = 0;
  Canary::Report before{}, during{};
};

// What the honest caller waits for shall be the sidecar, and not its turn on a processor. So where that is measured,
// the sidecar has a processor and the caller, with its application, another; the attacker and its application run
// on that one as well, when nobody else wants to. What is begun in there inherits it.
void on_processor(std::size_t number, const std::function<void()>& work, int policy = SCHED_OTHER) {
  if (!amount(false, true)) return work();  // limits allow some a second: on a busy machine, who yields gets nowhere
  std::exception_ptr failed;
  std::thread([&] {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(number % std::thread::hardware_concurrency(), &one);
    ::sched_setaffinity(0, sizeof(one), &one);  // 0: of this thread, on Linux
    const sched_param none{};
    ::sched_setscheduler(0, policy, &none);
    try {
      work();
    } catch (...) {
      failed = std::current_exception();
    }
  }).join();
  if (failed) std::rethrow_exception(failed);
}
void yielding(const std::function<void()>& work) { on_processor(1, work, SCHED_IDLE); }

// Sends units until the other side has had enough. A few at a time, so that they can be counted.
void run(const Attack& attack, Attacker& attacker, Price& price) {
  const std::size_t most = attack.closes ? given_up_at : attack.units;
  bool open = attacker.send(attack_opening() + attack.opening);
  while (open && price.units < most) {
    for (int few = 0; few < 10 && open && price.units < most; ++few) {
      open = attacker.send(attack.unit(static_cast<std::uint32_t>(price.units++)));
    }
    // What cannot leave shall not grow here.
    const auto stuck = std::chrono::steady_clock::now() + 2s;
    do {
      open = open && attacker.look(attack.reads, 1) && attacker.send("");
    } while (open && attack.closes && !attacker.everything_left() && std::chrono::steady_clock::now() < stuck);
    if (!attacker.everything_left()) break;
  }
  const auto end = std::chrono::steady_clock::now() + 2s;
  while (attack.closes && open && std::chrono::steady_clock::now() < end) open = attacker.look(attack.reads, 10);
  price.closed = !open;
}

// As many connections as there are units, all of them held.
void hold(const Attack& attack, const SocketAddress& to, std::list<Attacker>& held, Price& price) {
  for (; price.units < attack.units; ++price.units) {
    held.emplace_back(to, !attack.reads).send(attack.unit(static_cast<std::uint32_t>(price.units)));
  }
}

// So that pools are as large as under honest load.
void warm_up(const SocketAddress& to) {
  for (int round = 0; round < 4; ++round) {
    Attacker honest(to, false);
    honest.send(attack_opening() + honest_requests(100));
    for (int looks = 0; looks < 50; ++looks) honest.look(true, 2);
  }
}

Price measure(const Attack& attack) {
  const bool full = amount(false, true);
  // The honest caller's application is another one: what the attack's application bears is not measured.
  std::optional<App> app, other;
  yielding([&] { app.emplace(); });
  on_processor(1, [&] { other.emplace(); });
  std::optional<RealProxy> sidecar;
  on_processor(0, [&] {
    sidecar.emplace(
        [&](const SocketAddress& at) {
          return std::vector<json>{
              outbound("outbound", virtual_host({route("other", Canary::path), route("app")}), at),
              cluster("other", {other->address()}), cluster("app", {app->address()})};
        },
        std::vector<std::string>{"--workers", "1"});  // caller and attacker meet
  });
  RealProxy& proxy = *sidecar;
  const Footprint footprint(proxy.process().id());
  warm_up(proxy.entry());
  Price price;
  const int asked = app->requests;
  {
    std::optional<Canary> caller;
    on_processor(1, [&] { caller.emplace(proxy.entry()); });
    Canary& canary = *caller;
    std::this_thread::sleep_for(full ? 1500ms : 100ms);
    price.before = canary.report();
    footprint.forget_peak();
    const long rss = footprint.rss_kib();
    const double cpu = footprint.cpu_ms();
    {
      std::list<Attacker> held;
      yielding([&] {
        if (attack.each_connects) return hold(attack, proxy.entry(), held, price);
        run(attack, held.emplace_back(proxy.entry(), !attack.reads && !attack.closes), price);
      });
      // What is to be held has to be held; and of what is over, the honest caller has to feel something.
      if (!attack.closes) std::this_thread::sleep_for(1s);
      price.cpu_ms = footprint.cpu_ms() - cpu;
      const auto end = std::chrono::steady_clock::now() + 1500ms;
      yielding([&] {
        while (full && attack.closes && std::chrono::steady_clock::now() < end) {
          Price again;
          Attacker another(proxy.entry(), false);
          run(attack, another, again);
          std::this_thread::sleep_for(between_attacks);
        }
      });
      price.growth_kib = footprint.peak_kib() - rss;
      price.during = canary.report();
      price.upstream = app->requests - asked;
    }
    const auto gone = [&] { return (price.left_kib = footprint.rss_kib() - rss) <= most_left_kib; };
    if (full) std::this_thread::sleep_for(5s);
    if (memory_means_something) (void)eventually(gone, full ? 1ms : 5000ms);
  }
  CHECK(proxy.process().running());
  return price;
}

void check(const Attack& attack, const Price& price) {
  if (attack.closes) {
    CHECK(price.closed);
    CHECK(price.units <= most_units);
  }
  CHECK(price.during.errors == 0);
  if (memory_means_something) {
    CHECK(price.growth_kib <= attack.most_kib);
    CHECK(price.left_kib <= most_left_kib);
  }
  if (amount(false, true)) CHECK(price.during.p99_ms <= 2 * price.before.p99_ms);
}

}  // namespace

TEST_CASE("each attack ends within its budget of units and memory, and an honest caller gets no error") {
  if (amount(false, true)) {
    fmt::print("{:<42}{:>7}{:>10}{:>10}{:>10}{:>8}{:>9}{:>9}{:>8}\n", "attack", "units", "upstream", "peak KiB",
               "5s later", "CPU ms", "p99 ms", "under", "errors");
  }
  for (const Attack& attack : attacks()) {
    CAPTURE(attack.name);
    const Price price = measure(attack);
    check(attack, price);
    if (!amount(false, true)) continue;
    fmt::print("{:<42}{:>7}{:>10}{:>10}{:>10}{:>8.0f}{:>9.1f}{:>9.1f}{:>8}\n", attack.name,
               price.closed ? std::to_string(price.units) : "open", price.upstream, price.growth_kib, price.left_kib,
               price.cpu_ms, price.before.p99_ms, price.during.p99_ms, price.during.errors);
    std::fflush(stdout);
  }
}

}  // namespace outrider::scenario
