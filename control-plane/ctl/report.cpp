#include "control-plane/ctl/report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/exit_code.hpp"

namespace outrider::control {
namespace {

std::string sidecars(std::size_t count) {
  return count == 1 ? "1 sidecar" : fmt::format("{} sidecars", count);
}

std::string milliseconds(double value) {
  return value < 10 ? fmt::format("{:.1f} ms", value) : fmt::format("{:.0f} ms", value);
}

std::string error_word(bool colour) { return colour ? "\x1b[1;31merror\x1b[0m" : "error"; }

void add_refusals(Report& report, const ChangeResult& result, bool colour) {
  for (const RefusalResult& refusal : result.rollout->refusals) {
    report.err += fmt::format("{}: {} refuses generation {} ({} NACK): {}\n", error_word(colour),
                              refusal.sidecar, result.generation, refusal.type, refusal.reason);
    if (!refusal.origin.empty()) report.err += fmt::format("  --> {}\n", refusal.origin);
  }
  report.err +=
      "  = note: whoever refused keeps its last good configuration; the others have the new one\n"
      "  = help: apply a corrected file, or the one before\n";
}

void add_rollout(Report& report, const ChangeResult& result, std::string_view waited_for,
                 bool colour) {
  const RolloutResult& rollout = *result.rollout;
  if (rollout.outcome == "not-waited") {
    report.out += fmt::format("generation {}: pushed, {}/{} sidecars have it so far\n",
                              result.generation, rollout.applied, rollout.total);
  } else {
    report.out +=
        fmt::format("generation {}: {}/{} sidecars applied in {}\n", result.generation,
                    rollout.applied, rollout.total, milliseconds(rollout.milliseconds));
  }
  if (!rollout.away.empty()) {
    report.out += fmt::format("{} away: {}\n", rollout.away.size(), fmt::join(rollout.away, ", "));
  }
  if (!rollout.refusals.empty()) {
    add_refusals(report, result, colour);
    report.exit_code = tool::failed;
  }
  if (rollout.outcome != "not-waited" && !rollout.pending.empty()) {
    report.err += fmt::format("{}: no answer within {} from {}: {}\n", error_word(colour),
                              waited_for, sidecars(rollout.pending.size()),
                              fmt::join(rollout.pending, ", "));
    report.exit_code = tool::failed;
  }
}

using Row = std::vector<std::string>;

// Columns as wide as their widest cell, three spaces apart, as kubectl has them.
std::string table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += i + 1 < row.size() ? fmt::format("{:<{}}   ", row[i], widths[i]) : row[i];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string cell_of(const ProxyInfo& proxy, std::string_view type) {
  for (const TypeSync& sync : proxy.types) {
    if (sync.type != type) continue;
    if (sync.version.empty()) return sync.state;
    return fmt::format("{} ({})", sync.state, sync.version);
  }
  return "-";
}

}  // namespace

std::string render_all(const std::vector<config::Diagnostic>& diagnostics, bool colour) {
  std::string text;
  std::size_t errors = 0, warnings = 0;
  for (const config::Diagnostic& diagnostic : diagnostics) {
    std::string rendered = config::render(diagnostic, colour);
    if (!rendered.ends_with('\n')) rendered += '\n';
    text += rendered + "\n";
    errors += diagnostic.level == config::Level::Error ? 1 : 0;
    warnings += diagnostic.level == config::Level::Warning ? 1 : 0;
  }
  const auto count = [](std::size_t n, std::string_view what) {
    return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
  };
  std::vector<std::string> counts;
  if (errors > 0) counts.push_back(count(errors, "error"));
  if (warnings > 0) counts.push_back(count(warnings, "warning"));
  if (!counts.empty()) text += fmt::format("{}\n", fmt::join(counts, ", "));
  return text;
}

Report report_change(const ChangeResult& result, std::string_view waited_for, bool colour) {
  Report report;
  report.err = render_all(result.diagnostics, colour);
  if (!result.error.empty()) {
    report.err += fmt::format("{}: {}\n", error_word(colour), result.error);
    report.exit_code = tool::failed;
    return report;
  }
  for (const ResourceResult& resource : result.resources) {
    report.out += fmt::format("{} {}{}\n", resource.name, resource.action,
                              result.dry_run ? " (dry run)" : "");
  }
  if (result.rollout) add_rollout(report, result, waited_for, colour);
  return report;
}

std::string proxy_table(const ProxyList& list) {
  if (list.proxies.empty()) return "no sidecar has connected yet\n";
  std::vector<Row> rows{{"NAME", "ADDRESS", "CDS", "EDS", "LDS", "RDS", "STATUS", "SINCE"}};
  std::string refusals;
  for (const ProxyInfo& proxy : list.proxies) {
    const std::string name = proxy.name + "." + proxy.ns;
    rows.push_back({name, proxy.address, cell_of(proxy, "CDS"), cell_of(proxy, "EDS"),
                    cell_of(proxy, "LDS"), cell_of(proxy, "RDS"),
                    proxy.connected ? "connected" : "away", proxy.since});
    for (const TypeSync& sync : proxy.types) {
      if (sync.state != "NACKED") continue;
      refusals += fmt::format("{} refuses {}: {}\n", name, sync.type, sync.reason);
    }
  }
  return table(rows) + (refusals.empty() ? "" : "\n" + refusals);
}

std::string resource_table(const std::vector<ResourceText>& resources, bool wide) {
  if (resources.empty()) return "no resources found\n";
  std::vector<Row> rows{{"NAMESPACE", "KIND", "NAME"}};
  if (wide) rows[0].insert(rows[0].end(), {"API VERSION", "FILE"});
  for (const ResourceText& resource : resources) {
    rows.push_back({resource.key.ns, resource.key.kind, resource.key.name});
    if (wide) {
      rows.back().push_back(resource.api_version);
      rows.back().push_back(fmt::format("{}:{}", resource.file, resource.line));
    }
  }
  return table(rows);
}

}  // namespace outrider::control
