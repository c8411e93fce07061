#include <algorithm>

#include "linearizability.hpp"

namespace tandem::conformance {

Finding check_quiescence(const History& history, const Model& model) {
  std::int64_t size = 0;
  bool closed = false;
  std::vector<std::size_t> waiting;
  for (std::size_t i = 0; i < history.size(); ++i) {
    const Operation& operation = history[i];
    if (operation.outcome == Outcome::pending) waiting.push_back(i);
    if (operation.outcome != Outcome::ok) continue;
    if (operation.kind == Kind::put) ++size;
    if (operation.kind == Kind::get) --size;
    if (operation.kind == Kind::shutdown) closed = true;
  }
  for (const std::size_t index : waiting) {
    const Kind kind = history[index].kind;
    std::string why;
    if (closed || (kind != Kind::get && kind != Kind::put))
      why = "nothing keeps it from its end";
    else if (kind == Kind::get && size > 0)
      why = "there are " + std::to_string(size) + " items to get";
    else if (kind == Kind::put && (model.capacity <= 0 || size < model.capacity))
      why = "there is room for it";
    if (!why.empty())
      return {Verdict::violation, "a lost wake-up: it waits, but " + why, {index}, history.size()};
  }
  return {Verdict::linearizable, "", {}, history.size()};
}

std::string to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::linearizable:
      return "linearizable";
    case Verdict::violation:
      return "violation";
    case Verdict::unknown:
      break;
  }
  return "unknown";
}

std::string explain(const Finding& finding, const History& history) {
  constexpr std::size_t readable = 100;
  std::string text = to_string(finding.verdict);
  if (!finding.reason.empty()) text += ": " + finding.reason;
  text += "\n  of these, in this order:";
  for (const std::size_t index : finding.witness)
    text += " T" + std::to_string(history[index].thread) + ":" + to_string(history[index]);
  if (history.size() <= readable) return text + "\n" + chart(history);
  History blamed;
  for (const std::size_t index : finding.witness) blamed.push_back(history[index]);
  blamed.resize(std::min(blamed.size(), readable));
  return text + "\n" + chart(blamed);
}

}  // namespace tandem::conformance
