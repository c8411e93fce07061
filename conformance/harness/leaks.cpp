#include "conformance/harness/leaks.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <thread>

#include "conformance/harness/named_memory.hpp"
#include "conformance/harness/times.hpp"

namespace {
bool memory_is_checked_at_exit = true;
}  // namespace

// Asked by the leak sanitizer, where there is one.
extern "C" __attribute__((visibility("default"))) int __lsan_is_turned_off();
extern "C" int __lsan_is_turned_off() { return memory_is_checked_at_exit ? 0 : 1; }

namespace tandem::conformance {

void do_not_check_memory_at_exit() noexcept { memory_is_checked_at_exit = false; }

namespace {

namespace fs = std::filesystem;

// The descriptor that reads the listing is in the listing; it is closed when its link is read.
std::vector<std::string> open_descriptors() {
  std::vector<std::string> numbers;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd", error)) {
    numbers.push_back(entry.path().filename());
  }
  std::vector<std::string> open;
  for (const auto& number : numbers) {
    const auto target = fs::read_symlink("/proc/self/fd/" + number, error);
    if (!error) open.push_back(number + " -> " + target.string());
  }
  std::sort(open.begin(), open.end());
  return open;
}

// Of a thread below /proc/self/task, or of a process below /proc.
std::string numbered_name(const fs::path& task) {
  std::ifstream file(task / "comm");
  std::string name;
  std::getline(file, name);
  return task.filename().string() + " (" + name + ")";
}

std::vector<std::string> running_threads() {
  std::vector<std::string> threads;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc/self/task", error)) {
    threads.push_back(numbered_name(entry.path()));
  }
  std::sort(threads.begin(), threads.end());
  return threads;
}

// A child belongs to the thread that has started it, as long as that lives.
std::vector<std::string> own_children() {
  std::vector<std::string> children;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc/self/task", error)) {
    std::ifstream file(entry.path() / "children");
    for (std::string number; file >> number;) {
      children.push_back(numbered_name("/proc/" + number));
    }
  }
  std::sort(children.begin(), children.end());
  return children;
}

void say_new(const std::vector<std::string>& before, const std::vector<std::string>& after,
             const std::string& what, std::vector<std::string>& said) {
  std::vector<std::string> fresh;
  std::set_difference(after.begin(), after.end(), before.begin(), before.end(),
                      std::back_inserter(fresh));
  for (const auto& one : fresh) said.push_back(what + " " + one);
}

std::vector<std::string> held_since(const Holdings& before) {
  const Holdings after = holdings_now();
  std::vector<std::string> said;
  say_new(before.descriptors, after.descriptors, "descriptor", said);
  // A thread may rename itself, so a count decides and the names only explain.
  if (after.threads.size() > before.threads.size()) {
    say_new(before.threads, after.threads, "thread", said);
  }
  // The program that a child executes may be another one by now.
  if (after.children.size() > before.children.size()) {
    say_new(before.children, after.children, "child", said);
  }
  say_new(before.memory, after.memory, "shared memory", said);
  return said;
}

}  // namespace

Holdings holdings_now() {
  return {open_descriptors(), running_threads(), own_children(), shared_memory_left()};
}

std::vector<std::string> leaked_since(const Holdings& before) {
  const auto deadline = now() + times::may_expire;
  auto leaked = held_since(before);
  while (!leaked.empty() && now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    leaked = held_since(before);
  }
  return leaked;
}

}  // namespace tandem::conformance
