// Children against CPython's: what they are given, and how they end; 4e4 of them in a soak.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "differential.hpp"

namespace tandem::conformance {
namespace {

using rc::gen::element;
using rc::gen::inRange;
using rc::gen::weightedOneOf;

constexpr Counts children{"children", 400, 40'000};

// All bytes; zero is rare, for it is refused.
rc::Gen<char> byte() {
  const auto any = rc::gen::map(inRange(1, 256), [](int code) { return static_cast<char>(code); });
  return weightedOneOf<char>({{100, any},
                              {100, rc::gen::elementOf(std::string(" '\"\\$*=\n\r\t"))},
                              {1, rc::gen::just('\0')}});
}

rc::Gen<Json> list_of(rc::Gen<Json> part) {
  return rc::gen::map(rc::gen::resize(8, rc::gen::container<std::vector<Json>>(std::move(part))),
                      [](std::vector<Json> some) { return Json(std::move(some)); });
}

// Each so often that there are up to 2,000 words, and up to 10 MB to read.
rc::Gen<Json> times(int most) {
  const auto some = [](int limit) {
    return rc::gen::map(inRange(0, limit), [](int number) { return Json(number); });
  };
  return weightedOneOf<Json>({{6, some(4)}, {1, some(most)}});
}

TEST(ChildrenAgainstCPython, ObserveTheSame) {
  const bool is_soak = count_of(children) > children.unit;
  const auto text = text_of(byte());
  // Neither empty nor with an equals sign, which subprocess.popen.env.invalid-name tries:
  // since 3.13 the answer depends on which system call is used.
  const auto name = rc::gen::map(text, [](const Json& some) {
    std::string valid = "n" + some.get<std::string>();
    std::replace(valid.begin(), valid.end(), '=', 'n');
    return Json(std::move(valid));
  });
  const auto place = rc::gen::map(element<std::string>("/", "/etc", "/tmp/..", "/proc/self/root",
                                                       "/no/such/place", "/etc/passwd", ""),
                                  [](std::string path) { return Json(std::move(path)); });
  const auto code = rc::gen::map(inRange(0, 256), [](int number) { return Json(number); });
  const auto signal = rc::gen::map(element(1, 2, 3, 6, 9, 13, 14, 15, 34, 40, 64),
                                   [](int number) { return Json(number); });
  const auto size = times(is_soak ? 2'000'000 : 200'000);
  const auto operation = weightedOneOf<Json>({
      {6, array_of(always("words"), list_of(text), times(250))},
      {4, array_of(always("environment"), list_of(array_of(name, text)))},
      {2, array_of(always("directory"), place)},
      {4, array_of(always("input"), text, times(is_soak ? 100'000 : 10'000))},
      {2, array_of(always("captured"), size, size)},
      {2, array_of(always("exit"), code)},
      {2, array_of(always("signal"), signal)},
  });
  check_against_cpython("child", program_of(always(Json::object()), operation), children);
}

}  // namespace
}  // namespace tandem::conformance
