#include "hunt.hpp"

#include <rapidcheck.h>

#include "smaller.hpp"

namespace tandem::conformance {
namespace {

rc::Gen<Verbs> program(const Target& target, const Hunt& hunt) {
  const auto verb = rc::gen::inRange<Verb>(0, static_cast<Verb>(target.verbs.size()));
  return rc::gen::mapcat(
      rc::gen::inRange<std::size_t>(1, hunt.operations + 1),
      [verb](std::size_t count) { return rc::gen::container<Verbs>(count, verb); });
}

rc::Gen<std::vector<Verbs>> programs(const Target& target, const Hunt& hunt) {
  const auto one = program(target, hunt);
  return rc::gen::mapcat(
      rc::gen::inRange<std::size_t>(2, hunt.threads + 1),
      [one](std::size_t count) { return rc::gen::container<std::vector<Verbs>>(count, one); });
}

// Few preemptions: most bugs need no more.
rc::Gen<Schedule> schedule() {
  constexpr std::size_t longest = 150;
  const auto choice = rc::gen::weightedOneOf<std::uint8_t>(
      {{15, rc::gen::just<std::uint8_t>(0)}, {1, rc::gen::inRange<std::uint8_t>(1, 4)}});
  return rc::gen::mapcat(rc::gen::inRange<std::size_t>(0, longest), [choice](std::size_t length) {
    return rc::gen::container<Schedule>(length, choice);
  });
}

rc::Gen<Trial> trial(const Target& target, const Hunt& hunt) {
  const auto made = rc::gen::map(rc::gen::pair(programs(target, hunt), schedule()),
                                 [](std::pair<std::vector<Verbs>, Schedule> both) {
                                   return Trial{std::move(both.first), std::move(both.second)};
                                 });
  return rc::gen::shrink(rc::gen::noShrink(made),
                         [](const Trial& large) { return rc::seq::fromContainer(smaller(large)); });
}

}  // namespace

Hunted hunt(const Target& target, const Hunt& hunt) {
  Explorer explorer(target, hunt.options);
  std::optional<Failure> smallest;
  const auto survives = [&] {
    const Trial made = *trial(target, hunt);
    // The first run of all is one without preemptions: it initialises what is static.
    auto failure = explorer.portfolio(made.programs, hunt.seed, hunt.schedules);
    if (!failure) failure = explorer.attempt(made);
    if (!failure) return;
    smallest = std::move(failure);  // RapidCheck keeps what fails, so the last one is the smallest
    RC_FAIL("");
  };
  rc::detail::TestParams params;
  params.seed = hunt.seed;
  params.maxSuccess = hunt.programs;
  rc::detail::checkTestable(survives, rc::detail::TestMetadata{}, params);
  if (smallest) smallest = explorer.minimised(*std::move(smallest));
  return {std::move(smallest), explorer.runs()};
}

}  // namespace tandem::conformance
