// subprocess.Popen
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <atomic>
#include <climits>
#include <csignal>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <sstream>
#include <utility>

#include "conformance/harness/leaks.hpp"
#include "conformance/subprocess/support.hpp"
#include "tandem/threading.hpp"

using namespace tandem::conformance;
using namespace std::chrono_literals;
namespace subprocess = tandem::subprocess;
namespace threading = tandem::threading;
using subprocess::DEVNULL;
using subprocess::PIPE;
using subprocess::Popen;
using subprocess::PopenOptions;
using subprocess::ScopedPopen;
using subprocess::STDOUT;

namespace {

using Words = std::vector<std::string>;
using Numbers = std::vector<int>;

constexpr std::size_t large = 1 << 20;  // more than any pipe holds by default
const std::string large_text = std::to_string(large);

// What makes no Popen: "FileNotFoundError: …"
std::string start(const subprocess::Command& args, PopenOptions options = {}) {
  return raised([&] { Popen(args, std::move(options)).wait(); });
}

Words words_in(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

Words said_by(const subprocess::Command& command, PopenOptions options = {}) {
  options.stdout_ = PIPE;
  return words_in(Popen(command, std::move(options)).communicate().out.value());
}

std::string text_of(const Popen& process) { return to_string(process); }

// The working directory of the case; at the end it is what it was.
class WorkingDirectory {
 public:
  explicit WorkingDirectory(const std::string& path) { std::filesystem::current_path(path); }
  WorkingDirectory(const WorkingDirectory&) = delete;
  WorkingDirectory& operator=(const WorkingDirectory&) = delete;
  ~WorkingDirectory() { std::filesystem::current_path(before_); }

 private:
  std::filesystem::path before_ = std::filesystem::current_path();
};

class Limited {
 public:
  Limited(decltype(RLIMIT_NOFILE) what, rlim_t soft) : what_(what) {
    checked(::getrlimit(what, &before_));
    const rlimit lowered{soft, before_.rlim_max};
    checked(::setrlimit(what, &lowered));
  }
  Limited(const Limited&) = delete;
  Limited& operator=(const Limited&) = delete;
  ~Limited() { ::setrlimit(what_, &before_); }

 private:
  decltype(RLIMIT_NOFILE) what_;
  rlimit before_;
};

}  // namespace

// ---- args

CASE("subprocess.popen.args.list",
     "the first word is the program, the others reach it as they are") {
  report(Popen({"printf", "<%s>", "a b", "", "*", "$HOME", "it's", "say \"x\"", "\\", "two\nlines",
                "-", "ü"},
               {.stdout_ = PIPE}));
}

CASE("subprocess.popen.args.bytes", "any byte but NUL reaches the child") {
  std::string every;
  for (int byte = 1; byte < 256; ++byte) every += static_cast<char>(byte);
  const auto out = Popen({"printf", "%s", every}, {.stdout_ = PIPE}).communicate().out;
  log(out == every, out->size());
}

CASE("subprocess.popen.args.many", "2,000 of them, in their order") {
  Words words{"sh", "-c", "echo $# $1 ${1000} ${2000}", "sh"};
  for (int number = 1; number <= 2000; ++number) words.push_back(std::to_string(number));
  report(Popen(words, {.stdout_ = PIPE}));
}

CASE("subprocess.popen.args.string", "a string is the program and nothing else") {
  const Folder folder;
  const std::string path = folder.script("a program", "echo $#; exit 47");
  report(Popen(path, {.stdout_ = PIPE}));
  log(start("echo hello"));
}

CASE("subprocess.popen.args.path", "a word may be a path") {
  const Folder folder;
  const std::filesystem::path path = folder.script("program", "echo $1");
  report(Popen({path, std::filesystem::path("/a/path")}, {.stdout_ = PIPE}));
}

CASE("subprocess.popen.args.empty", "no program at all") { log(start(Words{})); }

CASE("subprocess.popen.args.empty-word", "a program without a name") {
  log(start({""}));
  log(start(""));
}

CASE("subprocess.popen.args.nul", "no word has a NUL") {
  const auto with_nul = [](std::string text) {
    std::replace(text.begin(), text.end(), '0', '\0');
    return text;
  };
  log(start({with_nul("tr0ue")}));
  log(start({"true", "a", with_nul("b0")}));
  log(start(with_nul("echo0"), {.shell = true}));
  log(start({"true"}, {.executable = with_nul("tr0ue")}));
  log(start({"true"}, {.cwd = with_nul("/0")}));
}

CASE("subprocess.popen.attributes.args", "args is what was given") {
  Popen list({"true", "it's"}), string("true"), command("exit 0", {.shell = true});
  for (Popen* process : {&list, &string, &command}) {
    log(repr(process->args()));
    process->wait();
  }
}

CASE("subprocess.popen.attributes.pid", "pid is the child's") {
  Popen process = sh("echo $$; echo $PPID", {.stdout_ = PIPE});
  const Words numbers = words_in(process.communicate().out.value());
  log(numbers == Words{std::to_string(process.pid()), std::to_string(::getpid())});
}

// ---- the search for the program

CASE("subprocess.popen.path.search", "without a slash it is searched for in PATH") {
  const Folder folder;
  folder.script("tool", "echo found");
  log(start({"tool"}));
  report(Popen({"tool"}, {.stdout_ = PIPE, .env = {{"PATH", folder.top}}}));
  ::setenv("PATH", ("/nonexistent:" + folder.top).c_str(), 1);
  report(Popen({"tool"}, {.stdout_ = PIPE}));
  log(start({"tool"}, {.env = {{"PATH", "/nonexistent"}}}));
}

CASE("subprocess.popen.path.order", "the first that can be run is run") {
  const Folder folder;
  const std::string a = folder.folder("a"), b = folder.folder("b"), c = folder.folder("c"),
                    d = folder.folder("d");
  folder.file("a/tool");
  folder.script("b/tool", "echo b");
  folder.script("c/tool", "echo c");
  for (const auto& path : {b + ":" + c, c + ":" + b, a + ":" + b, d + ":" + c, "/dev/null:" + b})
    report(Popen({"tool"}, {.stdout_ = PIPE, .env = {{"PATH", path}}}));
}

CASE("subprocess.popen.path.denied",
     "one that may not be run is named before one that is not there") {
  const Folder folder;
  const std::string a = folder.folder("a"), b = folder.folder("b");
  folder.file("a/tool");
  for (const auto& path : {a + ":" + b, b + ":" + a, b, b + ":/dev/null"})
    log(start({"tool"}, {.env = {{"PATH", path}}}));
}

CASE("subprocess.popen.path.default", "without PATH there is a default") {
  log(Popen({"true"}, {.env = std::map<std::string, std::string>{}}).wait());
  ::unsetenv("PATH");
  log(Popen({"true"}).wait());
}

CASE("subprocess.popen.path.empty-entry", "an empty entry is the current directory") {
  const Folder folder;
  folder.script("tool", "echo here");
  report(Popen({"tool"}, {.stdout_ = PIPE, .cwd = folder.top, .env = {{"PATH", "/nonexistent:"}}}));
  log(start({"tool"}, {.cwd = folder.top, .env = {{"PATH", "/nonexistent"}}}));
}

// ---- executable, shell

CASE("subprocess.popen.executable.replaces",
     "another program is run, under the name that was given") {
  for (const char* executable : {"/bin/sh", "sh", "/bin/sh"})
    report(Popen({"a name", "-c", "echo -$0-"}, {.executable = executable, .stdout_ = PIPE}));
}

CASE("subprocess.popen.executable.precedence", "it goes before a program that is there") {
  log(start({"true"}, {.executable = "nonexisting_i_hope"}));
}

CASE("subprocess.popen.executable.shell", "with shell it is the shell") {
  const Folder folder;
  const std::string ours = folder.script("our-shell", "echo \"$0 $1 $2\"");
  folder.log(Popen("a command", {.executable = ours, .stdout_ = PIPE, .shell = true})
                 .communicate()
                 .out.value());
  const std::string other = folder.path("other-name");
  std::filesystem::create_symlink("/bin/sh", other);
  folder.log(Popen("echo $0", {.executable = other, .stdout_ = PIPE, .shell = true})
                 .communicate()
                 .out.value());
}

CASE("subprocess.popen.shell.string", "a string is a command of the shell") {
  ::setenv("FRUIT", "apple", 1);
  report(Popen("echo $FRUIT | tr a-z A-Z; exit 3", {.stdout_ = PIPE, .shell = true}));
}

CASE("subprocess.popen.shell.list",
     "of a list the first is the command, the others are its $0, $1, …") {
  report(Popen({"echo $FRUIT $0 $1 $#", "a b", "c", "d"},
               {.stdout_ = PIPE, .shell = true, .env = {{"FRUIT", "apple"}}}));
  report(Popen({"echo", "lost"}, {.stdout_ = PIPE, .shell = true}));
}

CASE("subprocess.popen.shell.bin-sh", "the shell is /bin/sh, whatever PATH says") {
  const Folder folder;
  folder.script("sh", "echo wrong");
  report(Popen("echo $0", {.stdout_ = PIPE, .shell = true, .env = {{"PATH", folder.top}}}));
}

CASE("subprocess.popen.shell.not-found",
     "the shell says by its status that there is no such command") {
  log(Popen("nonexisting_i_hope", {.stderr_ = DEVNULL, .shell = true}).wait());
  log(Popen(Words{}, {.stderr_ = DEVNULL, .shell = true}).wait());
}

// ---- environment

CASE("subprocess.popen.env.inherited", "none: the parent's, as it is now") {
  ::setenv("FRUIT", "orange", 1);
  report(sh("echo $FRUIT", {.stdout_ = PIPE}));
  ::unsetenv("FRUIT");
  report(sh("echo $FRUIT", {.stdout_ = PIPE}));
}

CASE("subprocess.popen.env.replaced", "else these variables and no others") {
  report(Popen({"env"}, {.stdout_ = PIPE, .env = {{"FRUIT", "orange"}}}));
  report(Popen({"env"}, {.stdout_ = PIPE, .env = {{"FRUIT", "orange=lemon"}, {"EMPTY", ""}}}));
}

CASE("subprocess.popen.env.empty", "or none at all") {
  report(Popen({"env"}, {.stdout_ = PIPE, .env = std::map<std::string, std::string>{}}));
}

CASE("subprocess.popen.env.bytes", "names and values are bytes") {
  const auto out =
      Popen({"env"}, {.stdout_ = PIPE, .env = {{"A\xff", "abc\x80"}}}).communicate().out.value();
  Numbers bytes;
  for (const char c : out) bytes.push_back(static_cast<unsigned char>(c));
  log(bytes);
}

CASE("subprocess.popen.env.invalid-name", "no = in a name") {
  log(start({"true"}, {.env = {{"FRUIT=ORANGE", "lemon"}}}));
  log(start({"true"}, {.env = {{"=", "lemon"}}}));
}

CASE("subprocess.popen.env.nul", "no NUL in a name or value") {
  log(start({"true"}, {.env = {{std::string("FRUIT\0VEGETABLE", 15), "cabbage"}}}));
  log(start({"true"}, {.env = {{"FRUIT", std::string("orange\0VEGETABLE=cabbage", 24)}}}));
}

// ---- working directory

CASE("subprocess.popen.cwd.sets", "the child starts there, the parent stays") {
  const Folder folder;
  const auto before = std::filesystem::current_path();
  for (const auto& cwd : {folder.top, folder.folder("sub")})
    folder.log(Popen({"pwd", "-P"}, {.stdout_ = PIPE, .cwd = cwd}).communicate().out.value());
  log(std::filesystem::current_path() == before);
  const WorkingDirectory elsewhere(folder.top);
  folder.log(Popen({"pwd", "-P"}, {.stdout_ = PIPE, .cwd = "sub"}).communicate().out.value());
}

CASE("subprocess.popen.cwd.relative-program", "a program with a slash is looked for from there") {
  const Folder folder;
  folder.folder("sub");
  folder.script("sub/program", "echo run");
  report(Popen({"./program"}, {.stdout_ = PIPE, .cwd = folder.path("sub")}));
  report(Popen({"sub/program"}, {.stdout_ = PIPE, .cwd = folder.top}));
  log(start({"./program"}));
  log(start({"./program"}, {.cwd = folder.top}));
  const WorkingDirectory elsewhere(folder.path("sub"));
  log(start({"./program"}, {.cwd = folder.top}));
}

CASE("subprocess.popen.cwd.relative-executable", "and so is executable") {
  const Folder folder;
  folder.script("program", "echo run $1");
  report(Popen({"a name", "x"}, {.executable = "./program", .stdout_ = PIPE, .cwd = folder.top}));
  log(start({"a name"}, {.executable = "./program"}));
}

CASE("subprocess.popen.cwd.absolute-program", "an absolute one is the same everywhere") {
  const Folder folder;
  const std::string sub = folder.folder("sub"), program = folder.script("program", "pwd -P");
  folder.log(Popen({program}, {.stdout_ = PIPE, .cwd = sub}).communicate().out.value());
  folder.log(Popen({"a name"}, {.executable = program, .stdout_ = PIPE, .cwd = sub})
                 .communicate()
                 .out.value());
}

// ---- what cannot be started

CASE("subprocess.popen.error.not-found", "FileNotFoundError names the program") {
  log(start({"/opt/nonexistent_binary", "with", "some", "args"}));
  log(start({"nonexisting_i_hope"}));
  log(start({"it's not"}));
}

CASE("subprocess.popen.error.attributes", "errno and the file's name are there apart") {
  try {
    Popen({"nonexisting_i_hope"}, {.cwd = "/"});
  } catch (const tandem::FileNotFoundError& error) {
    log(error.errno_(), error.filename(), error.filename2());
  }
}

CASE("subprocess.popen.error.executable", "it names executable, not args") {
  log(start({"true"}, {.executable = "/_this/pa.th/does/not/exist"}));
}

CASE("subprocess.popen.error.cwd", "a bad cwd is named, not the program") {
  log(start({"true"}, {.cwd = "/_this/pa.th/does/not/exist"}));
  log(start({"nonexisting_i_hope"}, {.cwd = "/_this/pa.th/does/not/exist"}));
  log(start({"true"}, {.cwd = "/dev/null"}));
  log(start({"true"}, {.cwd = ""}));
}

CASE("subprocess.popen.error.permission", "what may not be run is PermissionError") {
  const Folder folder;
  folder.log(start({folder.file("program", "#!/bin/sh\n")}));
  folder.log(start({folder.top}));
}

CASE("subprocess.popen.error.not-a-directory", "a file where a directory has to be") {
  log(start({"/dev/null/program"}));
}

CASE("subprocess.popen.error.exec-format", "what no system can run is no script for a shell") {
  const Folder folder;
  folder.log(start({folder.file("program", "echo hello\n", 0755)}));
  folder.log(start({"program"}, {.env = {{"PATH", folder.top}}}));
}

CASE("subprocess.popen.error.interpreter",
     "a script whose interpreter is not there is named itself") {
  const Folder folder;
  folder.log(start({folder.file("program", "#!/no/such/interpreter\n", 0755)}));
}

CASE("subprocess.popen.error.too-big", "more than the system passes on") {
  log(start({"true", std::string(large, 'x')}));
  log(start({"true"}, {.env = {{"x", std::string(large, 'x')}}}));
}

CASE("subprocess.popen.error.descriptor", "a descriptor that is not open") {
  log(start({"true"}, {.stdin_ = 999}));
  log(start({"true"}, {.stdout_ = 999}));
  log(start({"true"}, {.stderr_ = 999}));
  log(start({"true"}, {.stdin_ = -7}));
  log(start({"true"}, {.stdin_ = STDOUT}));
}

CASE("subprocess.popen.error.closed-file", "a pipe that was closed") {
  ScopedPopen process({"true"}, {.stdout_ = PIPE});
  process.stdout_().close();
  log(timed_out([&] { Popen({"cat"}, {.stdin_ = process.stdout_()}); }));
}

CASE("subprocess.popen.error.nothing-left",
     "a failed start leaves no descriptor, no child, and the files given") {
  const auto before = holdings_now().descriptors;
  {
    const Opened given("/dev/null");
    for (int turn = 0; turn < 20; ++turn) {
      start({"nonexisting_i_hope"}, {.stdin_ = PIPE, .stdout_ = PIPE, .stderr_ = PIPE});
      start({"nonexisting_i_hope"}, {.stdin_ = given.fd, .stdout_ = DEVNULL, .stderr_ = STDOUT});
      start({"true"}, {.stdin_ = PIPE, .stdout_ = PIPE, .stderr_ = 999});
      start({"true"}, {.stdin_ = PIPE, .stdout_ = PIPE, .env = {{"=", ""}}});
      start({"true"}, {.stdin_ = PIPE, .stdout_ = PIPE, .cwd = "/nonexistent"});
    }
    log(is_open(given.fd));
  }
  log(holdings_now().descriptors == before);
  log(no_child_left());
}

CASE("subprocess.popen.error.no-double-close",
     "nor does it close what others have opened meanwhile") {
  std::vector<std::unique_ptr<Channel>> opened;
  std::atomic<bool> stop = false;
  const threading::Thread thread([&] {
    while (!stop && opened.size() < 200) opened.push_back(std::make_unique<Channel>());
  });
  thread.start();
  for (int turn = 0; turn < 20; ++turn)
    start({"nonexisting_i_hope"}, {.stdin_ = PIPE, .stdout_ = PIPE, .stderr_ = PIPE});
  stop = true;
  thread.join();
  log(std::all_of(opened.begin(), opened.end(), [](const auto& channel) {
    return is_open(channel->reader) && is_open(channel->writer);
  }));
}

CASE("subprocess.popen.error.no-descriptors", "none is left: OSError, and nothing is lost") {
  report(Popen({"true"}, {.stdout_ = PIPE}));
  // The sanitizer of undefined behaviour opens a pipe to look at an object of a type that it has
  // not met before: this is the same error.
  static_cast<void>(start({std::string(PATH_MAX, 'x')}, {.stdout_ = PIPE}));
  const auto before = holdings_now().descriptors;
  {
    std::vector<Opened> taken;
    taken.emplace_back("/dev/null");
    const Limited limited(RLIMIT_NOFILE, static_cast<rlim_t>(taken[0].fd) + 20);
    for (int fd; (fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) taken.emplace_back(fd);
    for (int free = 0; free < 6; ++free) {
      log(start({"true"}, {.stdin_ = PIPE, .stdout_ = PIPE, .stderr_ = PIPE}));
      taken.pop_back();
    }
  }
  log(holdings_now().descriptors == before);
  log(Popen({"true"}).wait());
}

CASE("subprocess.popen.error.no-processes", "no process may be made: BlockingIOError") {
  log(Popen({"true"}).wait());
  const bool privileged = ::getuid() == 0;
  if (privileged) checked(::setresuid(65534, 65534, 0));
  {
    const Limited limited(RLIMIT_NPROC, 0);
    log(start({"true"}, {.stdout_ = PIPE}));
    log(start({"true"}, {.preexec_fn = [] {}}));
  }
  if (privileged) {
    checked(::setresuid(0, 0, 0));
    ::prctl(PR_SET_DUMPABLE, 1);  // which the change of users took: the leak sanitizer needs it
  }
  log(Popen({"true"}).wait());
}

// ---- the child's streams

namespace {

bool is_none(const std::function<subprocess::PipeFile&()>& stream) {
  return raised([&] { stream(); }) != "nothing";
}

void log_which_are_none(Popen& process) {
  Log{is_none([&]() -> auto& { return process.stdin_(); }),
      is_none([&]() -> auto& { return process.stdout_(); }),
      is_none([&]() -> auto& { return process.stderr_(); })};
}

}  // namespace

CASE("subprocess.popen.streams.none", "what is not asked for as PIPE has no file") {
  const Opened null("/dev/null");
  Popen plain({"true"}), redirected({"true"}, {.stdout_ = DEVNULL, .stderr_ = STDOUT}),
      given({"true"}, {.stdin_ = null.fd, .stderr_ = DEVNULL}),
      piped({"true"}, {.stdin_ = PIPE, .stdout_ = PIPE, .stderr_ = PIPE});
  for (Popen* process : {&plain, &redirected, &given, &piped}) {
    process->wait();
    log_which_are_none(*process);
  }
}

CASE("subprocess.popen.streams.no-file", "to ask for it is a ValueError") {
  Popen process({"true"});
  EXPECT_THROW(process.stdin_(), tandem::ValueError);
  EXPECT_THROW(process.stdout_(), tandem::ValueError);
  EXPECT_THROW(process.stderr_(), tandem::ValueError);
  process.wait();
}

CASE("subprocess.popen.streams.inherited", "what is not given is the parent's") {
  const Folder folder;
  const OwnStreams own;
  const Opened in(folder.file("in", "words")), out(folder.file("out")), err(folder.file("err"));
  ::dup2(in.fd, 0);
  ::dup2(out.fd, 1);
  ::dup2(err.fd, 2);
  log(sh("cat; echo err >&2").wait());
  report(sh("echo more", {.stdin_ = DEVNULL, .stderr_ = PIPE}));
  Log{repr(content_of(out.fd)), repr(content_of(err.fd))};
}

CASE("subprocess.popen.streams.stdin-pipe", "PIPE: what is written the child reads") {
  Popen process({"tr", "a-z", "A-Z"}, {.stdin_ = PIPE, .stdout_ = PIPE});
  process.stdin_().write("pear");
  process.stdin_().close();
  log(process.stdout_().read());
  process.stdout_().close();
  log(process.wait());
}

CASE("subprocess.popen.streams.stdin-descriptor",
     "a descriptor: the child reads from it, and it stays open") {
  const Folder folder;
  const Opened in(folder.file("in", "pear"), O_RDONLY);
  report(Popen({"cat"}, {.stdin_ = in.fd, .stdout_ = PIPE}));
  Log{is_open(in.fd), ::lseek(in.fd, 0, SEEK_CUR)};
}

namespace {

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

}  // namespace

CASE("subprocess.popen.streams.stdin-file", "an open file") {
  const Folder folder;
  const File file(std::fopen(folder.file("in", "pear").c_str(), "r"));
  report(Popen({"cat"}, {.stdin_ = file.get(), .stdout_ = PIPE}));
  log(is_open(::fileno(file.get())));
}

CASE("subprocess.popen.streams.stdout-pipe", "PIPE: what the child says can be read") {
  Popen process = sh("echo orange; echo lemon >&2", {.stdout_ = PIPE, .stderr_ = DEVNULL});
  log(process.stdout_().read());
  process.stdout_().close();
  log(process.wait());
}

CASE("subprocess.popen.streams.stdout-descriptor", "a descriptor") {
  const Folder folder;
  const Opened out(folder.file("out"));
  report(sh("echo orange", {.stdout_ = out.fd}));
  Log{is_open(out.fd), content_of(out.fd)};
}

CASE("subprocess.popen.streams.stdout-file", "an open file") {
  const Folder folder;
  const File file(std::fopen(folder.file("out").c_str(), "r+"));
  report(sh("echo orange", {.stdout_ = file.get()}));
  log(content_of(::fileno(file.get())));
}

CASE("subprocess.popen.streams.stderr-pipe", "PIPE: what the child complains can be read") {
  Popen process = sh("echo orange; echo lemon >&2", {.stdout_ = DEVNULL, .stderr_ = PIPE});
  log(process.stderr_().read());
  process.stderr_().close();
  log(process.wait());
}

CASE("subprocess.popen.streams.stderr-descriptor", "a descriptor") {
  const Folder folder;
  const Opened err(folder.file("err"));
  report(sh("echo lemon >&2", {.stderr_ = err.fd}));
  Log{is_open(err.fd), content_of(err.fd)};
}

CASE("subprocess.popen.streams.stderr-file", "an open file") {
  const Folder folder;
  const File file(std::fopen(folder.file("err").c_str(), "r+"));
  report(sh("echo lemon >&2", {.stderr_ = file.get()}));
  log(content_of(::fileno(file.get())));
}

CASE("subprocess.popen.streams.stderr-to-stdout", "STDOUT: both go the same way, in their order") {
  report(sh("echo 1; echo 2 >&2; echo 3", {.stdout_ = PIPE, .stderr_ = STDOUT}));
  const Folder folder;
  const Opened both(folder.file("both"));
  report(sh("echo 1; echo 2 >&2; echo 3", {.stdout_ = both.fd, .stderr_ = STDOUT}));
  log(content_of(both.fd));
  report(sh("echo 1; echo 2 >&2", {.stdout_ = DEVNULL, .stderr_ = STDOUT}));
}

CASE("subprocess.popen.streams.stderr-to-own-stdout", "STDOUT without stdout: the parent's") {
  const Folder folder;
  const OwnStreams own;
  const Opened out(folder.file("out")), err(folder.file("err"));
  ::dup2(out.fd, 1);
  ::dup2(err.fd, 2);
  report(sh("echo 1; echo 2 >&2", {.stderr_ = STDOUT}));
  Log{repr(content_of(out.fd)), repr(content_of(err.fd))};
}

CASE("subprocess.popen.streams.stdout-number-1", "the parent's stdout, by its number") {
  const Folder folder;
  const OwnStreams own;
  const Opened out(folder.file("out"));
  ::dup2(out.fd, 1);
  Log{sh("echo one", {.stdout_ = 1}).wait(), sh("echo two >&2", {.stderr_ = 1}).wait()};
  log(repr(content_of(out.fd)));
}

CASE("subprocess.popen.streams.devnull", "DEVNULL is empty and swallows all") {
  report(Popen({"cat"}, {.stdin_ = DEVNULL, .stdout_ = PIPE}));
  report(sh("head -c 1000000 /dev/zero", {.stdout_ = DEVNULL, .stderr_ = PIPE}));
  report(sh("head -c 1000000 /dev/zero >&2", {.stdout_ = PIPE, .stderr_ = DEVNULL}));
  report(Popen({"cat"}, {.stdin_ = DEVNULL, .stdout_ = DEVNULL, .stderr_ = DEVNULL}));
}

CASE("subprocess.popen.streams.stdout-is-stdout", "STDOUT is for stderr only") {
  log(start({"true"}, {.stdout_ = STDOUT}));
}

CASE("subprocess.popen.streams.same-descriptor", "one descriptor for two streams") {
  const Opened null("/dev/null");
  log(Popen({"true"}, {.stdin_ = null.fd, .stdout_ = null.fd}).wait());
  log(Popen({"true"}, {.stdout_ = null.fd, .stderr_ = null.fd}).wait());
  log(Popen({"true"}, {.stdin_ = null.fd, .stderr_ = null.fd}).wait());
  const Folder folder;
  const Opened both(folder.file("both"));
  report(sh("echo 1; echo 2 >&2; echo 3", {.stdout_ = both.fd, .stderr_ = both.fd}));
  log(content_of(both.fd));
}

namespace {

// Three files that are also 0, 1 and 2 here, under the numbers of which the child gets them.
void log_swapped(const Numbers& order) {
  int status;
  Words said;
  {
    const Folder folder;
    const OwnStreams own;
    std::vector<Opened> files;
    for (int number = 0; number < 3; ++number) {
      files.emplace_back(folder.file(std::to_string(number)));
      ::dup2(files.back().fd, number);
    }
    const auto number = [&](std::size_t stream) {
      return order[stream] < 3 ? order[stream]
                               : files[static_cast<std::size_t>(order[stream]) - 3].fd;
    };
    checked(static_cast<int>(::write(number(0), "STDIN", 5)));
    ::lseek(number(0), 0, SEEK_SET);
    status = sh("read -r got; echo got $got; echo err >&2",
                {.stdin_ = number(0), .stdout_ = number(1), .stderr_ = number(2)})
                 .wait();
    said = {content_of(number(1)), content_of(number(2))};
  }
  if (order[0] < 3)
    log(order, status, said);
  else
    log(status, said);
}

}  // namespace

CASE("subprocess.popen.streams.swapped", "0, 1 and 2 of the parent in any order") {
  Numbers order{0, 1, 2};
  do log_swapped(order);
  while (std::next_permutation(order.begin(), order.end()));
}

CASE("subprocess.popen.streams.swapped-high",
     "files that are 0, 1 and 2 under other numbers, too") {
  log_swapped({3 + 1, 3 + 2, 3 + 0});
}

CASE("subprocess.popen.streams.one-closed",
     "two of the parent's in any order while the third is closed") {
  for (const Numbers& sources : {Numbers{0, 1}, Numbers{0, 2}, Numbers{1, 2}}) {
    for (const Numbers& targets : {Numbers{0, 1}, Numbers{0, 2}, Numbers{1, 0}, Numbers{1, 2},
                                   Numbers{2, 0}, Numbers{2, 1}}) {
      int status;
      Words said;
      {
        const Folder folder;
        const OwnStreams own;
        for (const int source : sources) {
          const Opened file(folder.file(std::to_string(source)));
          ::dup2(file.fd, source);
        }
        ::close(3 - sources[0] - sources[1]);
        PopenOptions options;
        subprocess::Stdio* const streams[] = {&options.stdin_, &options.stdout_, &options.stderr_};
        std::string script;
        for (std::size_t i = 0; i < 2; ++i) {
          *streams[targets[i]] = sources[i];
          const std::string number = std::to_string(targets[i]);
          script += "echo " + number + " >&" + number + "; ";
        }
        status = sh(script, std::move(options)).wait();
        said = {content_of(sources[0]), content_of(sources[1])};
      }
      log(sources, targets, status, said);
    }
  }
}

CASE("subprocess.popen.streams.closed", "pipes serve when 0, 1 or 2 are closed in the parent") {
  for (const Numbers& closed : {Numbers{0}, Numbers{1}, Numbers{2}, Numbers{0, 1}, Numbers{0, 2},
                                Numbers{1, 2}, Numbers{0, 1, 2}}) {
    subprocess::Output first, second;
    int first_status, second_status;
    {
      const OwnStreams own;
      for (const int fd : closed) ::close(fd);
      Popen process = sh("echo apple; echo orange >&2",
                         {.stdin_ = own.saved[0], .stdout_ = PIPE, .stderr_ = PIPE});
      first = process.communicate();
      first_status = process.wait();
      process = sh("cat; cat >&2", {.stdin_ = PIPE, .stdout_ = PIPE, .stderr_ = PIPE});
      second = process.communicate({.input = "pear"});
      second_status = process.wait();
    }
    log(closed, shown(first.out), shown(first.err), first_status, shown(second.out),
        shown(second.err), second_status);
  }
}

CASE("subprocess.popen.streams.closed-inherited",
     "a start without redirection, while 0 and 1 are closed") {
  std::string started, failed;
  {
    const OwnStreams own;
    ::close(0);
    ::close(1);
    started = std::to_string(Popen({"true"}).wait());
    failed = start({"nonexisting_i_hope"});
  }
  log(started, failed);
}

CASE("subprocess.popen.streams.pipeline", "the output of one is the input of the next") {
  Popen first = sh("echo one; echo two; echo three", {.stdout_ = PIPE});
  Popen second({"grep", "t"}, {.stdin_ = first.stdout_(), .stdout_ = PIPE});
  first.stdout_().close();
  report(second);
  log(first.wait());
}

CASE("subprocess.popen.streams.pipeline-ends", "when the reader ends, SIGPIPE ends the writer") {
  Popen first({"yes"}, {.stdout_ = PIPE});
  Popen second({"head", "-n", "1"}, {.stdin_ = first.stdout_(), .stdout_ = PIPE});
  first.stdout_().close();
  report(second);
  log(first.wait() == -SIGPIPE);
}

// ---- descriptors

namespace {

Numbers descriptors_in_child(PopenOptions options = {}, const Numbers& wanted = {}) {
  Numbers found;
  for (const auto& word : said_by({"sh", "-c", open_descriptors}, std::move(options))) {
    const int fd = std::stoi(word);
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), fd) != wanted.end())
      found.push_back(fd);
  }
  return found;
}

bool is_inheritable(int fd) { return (::fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0; }

// /dev/null under high numbers, inheritable.
std::vector<Opened> opened_as(const Numbers& numbers) {
  const Opened null("/dev/null");
  std::vector<Opened> opened;
  for (const int number : numbers) opened.push_back(numbered(null.fd, number));
  return opened;
}

}  // namespace

CASE("subprocess.popen.fds.closed", "the child has 0, 1 and 2 only") {
  const auto opened = opened_as({100, 101, 150, 200, 255});
  log(descriptors_in_child());
  log(descriptors_in_child({.stdin_ = PIPE, .stderr_ = PIPE}));
}

CASE("subprocess.popen.fds.inherited", "close_fds=False leaves those that are inheritable") {
  const Numbers numbers{100, 101, 102, 103};
  const auto opened = opened_as(numbers);
  ::fcntl(101, F_SETFD, FD_CLOEXEC);
  log(descriptors_in_child({.close_fds = false}, numbers));
}

CASE("subprocess.popen.fds.passed",
     "pass_fds are kept, whether inheritable or not; the parent's stay as they are") {
  const auto opened = opened_as({100, 101, 102, 103});
  ::fcntl(101, F_SETFD, FD_CLOEXEC);
  for (const Numbers& passed :
       {Numbers{100}, Numbers{101}, Numbers{103, 101}, Numbers{101, 101, 102}})
    log(descriptors_in_child({.pass_fds = passed}));
  std::vector<bool> inheritable;
  for (const auto& each : opened) inheritable.push_back(is_inheritable(each.fd));
  log(inheritable);
}

CASE("subprocess.popen.fds.pass-overrides", "pass_fds beats close_fds=False, with a warning") {
  const auto opened = opened_as({100, 101});
  warned([] { log(descriptors_in_child({.close_fds = false, .pass_fds = {100}})); });
}

CASE("subprocess.popen.fds.passed-and-redirected", "what is passed may be a stream as well") {
  const Opened null("/dev/null");
  Channel said;
  {
    const Opened in = numbered(null.fd, 100), out = numbered(said.writer, 101),
                 err = numbered(null.fd, 102);
    said.open();
    Popen process = sh(open_descriptors, {.stdin_ = in.fd,
                                          .stdout_ = out.fd,
                                          .stderr_ = err.fd,
                                          .pass_fds = {in.fd, out.fd, err.fd}});
    process.wait();
  }
  char text[1024];
  const auto size = checked(static_cast<int>(::read(said.reader, text, sizeof text)));
  log(repr(std::string(text, static_cast<std::size_t>(size))));
}

CASE("subprocess.popen.fds.bad", "a number that is none, or not open") {
  log(start({"true"}, {.pass_fds = {-1}}));
  log(start({"true"}, {.pass_fds = {999}}));
}

CASE("subprocess.popen.fds.above-the-limit", "those above a limit lowered since are closed, too") {
  const auto opened = opened_as({120, 200, 255});
  const Limited limited(RLIMIT_NOFILE, 64);
  log(descriptors_in_child());
}

CASE("subprocess.popen.fds.after-preexec", "and those that preexec_fn opens") {
  log(descriptors_in_child({.preexec_fn = [] { ::dup2(1, 100); }}));
}

CASE("subprocess.popen.fds.born-cloexec", "no child gets the pipes of another") {
  ScopedPopen first({"cat"},
                    {.stdin_ = PIPE, .stdout_ = PIPE, .stderr_ = PIPE, .close_fds = false});
  const Numbers pipes{first.stdin_().fileno(), first.stdout_().fileno(), first.stderr_().fileno()};
  log(std::vector<bool>{is_inheritable(pipes[0]), is_inheritable(pipes[1]),
                        is_inheritable(pipes[2])});
  log(descriptors_in_child({.close_fds = false}, pipes));
}

// ---- signals, session, ids

namespace {

// Which signals are blocked ("SigBlk") or ignored ("SigIgn") in the child, as bits.
unsigned long long signal_set(const std::string& name, PopenOptions options = {}) {
  const Words words = said_by({"grep", name, "/proc/self/status"}, std::move(options));
  return std::stoull(words.at(1), nullptr, 16);
}

bool has(unsigned long long set, int number) { return (set >> (number - 1) & 1U) != 0; }

unsigned long long own_mask() {
  sigset_t mask;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  unsigned long long bits = 0;
  for (int number = 1; number <= 64; ++number)
    if (::sigismember(&mask, number) == 1) bits |= 1ULL << (number - 1);
  return bits;
}

}  // namespace

CASE("subprocess.popen.restore-signals.default",
     "SIGPIPE and SIGXFSZ are as at the start of a program") {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  for (const bool restore : {true, false}) {
    const auto ignored = signal_set("SigIgn", {.restore_signals = restore});
    log(restore, has(ignored, SIGPIPE), has(ignored, SIGXFSZ));
  }
  Log{std::signal(SIGPIPE, SIG_IGN) == SIG_IGN, std::signal(SIGXFSZ, SIG_IGN) == SIG_IGN};
}

CASE("subprocess.popen.restore-signals.others",
     "others that are ignored stay so, those with a handler do not") {
  std::signal(SIGUSR1, SIG_IGN);
  std::signal(SIGUSR2, [](int) {});
  const auto ignored = signal_set("SigIgn");
  log(has(ignored, SIGUSR1), has(ignored, SIGUSR2));
}

CASE("subprocess.popen.signals.mask",
     "the child's mask is that of the thread that starts it, which keeps its own") {
  sigset_t one;
  ::sigemptyset(&one);
  ::sigaddset(&one, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &one, nullptr);
  const auto before = own_mask();
  Log{signal_set("SigBlk") == before, has(before, SIGUSR1)};
  log(own_mask() == before);
  start({"nonexisting_i_hope"});
  log(own_mask() == before);
}

namespace {

struct Place {
  int pid, group, session;
};

Place group_and_session(PopenOptions options = {}) {
  options.stdout_ = PIPE;
  Popen process({"cat", "/proc/self/stat"}, std::move(options));
  const std::string text = process.communicate().out.value();
  const Words words = words_in(text.substr(text.rfind(')') + 1));
  return {process.pid(), std::stoi(words.at(2)), std::stoi(words.at(3))};
}

}  // namespace

CASE("subprocess.popen.session.same", "as a rule the child is in the parent's group and session") {
  const Place child = group_and_session();
  log(child.group == ::getpgid(0), child.session == ::getsid(0));
}

CASE("subprocess.popen.session.new", "start_new_session: it leads a session of its own") {
  const Place child = group_and_session({.start_new_session = true});
  log(child.group == child.pid, child.session == child.pid);
}

CASE("subprocess.popen.process-group.own", "process_group=0: it leads a group of its own") {
  const Place child = group_and_session({.process_group = 0});
  log(child.group == child.pid, child.session == ::getsid(0));
}

CASE("subprocess.popen.process-group.joined", "another number: the group that it joins") {
  {
    ScopedPopen leader({"cat"}, {.stdin_ = PIPE, .process_group = 0});
    log(group_and_session({.process_group = leader.pid()}).group == leader.pid());
  }
  log(start({"true"}, {.process_group = 4194303}));
}

namespace {

// The answer, or true where the system does not let us, as it lets the superuser.
bool allowed(const std::function<bool()>& act) {
  try {
    return act();
  } catch (const tandem::PermissionError&) {
    return ::getuid() != 0;
  }
}

using Ids = std::vector<subprocess::UserOrId>;

}  // namespace

CASE("subprocess.popen.ids.user", "user: by number or by name") {
  const int own = static_cast<int>(::getuid());
  for (const auto& each :
       {std::pair<subprocess::UserOrId, int>{65534, 65534}, {"nobody", 65534}, {own, own}})
    for (const bool close_fds : {true, false})
      log(allowed([&] {
        return said_by({"id", "-u"}, {.close_fds = close_fds, .user = each.first}) ==
               Words{std::to_string(each.second)};
      }));
}

CASE("subprocess.popen.ids.group", "group: by number or by name") {
  const int own = static_cast<int>(::getgid());
  for (const auto& each :
       {std::pair<subprocess::UserOrId, int>{65534, 65534}, {"nogroup", 65534}, {own, own}})
    for (const bool close_fds : {true, false})
      log(allowed([&] {
        return said_by({"id", "-g"}, {.close_fds = close_fds, .group = each.first}) ==
               Words{std::to_string(each.second)};
      }));
}

CASE("subprocess.popen.ids.extra-groups", "extra_groups: these and no others") {
  const auto groups = [](const Ids& ids) {
    return said_by({"grep", "Groups", "/proc/self/status"}, {.extra_groups = ids});
  };
  log(allowed([&] { return groups({65534, "daemon"}) == Words{"Groups:", "1", "65534"}; }));
  log(allowed([&] { return groups({}) == Words{"Groups:"}; }));
}

CASE("subprocess.popen.ids.together", "group and extra_groups are set while it may be done") {
  log(allowed([] {
    return said_by({"sh", "-c", "id -u; id -g"},
                   {.user = 65534, .group = 65534, .extra_groups = Ids{65534}}) ==
           Words{"65534", "65534"};
  }));
}

CASE("subprocess.popen.ids.negative", "no negative numbers") {
  log(start({"true"}, {.user = -1}));
  log(start({"true"}, {.group = -1}));
  log(start({"true"}, {.extra_groups = Ids{0, -3}}));
}

CASE("subprocess.popen.ids.unknown", "no unknown names") {
  const auto unknown = [](PopenOptions options) {
    try {
      Popen({"true"}, std::move(options));
    } catch (const tandem::KeyError& error) {
      log(error.what());
    }
  };
  unknown({.user = "no such user"});
  unknown({.group = "no such group"});
  unknown({.extra_groups = Ids{"no such group"}});
}

CASE("subprocess.popen.umask.set", "umask is the child's; -1 leaves the parent's") {
  const auto octal = [](mode_t mode) {
    std::ostringstream text;
    text << "0o" << std::oct << mode;
    return text.str();
  };
  const mode_t before = ::umask(022);
  for (const int mask : {053, 0, -1}) {
    const Folder folder;
    sh("echo > beans", {.cwd = folder.top, .umask = mask}).wait();
    struct stat beans {};
    checked(::stat(folder.path("beans").c_str(), &beans));
    log(octal(beans.st_mode & 0777U));
  }
  log(octal(::umask(before)));
}

CASE("subprocess.popen.pipesize.set", "pipesize is that of all three pipes") {
  for (const int size : {8192, -1, 0}) {
    ScopedPopen process({"cat"},
                        {.stdin_ = PIPE, .stdout_ = PIPE, .stderr_ = PIPE, .pipesize = size});
    Numbers sizes;
    for (auto* file : {&process.stdin_(), &process.stdout_(), &process.stderr_()})
      sizes.push_back(::fcntl(file->fileno(), F_GETPIPE_SZ));
    log(sizes);
  }
}

// ---- preexec_fn

CASE("subprocess.popen.preexec.called",
     "it is called in the child, last, before the program is run") {
  std::vector<int> seen;
  const auto change = [] {
    ::setenv("FRUIT", "apple", 1);
    std::filesystem::current_path("/dev");
  };
  report(sh("echo $FRUIT; pwd -P", {.stdout_ = PIPE, .preexec_fn = change, .cwd = "/"}));
  report(sh("echo $$", {.stdout_ = DEVNULL, .preexec_fn = [&] { seen.push_back(1); }}));
  const char* const fruit = std::getenv("FRUIT");
  log(fruit == nullptr ? "None" : fruit, seen);
}

CASE("subprocess.popen.preexec.raises", "what leaves it is SubprocessError here") {
  const auto before = holdings_now().descriptors;
  const auto fail = [] { throw tandem::ValueError("What if two swallows carried a coconut?"); };
  log(start({"true"}, {.stdin_ = PIPE, .stdout_ = PIPE, .stderr_ = PIPE, .preexec_fn = fail}));
  log(holdings_now().descriptors == before);
  log(no_child_left());
}

// ---- options

CASE("subprocess.popen.options.order", "their names and order are those of the signature") {
#define EACH(option)                                                                              \
  option(bufsize) option(executable) option(stdin_) option(stdout_) option(stderr_)               \
      option(preexec_fn) option(close_fds) option(shell) option(cwd) option(env)                  \
          option(universal_newlines) option(startupinfo) option(creationflags)                    \
              option(restore_signals) option(start_new_session) option(pass_fds) option(user)     \
                  option(group) option(extra_groups) option(encoding) option(errors) option(text) \
                      option(umask) option(pipesize) option(process_group)
#define SET(name) .name = given.name,
#define NAME(name) #name,
  // That this compiles is the order; the binding, that nothing is missing.
  const PopenOptions given;
  const PopenOptions same{EACH(SET).kill_group = given.kill_group};
  const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, ours] =
      same;
  static_assert(std::same_as<decltype(ours), const bool>);
  for (std::string name : {EACH(NAME)}) {
    if (name.ends_with('_')) name.pop_back();
    log(name);
  }
#undef NAME
#undef SET
#undef EACH
}

CASE("subprocess.popen.options.windows", "those for Windows are refused") {
  log(start({"true"}, {.startupinfo = subprocess::StartupInfo{}}));
  log(start({"true"}, {.creationflags = 47}));
}

CASE("subprocess.popen.options.text-twice",
     "text and universal_newlines may not contradict each other") {
  log(start({"true"}, {.universal_newlines = false, .text = true}));
  log(start({"true"}, {.universal_newlines = true, .text = false}));
  log(start({"true"}, {.universal_newlines = true, .text = true}));
  log(start({"true"}, {.universal_newlines = false, .text = false}));
}

CASE("subprocess.popen.options.text", "each of four turns text on") {
  const auto show = [](PopenOptions options) {
    options.stdout_ = options.stderr_ = PIPE;
    report(Popen({"printf", "a\\r\\nb\\rc"}, std::move(options)));
  };
  show({.text = true});
  show({.universal_newlines = true});
  show({.encoding = "utf-8"});
  show({.errors = "strict"});
  show({.text = false});
  show({});
}

CASE("subprocess.popen.bufsize.default", "what is written stays here until it is flushed") {
  Popen process({"cat"}, {.stdin_ = PIPE, .stdout_ = PIPE});
  process.stdin_().write("early ");
  checked(static_cast<int>(::write(process.stdin_().fileno(), "first ", 6)));
  process.stdin_().flush();
  process.stdin_().write("late");
  report(process);
}

CASE("subprocess.popen.bufsize.zero", "0: nothing stays, neither written nor read") {
  Popen process({"cat"}, {.bufsize = 0, .stdin_ = PIPE, .stdout_ = PIPE});
  process.stdin_().write("apple");
  log(process.stdout_().read(4));
  pollfd rest{process.stdout_().fileno(), POLLIN, 0};
  log(::poll(&rest, 1, 0) == 1);
  process.stdin_().close();
  log(process.stdout_().read());
  process.stdout_().close();
  process.wait();
}

CASE("subprocess.popen.bufsize.line", "1 in text mode: a line goes when it is complete") {
  ScopedPopen process({"cat"}, {.bufsize = 1, .stdin_ = PIPE, .stdout_ = PIPE, .text = true});
  process.stdin_().write("line\n");
  log(repr(process.stdout_().readline()));
}

CASE("subprocess.popen.bufsize.line-binary",
     "1 in binary mode: a warning, and nothing goes by itself") {
  std::optional<Popen> process;
  warned([&] {
    process.emplace(subprocess::Command{"cat"},
                    PopenOptions{.bufsize = 1, .stdin_ = PIPE, .stdout_ = PIPE});
  });
  process->stdin_().write("early\n");
  checked(static_cast<int>(::write(process->stdin_().fileno(), "first\n", 6)));
  report(*process);
}

// ---- poll, wait

CASE("subprocess.popen.start.does-not-wait", "the child runs beside us") {
  Popen process({"cat"}, {.stdin_ = PIPE});
  Log{process.returncode(), process.poll()};
  process.stdin_().close();
  log(process.wait());
}

CASE("subprocess.popen.poll.running", "None until the child has ended, then its code") {
  Popen process = sh("read -r line; exit 5", {.stdin_ = PIPE});
  Log{process.poll(), process.poll(), process.returncode()};
  process.stdin_().close();
  wait_until_ended(process.pid());
  Log{process.returncode(), process.poll(), process.returncode(), process.poll()};
  log(is_child(process.pid()));
}

CASE("subprocess.popen.wait.returns", "the code, again and again") {
  Popen process = sh("exit 47");
  Log{process.wait(), process.returncode(), process.wait(), process.poll(), process.wait(0s)};
  log(is_child(process.pid()));
}

CASE("subprocess.popen.wait.codes", "codes are 0 to 255") {
  Numbers codes;
  for (const int code : {0, 1, 2, 127, 128, 137, 255})
    codes.push_back(sh("exit " + std::to_string(code)).wait());
  log(codes);
}

CASE("subprocess.popen.wait.signalled", "the negative number of the signal that ended it") {
  for (const auto& [name, number] : {std::pair<std::string, int>{"ABRT", SIGABRT},
                                     {"KILL", SIGKILL},
                                     {"TERM", SIGTERM},
                                     {"USR1", SIGUSR1}})
    log(name, sh("ulimit -c 0; kill -" + name + " $$").wait() == -number);
}

CASE("subprocess.popen.wait.timeout",
     "TimeoutExpired when the time has passed, not before; the child lives on") {
  Popen process({"cat"}, {.stdin_ = PIPE});
  const auto begin = now();
  Log{timed_out([&] { process.wait(times::must_expire); }), now() - begin >= times::must_expire};
  Log{process.returncode(), process.poll()};
  process.stdin_().close();
  log(process.wait(times::must_not_expire));
}

CASE("subprocess.popen.wait.timeout-error", "which says what, how long, and of no output") {
  Popen process({"cat"}, {.stdin_ = PIPE});
  try {
    process.wait(0s);
  } catch (const subprocess::TimeoutExpired& error) {
    log(error.cmd(), error.output(), error.stderr_(), error.what());
  }
  process.stdin_().close();
  process.wait();
}

CASE("subprocess.popen.wait.timeout-zero", "zero or less only looks") {
  Popen process = sh("read -r line; exit 3", {.stdin_ = PIPE});
  Log{timed_out([&] { process.wait(0s); }), timed_out([&] { process.wait(-1s); })};
  process.stdin_().close();
  wait_until_ended(process.pid());
  log(process.wait(-1s));
}

CASE("subprocess.popen.wait.no-files", "also under a limit of no open files") {
  Popen process({"cat"}, {.stdin_ = PIPE});
  const auto begin = now();
  const Limited limited(RLIMIT_NOFILE, 0);
  Log{timed_out([&] { process.wait(times::must_expire); }), now() - begin >= times::must_expire};
  process.stdin_().close();
  const auto closed = now();
  Log{process.wait(times::must_not_expire), now() - closed < times::must_not_expire};
}

CASE("subprocess.popen.wait.full-pipe",
     "a child that has filled a pipe that nobody reads does not end") {
  Popen process({"head", "-c", large_text, "/dev/zero"}, {.stdout_ = PIPE});
  Log{timed_out([&] { process.wait(times::must_expire); }), process.poll()};
  const auto out = process.communicate().out.value();
  log(out.size(), process.returncode());
}

CASE("subprocess.popen.wait.threads", "any number of threads may wait, each gets the code") {
  Popen process({"cat"}, {.stdin_ = PIPE});
  threading::Barrier ready(5);
  threading::Lock lock;
  Numbers codes;
  std::vector<threading::Thread> threads;
  for (int number = 0; number < 4; ++number) {
    threads.emplace_back([&, number] {
      ready.wait();
      const int code = number % 2 == 0 ? process.wait() : process.wait(times::must_not_expire);
      const std::scoped_lock guard(lock);
      codes.push_back(code);
    });
    threads.back().start();
  }
  ready.wait();
  process.kill();
  for (const auto& thread : threads) thread.join();
  log(codes, process.returncode());
}

CASE("subprocess.popen.wait.kill-from-thread", "one thread waits, another looks, kills and waits") {
  Popen process({"cat"}, {.stdin_ = PIPE});
  threading::Event waiting;
  std::vector<std::optional<int>> seen;
  const threading::Thread thread([&] {
    waiting.wait();
    seen.push_back(process.poll());
    process.kill();
    process.wait();
    seen.push_back(process.returncode());
  });
  thread.start();
  waiting.set();
  log(process.wait());
  thread.join();
  log(seen);
}

CASE("subprocess.popen.wait.reaped-elsewhere", "whose status somebody else took has ended with 0") {
  const std::function<std::optional<int>(Popen&)> looks[] = {
      [](Popen& process) { return process.wait(); }, [](Popen& process) { return process.poll(); },
      [](Popen& process) { return process.wait(times::must_not_expire); }};
  for (const auto& look : looks) {
    Popen process = sh("exit 3");
    checked(::waitpid(process.pid(), nullptr, 0));
    Log{process.returncode(), look(process), process.returncode()};
  }
}

CASE("subprocess.popen.wait.sigchld-ignored", "and so has whose status the system throws away") {
  std::signal(SIGCHLD, SIG_IGN);
  log(sh("exit 3").wait());
  log(sh("exit 3").wait(times::must_not_expire));
  report(sh("echo out; exit 3", {.stdout_ = PIPE}));
}

CASE("subprocess.popen.wait.stopped", "a stopped child has not ended") {
  Popen process({"cat"}, {.stdin_ = PIPE});
  process.send_signal(SIGSTOP);
  siginfo_t info;
  checked(::waitid(P_PID, static_cast<id_t>(process.pid()), &info, WSTOPPED | WNOWAIT));
  Log{process.poll(), timed_out([&] { process.wait(times::must_expire); })};
  process.send_signal(SIGCONT);
  process.stdin_().close();
  log(process.wait());
}

namespace {

volatile std::sig_atomic_t signals_that_came = 0;

// SIGUSR1 has a handler that counts, and ends what the thread waits for in the system.
void count_interrupts() {
  signals_that_came = 0;
  struct sigaction action {};
  action.sa_handler = [](int) { signals_that_came = signals_that_came + 1; };
  checked(::sigaction(SIGUSR1, &action, nullptr));
}

const std::string interrupting =
    "for n in 1 2 3 4 5 6 7 8; do kill -USR1 $PPID; done; cat; echo done";

}  // namespace

CASE("subprocess.popen.wait.interrupted", "signals that come meanwhile do not end it") {
  for (const tandem::Timeout timeout :
       {tandem::Timeout(), tandem::Timeout(times::must_not_expire)}) {
    count_interrupts();
    const int code =
        sh(interrupting + "; exit 4", {.stdin_ = DEVNULL, .stdout_ = DEVNULL}).wait(timeout);
    log(code, signals_that_came > 0);
  }
}

// ---- communicate

CASE("subprocess.popen.communicate.returns", "None for what is no pipe") {
  report(sh("exit 47"));
  report(sh("printf pineapple", {.stdout_ = PIPE}));
  report(sh("printf pineapple >&2", {.stderr_ = PIPE}));
  report(sh("cat; printf pineapple >&2", {.stdin_ = PIPE, .stdout_ = PIPE, .stderr_ = PIPE}),
         {.input = "banana"});
  report(sh("exit 0", {.stdout_ = PIPE, .stderr_ = PIPE}));
}

CASE("subprocess.popen.communicate.stdin", "the input reaches a child that has no other pipe") {
  report(sh("read -r line; [ \"$line\" = pear ] && exit 7", {.stdin_ = PIPE}), {.input = "pear\n"});
}

CASE("subprocess.popen.communicate.closes", "all pipes are closed afterwards") {
  for (const bool in : {false, true})
    for (const bool out : {false, true})
      for (const bool err : {false, true}) {
        PopenOptions options;
        if (in) options.stdin_ = PIPE;
        if (out) options.stdout_ = PIPE;
        if (err) options.stderr_ = PIPE;
        Popen process({"true"}, std::move(options));
        process.communicate();
        std::vector<bool> closed;
        if (in) closed.push_back(process.stdin_().closed());
        if (out) closed.push_back(process.stdout_().closed());
        if (err) closed.push_back(process.stderr_().closed());
        log(closed);
      }
}

CASE("subprocess.popen.communicate.no-input", "without input the child's stdin is at its end") {
  report(Popen({"cat"}, {.stdin_ = PIPE}));
  report(Popen({"cat"}, {.stdin_ = PIPE, .stdout_ = PIPE}));
  report(Popen({"cat"}, {.stdin_ = PIPE, .stdout_ = PIPE}), {.input = ""});
}

CASE("subprocess.popen.communicate.no-stdin", "input for a child without a pipe is dropped") {
  report(Popen({"cat"}, {.stdin_ = DEVNULL, .stdout_ = PIPE}), {.input = "lost"});
  report(Popen({"cat"}, {.stdin_ = DEVNULL, .stdout_ = PIPE, .stderr_ = PIPE}), {.input = "lost"});
}

CASE("subprocess.popen.communicate.large", "more than the pipes hold, both ways at once") {
  Popen process = sh("head -c 47; head -c " + large_text + " /dev/zero >&2; cat",
                     {.stdin_ = PIPE, .stdout_ = PIPE, .stderr_ = PIPE});
  const auto [out, err] = process.communicate({.input = std::string(large, 'a')});
  log(out == std::string(large, 'a'), err == std::string(large, '\0'), process.returncode());
}

CASE("subprocess.popen.communicate.one-pipe", "all of it, of one pipe alone") {
  const auto first =
      Popen({"head", "-c", large_text, "/dev/zero"}, {.stdout_ = PIPE}).communicate();
  log(first.out->size(), first.err);
  const auto second =
      sh("head -c " + large_text + " /dev/zero >&2", {.stderr_ = PIPE}).communicate();
  log(second.out, second.err->size());
}

namespace {

std::string every_byte() {
  std::string every;
  for (int byte = 0; byte < 256; ++byte) every += static_cast<char>(byte);
  return every;
}

}  // namespace

CASE("subprocess.popen.communicate.binary", "bytes are left as they are") {
  const std::string every = every_byte() + "\r\n\r\r\n";
  Popen process({"cat"}, {.stdin_ = PIPE, .stdout_ = PIPE, .stderr_ = PIPE});
  const auto [out, err] = process.communicate({.input = every});
  log(out == every, err->size());
}

CASE("subprocess.popen.communicate.after-write", "what was written before goes first") {
  Popen both({"cat"}, {.stdin_ = PIPE, .stdout_ = PIPE, .stderr_ = PIPE});
  both.stdin_().write("banana");
  report(both, {.input = "split"});
  Popen alone = sh("read -r line; [ $line = bananasplit ] && exit 5", {.stdin_ = PIPE});
  alone.stdin_().write("banana");
  report(alone, {.input = "split\n"});
}

CASE("subprocess.popen.communicate.broken-pipe",
     "a child that does not read its input is no error") {
  const std::string input(large, 'x');
  report(Popen({"true"}, {.stdin_ = PIPE}), {.input = input});
  report(Popen({"true"}, {.stdin_ = PIPE, .stdout_ = PIPE}), {.input = input});
  report(Popen({"true"}, {.stdin_ = PIPE, .stdout_ = PIPE, .stderr_ = PIPE}), {.input = input});
  Popen process({"true"}, {.stdin_ = PIPE});
  process.wait();
  report(process, {.input = input});
}

CASE("subprocess.popen.communicate.broken-pipe-pending",
     "nor when what was written before cannot go") {
  const auto show = [](PopenOptions options, subprocess::CommunicateOptions arguments = {}) {
    options.stdin_ = PIPE;
    Popen process({"true"}, std::move(options));
    process.stdin_().write("pending");
    wait_until_ended(process.pid());
    report(process, std::move(arguments));
  };
  show({});
  show({}, {.input = "more"});
  show({.stdout_ = PIPE});
  show({.stdout_ = PIPE}, {.timeout = times::must_not_expire});
}

CASE("subprocess.popen.communicate.interrupted", "signals that come meanwhile do not end it") {
  const auto show = [](PopenOptions options) {
    count_interrupts();
    report(sh(interrupting, std::move(options)));
    log(signals_that_came > 0);
  };
  show({.stdin_ = DEVNULL, .stdout_ = PIPE});
  show({.stdin_ = PIPE, .stdout_ = PIPE});
  show({.stdin_ = DEVNULL, .stdout_ = PIPE, .stderr_ = PIPE});
}

namespace {

// The name by which a child opens a descriptor that it was passed.
std::string device(int fd) { return "/dev/fd/" + std::to_string(fd); }

}  // namespace

CASE("subprocess.popen.communicate.timeout",
     "TimeoutExpired has what came; the next call has all of it") {
  Channel gate, ready;
  Popen process = sh(
      "echo pineapple >&2; echo >" + device(ready.writer) + "; cat <" + device(gate.reader) +
          "; echo pear >&2; cat",
      {.stdin_ = PIPE, .stdout_ = PIPE, .stderr_ = PIPE, .pass_fds = {ready.writer, gate.reader}});
  ready.wait();
  const auto begin = now();
  try {
    process.communicate({.input = "banana", .timeout = times::must_expire});
  } catch (const subprocess::TimeoutExpired& error) {
    log(shown(error.output()), shown(error.stderr_()), &error.stdout_() == &error.output());
    log(error.timeout() == times::must_expire, now() - begin >= times::must_expire);
  }
  log(process.poll());
  gate.open();
  report(process);
}

CASE("subprocess.popen.communicate.timeout-large",
     "nothing is lost of what comes before, between and after") {
  Channel first, second;
  const std::string part = "head -c " + large_text + " /dev/zero; ";
  Popen process = sh(part + "cat <" + device(first.reader) + "; " + part + "cat <" +
                         device(second.reader) + "; " + part,
                     {.stdout_ = PIPE, .pass_fds = {first.reader, second.reader}});
  log(timed_out([&] { process.communicate({.timeout = times::must_expire}); }));
  first.open();
  log(timed_out([&] { process.communicate({.timeout = times::must_expire}); }));
  second.open();
  const auto out = process.communicate().out.value();
  log(out.size() == 3 * large, process.returncode());
}

CASE("subprocess.popen.communicate.timeout-input",
     "the rest of the input is sent by the next call") {
  Channel gate;
  Popen process = sh("cat <" + device(gate.reader) + "; cat",
                     {.stdin_ = PIPE, .stdout_ = PIPE, .pass_fds = {gate.reader}});
  std::string data;
  while (data.size() < large) data += every_byte();
  EXPECT_THROW(process.communicate({.input = data, .timeout = times::must_expire}),
               subprocess::TimeoutExpired);
  gate.open();
  EXPECT_EQ(process.communicate({.timeout = times::must_not_expire}).out, data);
  EXPECT_EQ(process.returncode(), 0);
}

CASE("subprocess.popen.communicate.timeout-zero", "a timeout of less than nothing") {
  Popen process({"cat"}, {.stdin_ = PIPE, .stdout_ = PIPE});
  log(timed_out([&] { process.communicate({.timeout = -1s}); }));
  report(process);
}

CASE("subprocess.popen.communicate.timeout-end", "a child that closes its output and runs on") {
  Channel gate;
  Popen process = sh("echo x; exec >/dev/null; cat", {.stdin_ = gate.reader, .stdout_ = PIPE});
  log(timed_out([&] { process.communicate({.timeout = times::must_expire}); }));
  log(timed_out([&] { process.communicate({.timeout = times::must_expire}); }));
  gate.open();
  report(process, {.timeout = times::must_not_expire});
}

CASE("subprocess.popen.communicate.timeout-in-time", "a timeout that does not pass") {
  report(sh("cat; echo err >&2", {.stdin_ = PIPE, .stdout_ = PIPE, .stderr_ = PIPE}),
         {.input = "in time", .timeout = times::must_not_expire});
}

CASE("subprocess.popen.communicate.grandchild",
     "the end of the output is waited for, not that of the child") {
  Channel gate;
  Popen process =
      sh("exec 3<&0; (cat <&3; echo late) & echo early", {.stdin_ = gate.reader, .stdout_ = PIPE});
  log(timed_out([&] { process.communicate({.timeout = times::must_expire}); }));
  gate.open();
  report(process);
}

CASE("subprocess.popen.communicate.input-twice", "no input once it has begun") {
  Popen first({"cat"}, {.stdin_ = PIPE, .stdout_ = PIPE});
  report(first, {.input = "first"});
  log(raised([&] { first.communicate({.input = "second"}); }));
  Popen second({"cat"}, {.stdin_ = PIPE, .stdout_ = PIPE, .stderr_ = PIPE});
  timed_out([&] { second.communicate({.timeout = -1s}); });
  log(raised([&] { second.communicate({.input = "late"}); }));
  report(second, {.input = ""});
}

CASE("subprocess.popen.communicate.again", "a second call has nothing more to give") {
  Popen process = sh("echo out; echo err >&2", {.stdout_ = PIPE, .stderr_ = PIPE});
  const subprocess::Output all{"out\n", "err\n"}, nothing{"", ""};
  EXPECT_EQ(process.communicate(), all);
  EXPECT_EQ(process.communicate(), nothing);
  EXPECT_EQ(process.communicate({.timeout = times::must_not_expire}), nothing);
}

CASE("subprocess.popen.communicate.closed", "a stream that was closed before") {
  Popen ended({"cat"}, {.stdin_ = PIPE});
  ended.stdin_().close();
  report(ended);
  {
    ScopedPopen process({"cat"}, {.stdin_ = PIPE});
    process.stdin_().close();
    log(raised([&] { process.communicate({.input = "late"}); }));
  }
  {
    ScopedPopen process({"cat"}, {.stdin_ = PIPE, .stdout_ = PIPE});
    process.stdin_().close();
    log(raised([&] { process.communicate(); }));
  }
  {
    ScopedPopen process({"true"}, {.stdout_ = PIPE});
    process.stdout_().close();
    log(raised([&] { process.communicate(); }));
  }
  Popen both({"true"}, {.stdout_ = PIPE, .stderr_ = PIPE});
  both.stdout_().close();
  report(both);
}

CASE("subprocess.popen.communicate.text", "text: every end of line is \\n") {
  const std::string lines = "printf 'line1\\nline2\\r\\nline3\\r'; printf '\\nline4\\r\\r\\nline5'";
  report(sh(lines, {.stdout_ = PIPE, .text = true}));
  report(sh(lines, {.stdout_ = PIPE, .stderr_ = PIPE, .text = true}));
  report(sh("(" + lines + ") >&2", {.stderr_ = PIPE, .text = true}));
}

CASE("subprocess.popen.communicate.text-input", "the input is sent as it is") {
  report(sh("od -An -c", {.stdin_ = PIPE, .stdout_ = PIPE, .stderr_ = PIPE, .text = true}),
         {.input = "1\n2\r\n3\rü\n"});
  report(sh("read -r a; read -r b; [ $a$b = 13 ]", {.stdin_ = PIPE, .text = true}),
         {.input = "1\n3\n"});
  report(Popen({"true"}, {.stdin_ = PIPE, .stdout_ = PIPE, .text = true}));
}

CASE("subprocess.popen.communicate.text-both", "both outputs, and the input, in text mode") {
  report(sh("read -r line; echo $line; printf 'line2\\r'; printf 'eline2\\n' >&2; cat; "
            "printf 'line4\\nline5\\r\\n'; printf 'eline6\\reline7\\r\\nz' >&2",
            {.stdin_ = PIPE, .stdout_ = PIPE, .stderr_ = PIPE, .text = true}),
         {.input = "line1\nline3\n"});
}

CASE("subprocess.popen.communicate.text-errors",
     "what is no UTF-8 is an error, or what errors= says") {
  for (const auto& errors : {std::optional<std::string>(),
                             {"strict"},
                             {"ignore"},
                             {"replace"},
                             {"backslashreplace"},
                             {"surrogateescape"}}) {
    Popen process({"printf", "[\\200\\200]"},
                  {.stdin_ = PIPE, .stdout_ = PIPE, .encoding = "utf-8", .errors = errors});
    std::optional<Numbers> said;
    const std::string failed = raised([&] {
      const std::string out = process.communicate({.input = ""}).out.value();
      said.emplace();
      for (const char c : out) said->push_back(static_cast<unsigned char>(c));
    });
    if (said)
      log(errors, failed, *said);
    else
      log(errors, failed);
    log(process.wait());
  }
}

// ---- signals to the child

CASE("subprocess.popen.signal.send", "send_signal sends what it is given") {
  std::signal(SIGINT, SIG_DFL);
  for (const int number : {SIGUSR1, SIGINT, 9}) {
    Popen process({"cat"}, {.stdin_ = PIPE});
    process.send_signal(number);
    log(std::nullopt, process.wait() == -number);
  }
}

CASE("subprocess.popen.signal.caught", "a child may do something else about it") {
  Popen process =
      sh("trap 'echo caught; exit 6' USR1; echo ready; while :; do read -r line || :; done",
         {.stdin_ = PIPE, .stdout_ = PIPE});
  log(process.stdout_().readline());
  process.send_signal(SIGUSR1);
  Log{process.stdout_().read(), process.wait()};
}

CASE("subprocess.popen.signal.terminate", "terminate is SIGTERM") {
  Popen process({"cat"}, {.stdin_ = PIPE, .stderr_ = PIPE});
  process.terminate();
  report(process);
}

CASE("subprocess.popen.signal.kill", "kill is SIGKILL") {
  Popen process = sh("trap '' TERM; echo; cat", {.stdin_ = PIPE, .stdout_ = PIPE});
  process.stdout_().readline();
  process.terminate();
  log(process.poll());
  process.kill();
  log(process.wait());
}

CASE("subprocess.popen.signal.finished", "nothing happens to one that has ended") {
  const std::function<void(Popen&)> acts[] = {[](Popen& process) { process.send_signal(SIGINT); },
                                              [](Popen& process) { process.terminate(); },
                                              [](Popen& process) { process.kill(); }};
  for (const auto& act : acts) {
    Popen waited = sh("exit 3"), unseen = sh("exit 4");
    waited.wait();
    wait_until_ended(unseen.pid());
    Log{raised([&] { act(waited); }), waited.returncode(), raised([&] { act(unseen); }),
        unseen.wait()};
  }
}

CASE("subprocess.popen.signal.looks-first", "whether it has ended is looked at before") {
  Popen ended = sh("exit 3"), gone = sh("exit 4");
  wait_until_ended(ended.pid());
  checked(::waitpid(gone.pid(), nullptr, 0));
  for (Popen* process : {&ended, &gone})
    Log{process->returncode(), raised([&] { process->terminate(); }), process->returncode()};
}

CASE("subprocess.popen.signal.invalid", "a signal that is none") {
  Popen process({"cat"}, {.stdin_ = PIPE});
  Log{raised([&] { process.send_signal(1000); }), raised([&] { process.send_signal(0); }),
      process.poll()};
  process.stdin_().close();
  Log{process.wait(), raised([&] { process.send_signal(1000); })};
}

namespace {

// A shell whose own child says "alive" when the gate opens, and holds stdout until then.
const std::string with_grandchild = "exec 3<&0; (cat <&3; echo alive) & echo; wait";

}  // namespace

CASE("subprocess.popen.signal.only-the-child", "its own children get nothing") {
  Channel gate;
  Popen process = sh(with_grandchild, {.stdin_ = gate.reader, .stdout_ = PIPE});
  process.stdout_().readline();
  process.kill();
  log(process.wait());
  gate.open();
  log(process.stdout_().read());
}

CASE("subprocess.popen.kill-group.kill", "kill reaches the child's children") {
  Channel gate;
  Popen process = sh(with_grandchild, {.stdin_ = gate.reader, .stdout_ = PIPE, .kill_group = true});
  process.stdout_().readline();
  process.kill();
  EXPECT_EQ(process.communicate({.timeout = times::must_not_expire}).out, "");
  EXPECT_EQ(process.returncode(), -SIGKILL);
}

CASE("subprocess.popen.kill-group.terminate", "and so does terminate") {
  Channel gate;
  Popen process = sh(with_grandchild, {.stdin_ = gate.reader, .stdout_ = PIPE, .kill_group = true});
  process.stdout_().readline();
  process.terminate();
  EXPECT_EQ(process.communicate({.timeout = times::must_not_expire}).out, "");
  EXPECT_EQ(process.returncode(), -SIGTERM);
}

CASE("subprocess.popen.kill-group.own-group", "the child leads a group of its own") {
  const Place child = group_and_session({.kill_group = true});
  EXPECT_EQ(child.group, child.pid);
  EXPECT_EQ(child.session, ::getsid(0));
  const Place asked_for_none = group_and_session({.process_group = -1, .kill_group = true});
  EXPECT_EQ(asked_for_none.group, asked_for_none.pid);
  const Place leader = group_and_session({.start_new_session = true, .kill_group = true});
  EXPECT_EQ(leader.group, leader.pid);
  EXPECT_EQ(leader.session, leader.pid);
}

CASE("subprocess.popen.kill-group.finished", "a child that was waited for has no group") {
  Channel gate;
  Popen process = sh("exec 3<&0; (cat <&3; echo alive) & echo",
                     {.stdin_ = gate.reader, .stdout_ = PIPE, .kill_group = true});
  EXPECT_EQ(process.wait(), 0);
  process.kill();
  gate.open();
  EXPECT_EQ(process.stdout_().read(), "\nalive\n");
}

// ---- the end of a Popen

CASE("subprocess.popen.with.waits", "the end of `with` waits for the child") {
  Popen process = sh("exit 100");
  log(process.returncode());
  process.exit();
  log(process.returncode());
  int pid;
  {
    const ScopedPopen scoped({"sh", "-c", "exit 1"});
    pid = scoped.pid();
  }
  EXPECT_FALSE(is_child(pid));
}

CASE("subprocess.popen.with.closes", "and closes the pipes before, so the child sees their end") {
  Popen process = sh("cat; exit 3", {.stdin_ = PIPE, .stdout_ = PIPE, .stderr_ = PIPE});
  process.stdin_().write("pending");
  process.stdin_().flush();
  log(process.stdout_().read(7));
  process.exit();
  Log{process.stdin_().closed(), process.stdout_().closed(), process.stderr_().closed(),
      process.returncode()};
}

CASE("subprocess.popen.with.communicated", "nothing is left to do after communicate") {
  Popen process = sh("read -r line; [ $line = context ] && exit 1", {.stdin_ = PIPE});
  process.communicate({.input = "context\n"});
  log(process.returncode());
  process.exit();
  log(process.returncode());
}

CASE("subprocess.popen.with.broken-pipe",
     "what cannot be flushed is an error, but the child was waited for") {
  Popen process({"true"}, {.stdin_ = PIPE});
  process.stdin_().write("pending");
  wait_until_ended(process.pid());
  log(raised([&] { process.exit(); }));
  Log{process.returncode(), process.stdin_().closed()};
}

CASE("subprocess.popen.dropped.running",
     "one that still runs is warned of, and reaped when others start") {
  Channel gate;
  auto held =
      std::make_unique<Popen>(subprocess::Command{"cat"}, PopenOptions{.stdin_ = gate.reader});
  const int pid = held->pid();
  warned([&] { held.reset(); });
  log(is_child(pid));
  gate.open();
  wait_until_ended(pid);
  start({"nonexisting_i_hope"});
  log(is_child(pid));
}

CASE("subprocess.popen.dropped.ended",
     "one that has ended unseen is warned of, too, but reaped at once") {
  auto held = std::make_unique<Popen>(subprocess::Command{"true"});
  const int pid = held->pid();
  wait_until_ended(pid);
  warned([&] { held.reset(); });
  log(is_child(pid));
}

CASE("subprocess.popen.dropped.finished", "of one whose end was seen nothing is said") {
  auto held = std::make_unique<Popen>(subprocess::Command{"true"});
  held->wait();
  warned([&] { held.reset(); });
}

CASE("subprocess.popen.dropped.closes", "its pipes are closed") {
  auto held = std::make_unique<Popen>(subprocess::Command{"cat"},
                                      PopenOptions{.stdin_ = PIPE, .stdout_ = PIPE});
  const int pid = held->pid(), in = held->stdin_().fileno(), out = held->stdout_().fileno();
  warned([&] { held.reset(); });
  ASSERT_FALSE(is_open(in) || is_open(out));  // else the child would read for ever
  wait_until_ended(pid);
  Popen({"true"}).wait();
  EXPECT_FALSE(is_child(pid));
}

CASE("subprocess.popen.moved.keeps", "the same child, the same files") {
  Popen first({"cat"}, {.stdin_ = PIPE, .stdout_ = PIPE});
  const int pid = first.pid();
  auto* const in = &first.stdin_();
  Popen second = std::move(first);
  EXPECT_EQ(second.pid(), pid);
  EXPECT_EQ(&second.stdin_(), in);
  EXPECT_THROW(first.poll(), tandem::RuntimeError);
  in->write("moved");
  EXPECT_EQ(second.communicate().out, "moved");
  EXPECT_EQ(second.wait(), 0);
}

CASE("subprocess.popen.moved.assigned", "the child that was there is dropped") {
  Channel gate;
  std::string said;
  Popen process({"cat"}, {.stdin_ = gate.reader});
  const int pid = process.pid();
  const auto sink = tandem::log_sink([&](std::string_view text) { said += text; });
  process = sh("exit 3");
  tandem::log_sink(sink);
  EXPECT_NE(said.find("subprocess " + std::to_string(pid) + " is still running"), said.npos);
  EXPECT_TRUE(is_child(pid));
  EXPECT_EQ(process.wait(), 3);
  gate.open();
  wait_until_ended(pid);
  Popen({"true"}).wait();
  EXPECT_FALSE(is_child(pid));
}

CASE("subprocess.popen.threads.start", "many threads start, feed and read children at once") {
  std::atomic<int> right = 0;
  std::vector<threading::Thread> threads;
  for (int number = 0; number < 8; ++number) {
    threads.emplace_back([&right, name = "thread " + std::to_string(number)] {
      for (int turn = 0; turn < 5; ++turn) {
        const std::string code = std::to_string(turn);
        Popen process = sh("cat; echo " + name + " >&2; exit " + code,
                           {.stdin_ = PIPE, .stdout_ = PIPE, .stderr_ = PIPE});
        const auto [out, err] = process.communicate({.input = code});
        if (out == code && err == name + "\n" && process.returncode() == turn) ++right;
      }
    });
    threads.back().start();
  }
  for (const auto& thread : threads) thread.join();
  log(right.load(), right == 40);
}

// ---- repr

CASE("subprocess.popen.repr.text", "return code and arguments, at most 80 characters") {
  const auto show = [](const subprocess::Command& args) {
    Popen process(args);
    log(text_of(process));
    process.wait();
    log(text_of(process));
  };
  show("true");
  show({"true"});
  show({"false", "it's", "a \"b\""});
  show({"true", "--my-opts", std::string(100, 'a')});
  for (std::size_t length = 35; length < 42; ++length) show({"true", std::string(length, 'a')});
  Popen process("exit 123", {.shell = true});
  process.wait();
  log(text_of(process));
}
