#include <algorithm>
#include <optional>
#include <tandem/multiprocessing.hpp>
#include <utility>
#include <vector>

#include "programs.hpp"

namespace tandem::conformance {
namespace {

namespace mp = multiprocessing;
using Numbers = std::vector<int>;

int double_it(int number) { return 2 * number; }
int fail_odd(int number) {
  if (number % 2 != 0) throw ValueError("odd " + std::to_string(number));
  return number;
}
int add(int a, int b) { return a + b; }

std::optional<std::size_t> chunksize(const Step& step) {
  if (!step.options.contains("chunksize")) return {};
  return step.options.at("chunksize").get<std::size_t>();
}

// An error of a call is its type.
template <class Get>
Json settled(Get get) {
  try {
    return get();
  } catch (const ValueError& error) {
    if (!std::string_view(error.what()).starts_with("odd")) throw;
    return "ValueError";
  }
}

Json each(mp::IMapIterator<int> results) {
  Json seen = Json::array();
  for (;;) try {
      const std::optional<int> result = results.next();
      if (!result) return seen;
      seen.push_back(*result);
    } catch (const ValueError&) {
      seen.push_back("ValueError");
    }
}

class PoolProgram {
 public:
  explicit PoolProgram(const Json& program) : pool_(options(program)) {}

  Json run(const Step& step) {
    if (step.name == "starmap")
      return pool_.starmap(add, step.argument<std::vector<std::pair<int, int>>>(0),
                           chunksize(step));
    if (step.name == "imap_unordered") {
      Json results = each(
          pool_.imap_unordered(double_it, step.argument<Numbers>(0), chunksize(step).value_or(1)));
      std::sort(results.begin(), results.end());
      return results;
    }
    if (step.name == "close") return pool_.close(), Json();
    if (step.name == "terminate") return pool_.terminate(), Json();
    return call(step, step.arguments.at(0) == "double" ? double_it : fail_odd);
  }

 private:
  static mp::PoolOptions options(const Json& program) {
    mp::PoolOptions options{.processes = program.at("processes").get<int>(),
                            .context = mp::get_context("fork")};
    const Json& tasks = program.at("maxtasksperchild");
    if (!tasks.is_null()) options.maxtasksperchild = tasks.get<int>();
    return options;
  }

  Json call(const Step& step, int (*function)(int)) {
    if (step.name == "apply") return pool_.apply(function, step.argument<int>(1));
    const auto numbers = step.argument<Numbers>(1);
    if (step.name == "map")
      return settled([&] { return pool_.map(function, numbers, chunksize(step)); });
    if (step.name == "map_async") {
      const auto result = pool_.map_async(function, numbers, chunksize(step));
      Json results = settled([&] { return result.get(); });
      return {std::move(results), result.ready(), result.successful()};
    }
    if (step.name == "imap")
      return each(pool_.imap(function, numbers, chunksize(step).value_or(1)));
    if (step.name != "apply_async") throw BadProgram("unknown operation '" + step.name + "'");
    std::vector<mp::AsyncResult<int>> results;
    for (const int number : numbers) results.push_back(pool_.apply_async(function, number));
    Json all = Json::array();
    for (const auto& result : results) all.push_back(settled([&] { return result.get(); }));
    return all;
  }

  mp::Pool pool_;
};

}  // namespace

Json run_pool(const Json& program) {
  PoolProgram pool(program);
  return observed_each(program, [&](const Step& step) { return pool.run(step); });
}

}  // namespace tandem::conformance
