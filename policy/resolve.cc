#include "policy/resolve.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

namespace customhouse::policy {
namespace {

/// Confidence for the contest: a secret takes over that of what it encloses. `order` is sorted by
/// begin, longest first; few findings can enclose one another (one per detector and view).
std::vector<Confidence> ranks(const std::vector<Finding>& findings,
                              const std::vector<std::size_t>& order,
                              const RuleSet::Implementation& rules) {
  std::vector<Confidence> rank(findings.size());
  std::vector<std::size_t> open;
  for (const std::size_t i : order) {
    const Finding& f = findings[i];
    rank[i] = f.confidence;
    std::erase_if(open, [&](std::size_t o) { return findings[o].end <= f.begin; });
    for (const std::size_t o : open) {
      if (findings[o].end >= f.end) rank[o] = std::max(rank[o], f.confidence);
    }
    const Detector* detector = rules.find(f.detector);
    const bool secret = detector != nullptr && detector->secret;
    if (secret && f.confidence >= Confidence::Medium) open.push_back(i);
  }
  return rank;
}

}  // namespace

std::vector<Finding> resolve_overlaps(std::vector<Finding> findings,
                                      const RuleSet::Implementation& rules) {
  if (findings.size() < 2) return findings;
  std::vector<std::size_t> order(findings.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    const Finding &x = findings[a], &y = findings[b];
    if (x.begin != y.begin) return x.begin < y.begin;
    return x.end != y.end ? x.end > y.end : a < b;
  });
  const std::vector<Confidence> rank = ranks(findings, order, rules);
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    if (rank[a] != rank[b]) return rank[a] > rank[b];
    const std::size_t x = findings[a].end - findings[a].begin;
    const std::size_t y = findings[b].end - findings[b].begin;
    return x != y ? x > y : a < b;
  });
  std::map<std::size_t, std::size_t> taken;  // begin -> index
  for (const std::size_t i : order) {
    const auto next = taken.lower_bound(findings[i].begin);
    if (next != taken.end() && next->first < findings[i].end) continue;
    if (next != taken.begin() && findings[std::prev(next)->second].end > findings[i].begin)
      continue;
    taken.emplace(findings[i].begin, i);
  }
  std::vector<Finding> result;
  result.reserve(taken.size());
  for (const auto& [begin, i] : taken) result.push_back(std::move(findings[i]));
  return result;
}

}  // namespace customhouse::policy
