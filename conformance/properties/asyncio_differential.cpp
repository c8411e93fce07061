// Programs of asyncio on virtual time against CPython: everything that happens, in its order; 1e5
// programs in a soak.
#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "differential.hpp"

namespace tandem::conformance {
namespace {

using rc::gen::elementOf;

constexpr Counts programs{"programs", 200, 100'000};
constexpr int most_operations = 80;

// What an operation is called, a letter for each argument (values_of), how often it comes, and the
// feature of the reference that it needs.
struct Known {
  const char* name;
  const char* letters;
  int weight;
  const char* needs = "";
};

constexpr Known actions[] = {
    {"cancel", "nm", 12},
    {"done", "n", 2},
    {"cancelled", "n", 2},
    {"result", "n", 4},
    {"exception", "n", 4},
    {"new_future", "", 4},
    {"set_result", "nv", 6},
    {"set_exception", "ns", 2},
    {"add_done_callback", "nf", 4},
    {"remove_done_callback", "n", 2},
    {"cancel_handle", "n", 2},
    {"handle_cancelled", "n", 1},
    {"event_set", "w", 4},
    {"event_clear", "w", 2},
    {"put_nowait", "qv", 4},
    {"get_nowait", "q", 4},
    {"task_done", "q", 4},
    {"qsize", "q", 1},
    {"shutdown", "qf", 1, "asyncio.3.13"},
    {"release", "", 4},
    {"locked", "", 1},
    {"sem_release", "w", 4},
    {"cond_release", "", 2},
    {"cell", "wv", 2},
    {"variable", "", 1},
    {"set_variable", "v", 1},
    {"tasks", "", 1},
    {"raise", "s", 2},
};
constexpr Known others[] = {
    {"call_soon", "a", 2},
    {"call_later", "da", 4},
    {"call_at", "da", 2},
    {"create_task", "b", 28},
    {"group_create", "b", 12, "asyncio.3.13"},
    {"cancelling", "", 2, "asyncio.3.11"},
    {"uncancel", "", 2, "asyncio.3.13"},
    {"gather_kept", "Nf", 2, "asyncio.3.12"},
    {"shield_kept", "n", 2},
    {"reschedule", "t", 2, "asyncio.3.11"},
    {"expired", "", 2, "asyncio.3.11"},
    {"notify", "v", 2},
    {"notify_all", "", 1},
    {"sleep", "d", 28},
    {"turns", "v", 6},
    {"await", "n", 10},
    {"await_itself", "", 1},
    {"call", "b", 2},
    {"gather", "Nf", 6, "asyncio.3.12"},
    {"gather_bodies", "Bf", 6},
    {"shield", "n", 6},
    {"shield_body", "b", 4},
    {"wait", "Ntr", 6, "asyncio.3.12"},
    {"wait_for", "nt", 6, "asyncio.3.12"},
    {"wait_for_body", "bt", 6, "asyncio.3.12"},
    {"as_completed", "Nt", 4, "asyncio.3.13"},
    {"timeout", "tb", 8, "asyncio.3.11"},
    {"timeout_at", "db", 2, "asyncio.3.11"},
    {"group", "b", 10, "asyncio.3.13"},
    {"with_lock", "b", 6},
    {"acquire", "", 4},
    {"with_semaphore", "b", 6, "asyncio.3.13"},
    {"sem_acquire", "w", 4, "asyncio.3.13"},
    {"with_condition", "b", 4, "asyncio.3.13"},
    {"cond_acquire", "", 2, "asyncio.3.13"},
    {"cond_wait", "", 4, "asyncio.3.13"},
    {"cond_wait_for", "wv", 2, "asyncio.3.13"},
    {"event_wait", "w", 6},
    {"barrier_wait", "w", 4, "asyncio.3.11"},
    {"barrier_reset", "w", 1, "asyncio.3.11"},
    {"barrier_abort", "w", 1, "asyncio.3.11"},
    {"put", "qv", 8},
    {"get", "q", 8},
    {"join", "q", 2},
    {"return", "v", 2},
};

bool has(const char* feature) {
  const ReferenceRunner* reference = ReferenceRunner::find();
  return reference && (*feature == '\0' || reference->has_feature(feature));
}

// n an entry, b a body, d a delay, t a timeout, f yes or no, r return_when, q a queue, w one of
// two, v a value, s a text, m the message of a cancellation.
const std::vector<Json>& values_of(char letter) {
  static const std::map<char, std::vector<Json>> values{
      {'n', {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
      {'b', {0, 1, 2, 3, 4, 5}},
      {'d', {0, 1, 2, 3, 4}},
      {'t', {nullptr, 0, 1, 2, 3, 4}},
      {'f', {0, 1}},
      {'r', {0, 1, 2}},
      {'q', {0, 0, 1, 1, 2, 3}},
      {'w', {0, 0, 1}},
      {'v', {0, 1, 2, 3, 4, 5}},
      {'s', {"", "a", "b"}},
      {'m', has("asyncio.3.11") ? std::vector<Json>{"", "", "a", "b"} : std::vector<Json>{""}}};
  return values.at(letter);
}

rc::Gen<Json> appended(rc::Gen<Json> list, rc::Gen<Json> value) {
  return rc::gen::map(rc::gen::pair(std::move(list), std::move(value)), [](auto parts) {
    parts.first.push_back(std::move(parts.second));
    return std::move(parts.first);
  });
}

rc::Gen<Json> operation_of(std::vector<Known> known);

// A letter of values_of; N and B several; a an action.
rc::Gen<Json> argument(char letter) {
  if (letter == 'a') {
    static const std::vector<Known> known(std::begin(actions), std::end(actions));
    return operation_of(known);
  }
  if (letter != 'N' && letter != 'B') return elementOf(values_of(letter));
  const auto one = elementOf(values_of(letter == 'N' ? 'n' : 'b'));
  return rc::gen::map(rc::gen::mapcat(rc::gen::inRange<std::size_t>(1, 4),
                                      [one](std::size_t count) {
                                        return rc::gen::container<std::vector<Json>>(count, one);
                                      }),
                      [](std::vector<Json> some) { return Json(std::move(some)); });
}

rc::Gen<Json> call_of(const Known& operation) {
  rc::Gen<Json> whole = always(Json::array({operation.name}));
  for (const char letter : std::string_view(operation.letters))
    whole = appended(std::move(whole), argument(letter));
  return whole;
}

// One of those that the reference has, as often as their weights say.
rc::Gen<Json> operation_of(std::vector<Known> known) {
  std::vector<Known> all;
  for (const Known& operation : known)
    if (has(operation.needs))
      all.insert(all.end(), static_cast<std::size_t>(operation.weight), operation);
  return rc::gen::mapcat(rc::gen::inRange<std::size_t>(0, all.size()),
                         [all](std::size_t which) { return call_of(all[which]); });
}

rc::Gen<Json> operation_of_a_body() {
  std::vector<Known> known(std::begin(actions), std::end(actions));
  known.insert(known.end(), std::begin(others), std::end(others));
  const std::vector<int> bodies{0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5};
  return rc::gen::map(
      rc::gen::tuple(elementOf(bodies), operation_of(known), elementOf(std::vector{0, 1, 1, 2})),
      [](auto parts) {
        auto& [body, operation, catches] = parts;
        operation.insert(operation.begin(), body);
        if (catches) operation.push_back(Json{{"catch", catches}});
        return std::move(operation);
      });
}

TEST(AsyncioAgainstCPython, HappensInTheSameOrder) {
  const bool has_eager = has("asyncio.3.12");
  const auto head = rc::gen::map(rc::gen::inRange(0, 7), [has_eager](int which) {
    return Json{{"eager", has_eager && which == 6}};
  });
  check_against_cpython("asyncio", program_of(head, operation_of_a_body(), most_operations),
                        programs);
}

}  // namespace
}  // namespace tandem::conformance
