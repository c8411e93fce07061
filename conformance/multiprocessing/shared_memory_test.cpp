// multiprocessing.shared_memory: SharedMemory and ShareableList. Names are shown as NAME.
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <initializer_list>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "conformance/multiprocessing/support.hpp"

using namespace tandem::conformance;
using mp::shared_memory::Shareable;
using mp::shared_memory::ShareableList;
using mp::shared_memory::SharedMemory;
using mp::shared_memory::SharedMemoryOptions;

namespace {

// A new block, gone at the end of the case.
class Block {
 public:
  explicit Block(std::int64_t size, std::optional<std::string> name = {})
      : memory({.name = std::move(name), .create = true, .size = size}) {}
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block() {
    memory.close();
    raised([&] { memory.unlink(); });
  }

  const SharedMemory memory;
};

SharedMemory attached(const std::string& name, std::int64_t size = 0) {
  return SharedMemory({.name = name, .size = size});
}

std::string name_of_ones_own() { return "tandem-case-" + std::to_string(::getpid()); }

std::string shown(std::string text, const std::string& name) {
  for (const std::string& form : {"/" + name, name})
    for (std::size_t at; (at = text.find(form)) != text.npos;)
      text.replace(at, form.size(), "NAME");
  return text;
}

int byte(const SharedMemory& memory, std::size_t index) {
  return std::to_integer<int>(memory.buf()[index]);
}
void byte(const SharedMemory& memory, std::size_t index, int value) {
  memory.buf()[index] = static_cast<std::byte>(value);
}
int sum(const SharedMemory& memory, std::size_t count) {
  int total = 0;
  for (std::size_t index = 0; index < count; ++index) total += byte(memory, index);
  return total;
}
std::string text(const SharedMemory& memory, std::size_t begin, std::size_t end) {
  std::string bytes;
  for (std::size_t index = begin; index < end; ++index)
    bytes += static_cast<char>(byte(memory, index));
  return bytes;
}
void write(const SharedMemory& memory, std::size_t begin, const std::string& bytes) {
  for (std::size_t index = 0; index < bytes.size(); ++index)
    byte(memory, begin + index, bytes[index]);
}

void write_by_name(const std::string& name) {
  const SharedMemory memory(name);
  byte(memory, 0, byte(memory, 0) + 1);
  write(memory, 5, "there");
  memory.close();
}

void write_to(const SharedMemory& memory, std::size_t size) {
  byte(memory, 0, byte(memory, 0) + (memory.size() == size));
  write(memory, 5, "given");
  memory.close();
}

void create_and_wait(const std::string& name, const std::string& gate) {
  const SharedMemory memory({.name = name, .create = true, .size = 64});
  enter(gate);
  mp::Event().wait();
}

void attach_and_wait(const std::string& name, const std::string& gate) {
  const SharedMemory memory(name);
  enter(gate);
  mp::Event().wait();
}

bool there(const std::string& name) {
  return raised([&] { SharedMemory{name}; }) == "nothing";
}

bool gone_in_time(const std::string& name) {
  const auto deadline = now() + times::must_not_expire;
  while (there(name))
    if (now() > deadline) return false;
  return true;
}

// The tracker, as soon as no signals have to wait for it.
int only_child() {
  int pid = 0;
  std::ifstream("/proc/thread-self/children") >> pid;
  for (std::string blocked; blocked.find_first_not_of('0') != blocked.npos || blocked.empty();) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string word; status >> word && word != "SigBlk:";) {
    }
    if (!(status >> blocked)) throw std::runtime_error("there is no tracker");
  }
  return pid;
}

// Of these signals, one after the other.
int what_ends(int pid, std::initializer_list<int> signals) {
  for (const int number : signals) checked(::kill(pid, number));
  siginfo_t info{};
  checked(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT));
  return info.si_status;
}

void create_around_a_death(const std::string& name, const std::string& gate) {
  const SharedMemory before({.name = name + "-before", .create = true, .size = 64});
  what_ends(only_child(), {SIGKILL});
  const SharedMemory after({.name = name + "-after", .create = true, .size = 64});
  enter(gate);
  mp::Event().wait();
}

// A new list, gone at the end of the case.
class List {
 public:
  explicit List(std::vector<Shareable> items) : list(std::move(items)) {}
  List(const List&) = delete;
  List& operator=(const List&) = delete;
  ~List() {
    list.shm().close();
    raised([&] { list.shm().unlink(); });
  }
  const ShareableList* operator->() const { return &list; }

  const ShareableList list;
};

std::vector<Shareable> everything() {
  return {"howdy", "HoWdY", -273.154, std::int64_t{100}, std::monostate(), true, std::int64_t{42}};
}
Shareable number(std::int64_t value) { return value; }

std::string item(const Shareable& value, bool quoted = true) {
  return std::visit([&](const auto& held) { return quoted ? repr(held) : str(held); }, value);
}
std::string all(const ShareableList& list) {
  std::string items;
  for (const Shareable& value : list.values()) items += (items.empty() ? "" : ", ") + item(value);
  return "[" + items + "]";
}

void change_list(const std::string& name) {
  const ShareableList list = ShareableList::attach(name);
  list.set(0, list.get<std::int64_t>(0) + 1);
  list.set(1, "there");
  list.shm().close();
}

}  // namespace

CASE("multiprocessing.shared-memory.create", "new memory, all zero") {
  const std::string name = name_of_ones_own();
  const Block first(512), second(512), named(100000, name);
  Log{first.memory.size() >= 512, sum(first.memory, 512),
      first.memory.name() != second.memory.name(), first.memory.name() != ""};
  Log{named.memory.name() == name, named.memory.size() >= 100000, sum(named.memory, 100000)};
  byte(first.memory, 0, 42);
  byte(first.memory, 511, 7);
  Log{byte(first.memory, 0), byte(first.memory, 511), byte(second.memory, 0)};
}

CASE("multiprocessing.shared-memory.attach", "the same memory") {
  const Block block(512);
  const SharedMemory& memory = block.memory;
  write(memory, 0, "abcd");
  const SharedMemory same = attached(memory.name());
  const SharedMemory larger =
      attached(memory.name(), static_cast<std::int64_t>(memory.size()) + 1000);
  Log{text(same, 0, 4), same.size() == memory.size(), larger.size() == memory.size()};
  byte(same, 1, 'X');
  Log{text(memory, 0, 4), text(larger, 0, 4)};
}

CASE("multiprocessing.shared-memory.create.exists", "a name is there once") {
  const std::string name = name_of_ones_own();
  const Block block(64, name);
  byte(block.memory, 0, 9);
  log(shown(raised([&] { SharedMemory({.name = name, .create = true, .size = 128}); }), name));
  Log{byte(block.memory, 0), byte(attached(name), 0)};
}

CASE("multiprocessing.shared-memory.attach.missing", "there is none of that name") {
  const std::string name = name_of_ones_own();
  log(shown(raised([&] { attached(name); }), name));
}

CASE("multiprocessing.shared-memory.create.invalid", "what makes no sense") {
  const auto made = [](SharedMemoryOptions options) {
    return raised([&] { SharedMemory{options}; });
  };
  log(made({.create = true, .size = -1}));
  Log{made({.create = true, .size = 0}), made({.create = true})};
  log(made({}));
}

CASE("multiprocessing.shared-memory.name.null", "no null character in a name") {
  const std::string name = name_of_ones_own();
  const std::string longer = name + '\0' + "a";
  const Block block(64, name);
  log(raised([&] { attached(longer); }));
  log(raised([&] { SharedMemory{{.name = longer, .create = true, .size = 64}}; }));
}

CASE("multiprocessing.shared-memory.unlink", "the name is gone, the memory is not") {
  const std::string name = name_of_ones_own();
  const Block block(64, name);
  const SharedMemory same = attached(name);
  block.memory.unlink();
  log(shown(raised([&] { attached(name); }), name));
  byte(same, 3, 5);
  log(byte(block.memory, 3));
  log(shown(raised([&] { block.memory.unlink(); }), name));
}

CASE("multiprocessing.shared-memory.close", "ends this access") {
  const std::string name = name_of_ones_own();
  const Block block(64, name);
  const SharedMemory same = attached(name);
  byte(same, 0, 3);
  same.close();
  same.close();
  log(byte(block.memory, 0));
  block.memory.close();
  const SharedMemory again = attached(name);
  log(byte(again, 0));
  block.memory.unlink();
  again.close();
  log(raised([&] { again.close(); }));
  EXPECT_TRUE(again.buf().empty());
}

CASE("multiprocessing.shared-memory.dropped", "closed, but not unlinked") {
  const std::string name = name_of_ones_own();
  const Block block(64, name);
  write_by_name(name);
  { attached(name); }
  Log{byte(attached(name), 0), byte(block.memory, 0)};
}

CASE("multiprocessing.shared-memory.processes.by-name", "written there, seen here") {
  each_method([](const mp::Context& context) {
    const Block block(64);
    byte(block.memory, 0, 1);
    Log{run(context, write_by_name, block.memory.name()), byte(block.memory, 0),
        text(block.memory, 5, 10)};
  });
}

CASE("multiprocessing.shared-memory.processes.as-argument", "given to a process") {
  each_method([](const mp::Context& context) {
    const Block block(64);
    Log{run(context, write_to, block.memory, block.memory.size()), byte(block.memory, 0),
        text(block.memory, 5, 10)};
  });
}

CASE("multiprocessing.shared-memory.owner-killed", "the name goes with its maker") {
  const std::string name = name_of_ones_own();
  for (const char* const method : start_methods) {
    const Folder folder;
    const std::string gate = folder.gate("gate");
    const mp::Process owner = started(mp::get_context(method), create_and_wait, name, gate);
    open_gate(gate);
    EXPECT_TRUE(there(name));
    killed(owner);
    EXPECT_TRUE(gone_in_time(name)) << method;
  }
}

CASE("multiprocessing.shared-memory.attached-ended", "who attaches takes no name away") {
  const std::string name = name_of_ones_own();
  for (const char* const method : start_methods) {
    const Folder folder;
    const Block block(64, name);
    const mp::Context context = mp::get_context(method);
    EXPECT_EQ(run(context, write_by_name, name), 0);
    const std::string gate = folder.gate("gate");
    const mp::Process other = started(context, attach_and_wait, name, gate);
    open_gate(gate);
    killed(other);
    let_others_run();
    EXPECT_TRUE(there(name)) << method;
  }
}

CASE("multiprocessing.shared-memory.tracker.signals",
     "which go by the tracker, and which does not") {
  { const Block block(512); }
  log(what_ends(only_child(), {SIGINT, SIGTERM, SIGKILL}));
}

CASE("multiprocessing.shared-memory.tracker.killed", "there is another one") {
  int first = 0;
  {
    const Block block(512);
    first = only_child();
  }
  log(what_ends(first, {SIGKILL}));
  const Block block(512);
  Log{block.memory.size() >= 512, only_child() != first};
}

CASE("multiprocessing.shared-memory.tracker.told-again", "of what there was before") {
  const std::string name = name_of_ones_own();
  const Folder folder;
  const mp::Process process =
      started(mp::get_context("fork"), create_around_a_death, name, folder.gate("gate"));
  open_gate(folder.path("gate"));
  killed(process);
  EXPECT_TRUE(gone_in_time(name + "-after"));
  EXPECT_TRUE(gone_in_time(name + "-before"));
}

CASE("multiprocessing.shared-memory.repr", "name and size") {
  const std::string name = name_of_ones_own();
  const Block block(512, name);
  Log{shown(to_string(block.memory), name), shown(to_string(attached(name)), name)};
}

// ShareableList

CASE("multiprocessing.shareable-list.items", "what was given") {
  const List list(everything());
  Log{all(list.list), list->size()};
  log(item(list->get(0), false), item(list->get(-1)), item(list->get(4)),
      item(list->get(-7), false), item(list->get(2)));
}

CASE("multiprocessing.shareable-list.assign", "replaced by what has room") {
  const List list(everything());
  list->set(4, "some");
  list->set(-3, number(7));
  list->set(-2, std::monostate());
  list->set(6, 0.5);
  list->set(3, false);
  log(all(list.list));
  log(list->format());
  list->set(0, "encodin");
  list->set(1, "87654321");
  Log{raised([&] { list->set(0, "123456789"); }), raised([&] { list->set(2, "123456789"); })};
  list->set(2, "12345678");
  log(all(list.list));
  const List umlauts({"\u00e4\u00f6\u00fc"});
  umlauts->set(0, "\u00df\u00df");
  log(item(umlauts->get(0), false));
}

CASE("multiprocessing.shareable-list.index-error", "beyond the end") {
  const List list({number(1), number(2), number(3)});
  for (const std::ptrdiff_t index : {3, 4, 100})
    Log{raised([&] { list->get(index); }), raised([&] { list->set(index, number(7)); })};
  log(all(list.list));
}

CASE("multiprocessing.shareable-list.index-error.negative", "beyond the beginning") {
  const List list({number(1), number(2), number(3)});
  for (const std::ptrdiff_t index : {-4, -5, -100}) {
    EXPECT_EQ(raised([&] { list->get(index); }), "IndexError: index out of range");
    EXPECT_EQ(raised([&] { list->set(index, number(7)); }),
              "IndexError: assignment index out of range");
  }
  EXPECT_EQ(all(list.list), "[1, 2, 3]");
}

CASE("multiprocessing.shareable-list.search", "compared by value") {
  const List list({number(1), "a", number(2), number(1), std::monostate(), "a", number(1)});
  Log{list->count(number(1)), list->count("a"), list->count(std::monostate()),
      list->count(number(7)), list->count("b")};
  Log{list->index(number(1)), list->index("a"), list->index(std::monostate()),
      list->index(number(2))};
  Log{raised([&] { list->index(number(7)); }), raised([&] { list->index("b"); })};
}

CASE("multiprocessing.shareable-list.format", "how items are packed") {
  const List list(everything()), empty({}), texts({"12345678", "1234567"});
  Log{list->format(), empty->format() == "", texts->format()};
}

CASE("multiprocessing.shareable-list.attach", "the same list, or a copy") {
  const List list(everything());
  const ShareableList same = ShareableList::attach(list->shm().name());
  const List copied(list->values());
  same.set(3, number(1000));
  copied->set(6, number(-42));
  log(item(list->get(3)), item(copied->get(3)), item(list->get(6)), item(copied->get(6)),
      same.size(), copied->size());
  Log{same.shm().name() == list->shm().name(), copied->shm().name() != list->shm().name()};
}

CASE("multiprocessing.shareable-list.processes", "the same in all processes") {
  each_method([](const mp::Context& context) {
    const List list({number(41), "here", std::monostate()});
    Log{run(context, change_list, list->shm().name()), all(list.list)};
  });
}

CASE("multiprocessing.shareable-list.empty", "no item at all") {
  const List list({});
  Log{list->size(), all(list.list), raised([&] { list->get(0); }), list->count(number(0))};
}

CASE("multiprocessing.shareable-list.repr", "items and name") {
  const List list({number(1), "a", std::monostate(), 2.5});
  log(shown(to_string(list.list), list->shm().name()));
}
