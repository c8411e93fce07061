// Calls that are left when the program ends: finish, no-wait (after shutdown(wait=False), with
// callbacks) or late (a submit() when the end has begun).
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <tandem/futures.hpp>
#include <tandem/futures/process.hpp>
#include <tandem/multiprocessing.hpp>
#include <vector>

namespace futures = tandem::futures;
namespace mp = tandem::multiprocessing;

namespace {

void say(const std::string& line) {
  if (::write(STDOUT_FILENO, (line + "\n").c_str(), line.size() + 1) < 0) std::abort();
}

int work(int number) {
  say("worked " + std::to_string(number));
  return number;
}

futures::ProcessPoolExecutor* pool;

void late() {
  try {
    pool->submit(work, 7);
  } catch (const tandem::RuntimeError&) {
    say("RuntimeError");
  }
}

}  // namespace

int main(int argc, char** argv) {
  mp::freeze_support(argc, argv);
  const std::string_view what = argv[1];
  if (what == "late") std::atexit(late);
  pool =
      new futures::ProcessPoolExecutor({.max_workers = 1, .mp_context = mp::get_context("fork")});
  std::vector<futures::Future<int>> fs;
  for (int number = 0; number < 4; ++number) fs.push_back(pool->submit(work, number));
  if (what != "no-wait") return 0;
  for (auto& f : fs) f.add_done_callback([](const auto&) { say("called back"); });
  pool->shutdown({.wait = false});
}
