#include "gateway/app/config.h"

#include <unistd.h>

#include <filesystem>
#include <thread>

#include "gateway/app/config_values.h"
#include "gateway/app/files.h"
#include "gateway/app/yaml_section.h"

namespace customhouse::app {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr std::size_t kMaxConfigBytes = 1u << 20;
constexpr std::uint64_t kKiB = 1024, kMiB = 1024 * kKiB, kGiB = 1024 * kMiB;

/// Fills a Config from the parsed file. Each member reads one section.
class Loader {
 public:
  Loader(const std::string& file, Faults& faults) : faults_(faults) {
    config_.file = file;
    folder_ = folder_of(file);
  }

  Config load(const YAML::Node& root) {
    // data_dir first: other paths are relative to it, wherever they stand in the file.
    if (const Node path = root.IsMap() ? root["data_dir"] : Node(); path && path.IsScalar()) {
      config_.data_dir = resolve_path(folder_, path.Scalar());
    }
    config_.ca_certificate = in_data_dir("ca/ca.pem");
    config_.ca_private_key = in_data_dir("ca/ca.key");
    config_.audit.directory = in_data_dir("ledger");
    config_.audit.checkpoint_file = in_data_dir("checkpoints");
    config_.ledger_key = in_data_dir("ledger.key");
    read_root(root);
    check_whole(root);
    return std::move(config_);
  }

 private:
  using Node = YAML::Node;

  std::string in_data_dir(const std::string& path) const {
    return resolve_path(config_.data_dir, path);
  }

  // Readers for Key::read: where the value goes, and its range.
  auto path(std::string& out, const std::string& base) {
    return [this, &out, base](const Node& node) {
      if (auto text = read_text(faults_, node, "a path")) out = resolve_path(base, *text);
    };
  }
  template <typename T>
  auto count(T& out, std::uint64_t min, std::uint64_t max) {
    return [this, &out, min, max](const Node& node) {
      if (const auto value = read_count(faults_, node, min, max)) out = static_cast<T>(*value);
    };
  }
  template <typename T>
  auto size(T& out, std::uint64_t min, std::uint64_t max) {
    return [this, &out, min, max](const Node& node) {
      if (const auto value = read_size(faults_, node, min, max)) out = static_cast<T>(*value);
    };
  }
  auto time(milliseconds& out, milliseconds min = 1ms, milliseconds max = 24h) {
    return [this, &out, min, max](const Node& node) {
      const auto value = read_duration(faults_, node, min, max);
      if (value) out = std::chrono::duration_cast<milliseconds>(*value);
    };
  }
  auto flag(bool& out) {
    return [this, &out](const Node& node) {
      if (const auto value = read_bool(faults_, node)) out = *value;
    };
  }
  auto section(void (Loader::*read)(const Node&)) {
    return [this, read](const Node& node) { (this->*read)(node); };
  }
  auto listen_address(std::string& out) {
    return [this, &out](const Node& node) {
      const auto address = node.IsScalar() ? parse_listen_address(node.Scalar()) : std::nullopt;
      if (address) {
        out = to_string(*address);
      } else {
        faults_.add(
            node.Mark(),
            "must be an IP address and a port; write it as in 127.0.0.1:8080 or [::1]:8080");
      }
    };
  }

  void read_root(const Node& node) {
    auto& server = config_.server;
    read_map(faults_, node, "",
             {{"listen", section(&Loader::read_listen), true},
              {"data_dir", path(config_.data_dir, folder_), true},
              {"ca", section(&Loader::read_ca)},
              {"upstream", section(&Loader::read_upstream)},
              {"unlisted_hosts", section(&Loader::read_unlisted_hosts)},
              {"providers", path(config_.providers, folder_), true},
              {"policies", section(&Loader::read_policies), true},
              {"audit", section(&Loader::read_audit)},
              {"tunnel", section(&Loader::read_tunnel)},
              {"limits", section(&Loader::read_limits)},
              {"timeouts", section(&Loader::read_timeouts)},
              {"threads", count(server.threads, 0, 1024)},
              {"log_level", section(&Loader::read_log_level)}});
  }

  void read_listen(const Node& node) {
    auto& server = config_.server;
    read_map(faults_, node, "listen",
             {{"proxy", listen_address(server.listen_proxy)},
              {"api", listen_address(server.listen_api)},
              {"admin", listen_address(server.listen_admin)}});
  }

  void read_ca(const Node& node) {
    read_map(faults_, node, "ca",
             {{"certificate", path(config_.ca_certificate, config_.data_dir)},
              {"private_key", path(config_.ca_private_key, config_.data_dir)}});
  }

  void read_upstream(const Node& node) {
    auto& upstream = config_.server.upstream;
    read_map(faults_, node, "upstream",
             {{"extra_ca",
               [&](const Node& list) {
                 for (const auto& [element, text] : read_texts(faults_, list, "company-ca.pem")) {
                   upstream.extra_ca.push_back(resolve_path(folder_, text));
                 }
               }},
              {"connect_to", section(&Loader::read_connect_to)},
              {"connect_timeout", time(upstream.connect_timeout)},
              {"handshake_timeout", time(upstream.handshake_timeout)},
              {"response_head_timeout", time(upstream.response_head_timeout)},
              {"idle_timeout", time(upstream.idle_timeout)},
              {"pool_idle_timeout", time(upstream.pool_idle_timeout)},
              {"pool_size", count(upstream.pool_size, 0, 65'536)}});
  }

  void read_connect_to(const Node& node) {
    constexpr std::string_view kMend =
        "must map \"host:port\" to \"address:port\", as in {\"api.example.com:443\": "
        "\"127.0.0.1:9443\"}";
    if (!node.IsMap()) return faults_.add(node.Mark(), "`connect_to` " + std::string(kMend));
    for (const auto& entry : node) {
      const bool good = entry.first.IsScalar() && entry.second.IsScalar() &&
                        is_host_and_port(entry.first.Scalar()) &&
                        is_host_and_port(entry.second.Scalar());
      if (!good) {
        faults_.add(entry.first.Mark(), "`connect_to` " + std::string(kMend));
      } else if (!config_.server.upstream.connect_to
                      .emplace(entry.first.Scalar(), entry.second.Scalar())
                      .second) {
        faults_.add(entry.first.Mark(), "this host stands here a second time; remove one");
      }
    }
  }

  void read_unlisted_hosts(const Node& node) {
    if (const auto choice = read_choice(faults_, node, {"tunnel", "deny"})) {
      config_.server.unlisted_hosts =
          *choice == 0 ? net::UnlistedHosts::Tunnel : net::UnlistedHosts::Deny;
    }
  }

  void read_policies(const Node& node) {
    for (const auto& [element, text] : read_texts(faults_, node, "policies/default.yaml")) {
      config_.policies.push_back(resolve_path(folder_, text));
    }
    if (node.IsSequence() && node.size() == 0) {
      faults_.add(node.Mark(), "at least one policy is needed; write [policies/default.yaml]");
    }
  }

  void read_audit(const Node& node) {
    auto& audit = config_.audit;
    read_map(faults_, node, "audit",
             {{"directory", path(audit.directory, config_.data_dir)},
              {"checkpoints", path(audit.checkpoint_file, config_.data_dir)},
              {"key", path(config_.ledger_key, config_.data_dir)},
              {"origin",
               [&](const Node& value) {
                 auto text = read_text(faults_, value, "a name");
                 if (text && !audit::valid_key_name(*text)) {
                   faults_.add(value.Mark(),
                               "a log's name is printable ASCII without spaces and '+', as in "
                               "audit.example.com/gateway-1");
                 } else if (text) {
                   config_.ledger_origin = std::move(*text);
                 }
               }},
              {"serve_entries", flag(config_.serve_entries)},
              {"durability",
               [&](const Node& value) {
                 if (const auto choice = read_choice(faults_, value, {"strict", "os"})) {
                   audit.durability =
                       *choice == 0 ? audit::Durability::Strict : audit::Durability::Os;
                 }
               }},
              {"max_queue", count(audit.max_queue, 1, 1'000'000)},
              {"min_free_bytes", size(audit.min_free_bytes, kMiB, 1024 * kGiB)},
              {"linger", [&](const Node& value) {
                 if (const auto us = read_duration(faults_, value, 0us, 100ms)) {
                   audit.linger_us = static_cast<std::uint32_t>(us->count());
                 }
               }}});
  }

  void read_tunnel(const Node& node) {
    auto& server = config_.server;
    read_map(faults_, node, "tunnel",
             {{"allow_private_networks", flag(server.allow_private_networks)},
              {"ports", section(&Loader::read_ports)},
              {"idle_timeout", time(server.tunnel_idle_timeout)}});
  }

  void read_ports(const Node& node) {
    if (!node.IsSequence()) {
      return faults_.add(node.Mark(), "must be a list of ports; write [443, 80]");
    }
    config_.server.tunnel_ports.clear();
    for (const auto& element : node) {
      if (const auto port = read_count(faults_, element, 1, 65'535)) {
        config_.server.tunnel_ports.push_back(static_cast<std::uint16_t>(*port));
      }
    }
  }

  void read_limits(const Node& node) {
    auto& http = config_.server.limits;
    auto& text = config_.extraction_limits;
    read_map(
        faults_, node, "limits",
        {{"max_connections", count(config_.server.max_connections, 1, 10'000'000)},
         {"max_head_bytes", size(http.max_head_bytes, kKiB, 16 * kMiB)},
         {"max_header_count", count(http.max_header_count, 1, 10'000)},
         {"max_target_bytes", size(http.max_target_bytes, 64, 16 * kMiB)},
         {"max_body_bytes", size(http.max_body_bytes, 1, 4 * kGiB)},
         {"max_chunk_extension_bytes", size(http.max_chunk_extension_bytes, 0, kMiB)},
         {"max_trailer_bytes", size(http.max_trailer_bytes, 0, kMiB)},
         {"max_requests_per_connection", count(http.max_requests_per_connection, 1, 1'000'000'000)},
         {"max_json_depth", count(text.max_depth, 1, 10'000)},
         {"max_json_strings", count(text.max_strings, 1, 100'000'000)},
         {"max_nested_documents", count(text.max_nested_documents, 0, 64)},
         {"max_decoded_bytes", size(text.max_decoded_bytes, 1, 4 * kGiB)}});
  }

  void read_timeouts(const Node& node) {
    auto& http = config_.server.limits;
    read_map(faults_, node, "timeouts",
             {{"handshake", time(http.handshake_timeout)},
              {"head", time(http.head_timeout)},
              {"body", time(http.body_timeout)},
              {"idle", time(http.idle_timeout)},
              {"write", time(http.write_timeout)},
              {"ping_interval", time(config_.server.ping_interval)},
              {"drain", time(config_.server.drain_timeout, 0ms)}});
  }

  void read_log_level(const Node& node) {
    const std::vector<std::string_view> levels{"debug", "info", "warning", "error"};
    if (const auto choice = read_choice(faults_, node, levels)) {
      config_.log_level = levels[*choice];
    }
  }

  /// Faults that no single key shows.
  void check_whole(const Node& root) {
    const auto& server = config_.server;
    const Node listen = root.IsMap() ? root["listen"] : Node();
    if (!listen || !listen.IsMap()) return;
    if (!listen["proxy"] && !listen["api"]) {
      faults_.add(listen.Mark(), "`listen` names neither `proxy` nor `api`; add one of them");
    }
    const auto same = [](const std::string& a, const std::string& b) {
      return !a.empty() && a == b && !a.ends_with(":0");
    };
    if (same(server.listen_proxy, server.listen_api) ||
        same(server.listen_proxy, server.listen_admin) ||
        same(server.listen_api, server.listen_admin)) {
      faults_.add(listen.Mark(), "two listeners share one address; give each its own port");
    }
  }

  Faults& faults_;
  Config config_;
  std::string folder_;
};

}  // namespace

std::string to_string(const ConfigError& error) {
  std::string out = error.file;
  if (error.line > 0) {
    out += ":" + std::to_string(error.line) + ":" + std::to_string(error.column);
  }
  return out + ": " + error.what;
}

std::expected<Config, std::vector<ConfigError>> load_config(const std::string& path) {
  std::error_code error;
  const std::string file = std::filesystem::absolute(path, error).lexically_normal().string();
  const auto text = read_file(file, kMaxConfigBytes);
  if (!text) {
    const std::string what = text.error().substr(text.error().find(": ") + 2);
    return std::unexpected(std::vector{ConfigError{.file = file, .what = what}});
  }
  Faults faults(file);
  Config config;
  try {
    config = Loader(file, faults).load(YAML::Load(*text));
  } catch (const YAML::Exception& fault) {
    faults.add(fault.mark, "is not YAML: " + fault.msg);
  }
  if (!faults.empty()) return std::unexpected(faults.take());
  return config;
}

}  // namespace customhouse::app
