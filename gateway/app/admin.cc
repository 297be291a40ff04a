#include "gateway/app/admin.h"

#include <nlohmann/json.hpp>

#include "gateway/app/config_values.h"
#include "gateway/proto/authority.h"

namespace customhouse::app {
namespace {

constexpr std::string_view kIndex =
    "Customhouse\n\n"
    "/healthz    the process answers\n"
    "/readyz     the ledger can be written and the gateway is not stopping\n"
    "/metrics    Prometheus text format\n"
    "/ca.pem     certificate that clients must trust\n"
    "/proxy.pac  proxy auto-configuration: only governed hosts go through the gateway\n"
    "/checkpoint the ledger's newest signed checkpoint\n"
    "/tile/…     the ledger's tree, for monitors (c2sp.org/tlog-tiles)\n";

net::AdminResponse text(int status, std::string body) {
  return {.status = status, .body = std::move(body)};
}

void raise_to(telemetry::Counter& counter, std::uint64_t total) {
  const std::uint64_t now = counter.value();
  if (total > now) counter.add(total - now);
}

}  // namespace

net::AdminResponse Admin::answer(const proto::RequestHead& head) {
  // A page on the web can make its own name point here (DNS rebinding) and read what we answer;
  // the Host header then bears that name.
  if (!host_allowed(head)) {
    return text(403, "the Host header must be an IP address, localhost or the listener's name\n");
  }
  const std::string_view path = std::string_view(head.target).substr(0, head.target.find('?'));
  const bool known = path == "/" || path == "/healthz" || path == "/readyz" || path == "/metrics" ||
                     path == "/ca.pem" || path == "/proxy.pac" || path == "/checkpoint" ||
                     path.starts_with("/tile/");
  if (!known) return text(404, "not found; / lists what there is\n");
  if (head.method != "GET" && head.method != "HEAD") return text(405, "only GET and HEAD\n");
  if (path == "/healthz") return text(200, "ok\n");
  if (path == "/readyz") return ready();
  if (path == "/metrics") return metrics();
  if (path == "/ca.pem") {
    return {.content_type = "application/x-pem-file", .body = sources_.ca_pem};
  }
  if (path == "/proxy.pac") return proxy_pac(head);
  if (path == "/checkpoint") return checkpoint();
  if (path.starts_with("/tile/")) return tile(path);
  return text(200, std::string(kIndex));
}

bool Admin::host_allowed(const proto::RequestHead& head) const {
  const std::string* host = head.headers.find("Host");
  if (host == nullptr || head.headers.count("Host") != 1) return false;
  const auto authority = proto::parse_authority(*host, 80);
  return authority && (authority->is_ip || authority->host == "localhost" ||
                       authority->host == sources_.listen_host);
}

net::AdminResponse Admin::ready() const {
  if (draining_.load()) return text(503, "not ready: the gateway is stopping\n");
  if (!sources_.log->healthy()) {
    return text(503, "not ready: the ledger cannot be written; run customhouse doctor\n");
  }
  return text(200, "ready\n");
}

net::AdminResponse Admin::checkpoint() const {
  auto note = sources_.log->newest_checkpoint();
  if (!note) return text(404, "no checkpoint yet; the first comes within a second\n");
  return text(200, std::move(*note));
}

net::AdminResponse Admin::tile(std::string_view path) const {
  const auto parsed = audit::TilePath::parse(path);
  if (!parsed) return text(404, "not a tile's path (c2sp.org/tlog-tiles)\n");
  if (parsed->entries && !sources_.serve_entries)
    return text(404, "records are not served; set audit.serve_entries\n");
  auto bytes = sources_.log->tile(*parsed);
  if (!bytes) return text(500, "the ledger cannot be read; run customhouse audit verify\n");
  if (!*bytes) return text(404, "the newest checkpoint covers no such tile\n");
  return {.content_type = "application/octet-stream", .body = std::move(**bytes)};
}

net::AdminResponse Admin::metrics() {
  auto& registry = *sources_.metrics;
  const auto stats = sources_.log->stats();
  {
    const std::scoped_lock lock(metrics_mutex_);
    raise_to(registry.counter("customhouse_ledger_records_total", "Records made durable."),
             stats.records);
    raise_to(registry.counter("customhouse_ledger_batches_total", "Synced writes of the ledger."),
             stats.batches);
    raise_to(registry.counter("customhouse_ledger_written_bytes_total", "Bytes of records."),
             stats.bytes);
    raise_to(registry.counter("customhouse_ledger_failures_total", "Failed writes."),
             stats.failures);
    raise_to(registry.counter("customhouse_ledger_checkpoint_failures_total",
                              "Checkpoints that could not be written to the file outside."),
             stats.checkpoint_failures);
    registry.gauge("customhouse_ledger_queue_records", "Records waiting for the commit thread.")
        .set(static_cast<std::int64_t>(stats.queue));
    registry.gauge("customhouse_ledger_healthy", "1 if the ledger can be written.")
        .set(sources_.log->healthy() ? 1 : 0);
  }
  return {.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = registry.expose()};
}

net::AdminResponse Admin::proxy_pac(const proto::RequestHead& head) const {
  auto address = parse_listen_address(proxy_);
  if (!address) return text(404, "there is no proxy listener\n");
  if (address->host == "0.0.0.0" || address->host == "::") {
    // Bound to every address: the one by which the client reached us reaches the proxy too.
    const auto asked = proto::parse_authority(*head.headers.find("Host"), 80);
    address->host = asked->host;
    address->ipv6 = asked->host.find(':') != std::string::npos;
  }
  return {.content_type = "application/x-ns-proxy-autoconfig",
          .body = app::proxy_pac(*sources_.providers(), to_string(*address))};
}

std::string proxy_pac(const provider::ProviderTable& providers, std::string_view proxy) {
  // Hosts as JSON are JavaScript literals too: nothing in the table can become code.
  nlohmann::json exact = nlohmann::json::array();
  nlohmann::json patterns = nlohmann::json::array();
  for (const auto& provider : providers.providers()) {
    for (const auto& host : provider.hosts) {
      (host.find('*') == std::string::npos ? exact : patterns).push_back(host);
    }
  }
  // The same meaning as ProviderTable::find_host: a '*' in front stands for one or more labels,
  // elsewhere for exactly one. A host that is missed here would leave unread.
  return "var exact = " + exact.dump(0) + ";\nvar patterns = " + patterns.dump(0) +
         R"(;
function matches(pattern, labels) {
  var want = pattern.split(".");
  var skip = labels.length - want.length;
  if (skip < 0 || (skip > 0 && want[0] != "*")) return false;
  for (var i = 0; i < want.length; i++) {
    if (want[i] != "*" && want[i] != labels[i + skip]) return false;
  }
  return true;
}
function governed(host) {
  for (var i = 0; i < exact.length; i++) if (host == exact[i]) return true;
  var labels = host.split(".");
  for (var j = 0; j < patterns.length; j++) if (matches(patterns[j], labels)) return true;
  return false;
}
function FindProxyForURL(url, host) {
  host = host.toLowerCase();
  if (host.charAt(host.length - 1) == ".") host = host.substring(0, host.length - 1);
  return governed(host) ? )" +
         nlohmann::json("PROXY " + std::string(proxy)).dump() + " : \"DIRECT\";\n}\n";
}

}  // namespace customhouse::app
