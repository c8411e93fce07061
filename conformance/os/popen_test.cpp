// os::popen
#include "tandem/os/popen.hpp"

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "conformance/harness/case.hpp"
#include "conformance/harness/redirected.hpp"

using namespace tandem::conformance;
namespace os = tandem::os;

namespace {

// How many bytes the pipe holds that nobody has read yet.
int bytes_in(const os::Pipe& pipe) {
  int count = 0;
  if (::ioctl(pipe.fileno(), FIONREAD, &count) != 0) throw std::runtime_error("no pipe");
  return count;
}

// What it threw; the byte that it names is no address.
template <class Act>
std::string said(Act&& act) {
  std::string text = raised(std::forward<Act>(act));
  if (const auto at = text.find("0x"); at != text.npos) text.erase(at, 2);
  return text;
}

std::vector<std::string> iterated(os::Pipe& pipe) {
  std::vector<std::string> lines;
  for (const std::string& line : pipe) lines.push_back(line);
  return lines;
}

// os::popen() for writing, and what the command writes to stdout.
class Heard {
 public:
  explicit Heard(const std::string& command, int buffering = -1)
      : Heard(Ends(), command, buffering) {}
  Heard(const Heard&) = delete;
  Heard& operator=(const Heard&) = delete;
  ~Heard() { ::close(reader_); }

  std::string readline() {
    std::string line;
    for (char byte; ::read(reader_, &byte, 1) == 1 && byte != '\n';) line += byte;
    return line;
  }
  std::string read() {
    std::string text;
    for (char byte; ::read(reader_, &byte, 1) == 1;) text += byte;
    return text;
  }

 private:
  // Our stdout is a pipe meanwhile.
  struct Ends {
    Ends() : before(::dup(1)) {
      if (::pipe(both) != 0) throw std::runtime_error("no pipe");
      ::dup2(both[1], 1);
      ::close(both[1]);
    }
    int before, both[2];
  };
  Heard(Ends ends, const std::string& command, int buffering)
      : pipe(os::popen(command, {.mode = "w", .buffering = buffering})), reader_(ends.both[0]) {
    ::dup2(ends.before, 1);
    ::close(ends.before);
  }

 public:
  os::Pipe pipe;

 private:
  int reader_;
};

// A command that reads nothing until it is killed.
class Asleep : public Heard {
 public:
  explicit Asleep(int buffering = -1) : Heard("echo $$; exec sleep 1000", buffering) {
    pid_ = std::stoi(readline());
  }
  ~Asleep() {
    ::kill(pid_, SIGKILL);
    try {
      pipe.close();
    } catch (const tandem::BrokenPipeError&) {
      // what was written and not sent
    }
  }

 private:
  int pid_;
};

}  // namespace

CASE("os.popen.read.output",
     "what the command writes to stdout, as text; its stderr is not in it") {
  const Redirected elsewhere(2);
  os::Pipe pipe = os::popen("printf 'one\\ntwo'; printf err >&2");
  Log{repr(pipe.read()), repr(pipe.read())};
  pipe.close();
}

CASE("os.popen.read.shell", "the command is a shell's: quotes, pipes, variables") {
  for (const std::string words :
       {"foo bar", "foo \"spam and eggs\" \"silly walk\"", "foo \"a \\\"quoted\\\" arg\" bar"}) {
    os::Pipe pipe = os::popen("printf '[%s]' " + words + " | cat");
    log(pipe.read());
    log(pipe.close());
  }
}

CASE("os.popen.read.parts", "read(n) counts characters, readline() and readlines() lines") {
  os::Pipe pipe = os::popen("printf '\\303\\244bc\\ndef\\n\\nghi'");
  Log{pipe.read(2), repr(pipe.read(0)), repr(pipe.readline()), repr(pipe.readline())};
  Log{pipe.readlines(), pipe.readlines(), pipe.readline()};
  pipe.close();
}

CASE("os.popen.read.iteration", "for line in pipe") {
  os::Pipe pipe = os::popen("printf 'hello\\nworld'");
  log(iterated(pipe));
  log(pipe.close());
}

CASE("os.popen.read.newlines", "\\r\\n and \\r are read as \\n") {
  os::Pipe pipe = os::popen("printf 'a\\r\\nb\\rc\\n'");
  log(repr(pipe.read()));
  pipe.close();
}

CASE("os.popen.read.invalid", "what is no UTF-8 is a UnicodeDecodeError") {
  os::Pipe pipe = os::popen("printf 'ab\\200'");
  log(said([&] { pipe.read(); }));
  log(pipe.close());
}

CASE("os.popen.read.environment", "the command sees our variables as they are now") {
  ::setenv("TANDEM_HELLO", "World", 1);
  os::Pipe pipe = os::popen("echo $TANDEM_HELLO");
  log(repr(pipe.read()));
  pipe.close();
}

CASE("os.popen.write.input",
     "mode w: what is written is what the command reads; its output goes where ours goes") {
  Heard command("cat");
  Log{command.pipe.write("hello\n"), command.pipe.write("\u20ac\r\n")};
  Log{command.pipe.close(), repr(command.read())};
}

CASE("os.popen.write.broken-pipe",
     "when the command reads no more: BrokenPipeError from close(), no signal") {
  Heard command("exec <&-; echo closed; exit 3");
  log(command.readline());
  command.pipe.write("unread");
  log(raised([&] { command.pipe.close(); }));
  log(command.pipe.close());
}

CASE("os.popen.mode.invalid", "only r and w; anything else is a ValueError, and nothing is run") {
  for (const auto* mode : {"rw", "", "a", "rb", "r+", "R"})
    log(raised([&] { os::popen("echo run >&2", {.mode = mode}); }));
}

CASE("os.popen.mode.one-way",
     "what is open for reading cannot be written, and the other way round") {
  os::Pipe reader = os::popen("true");
  log(raised([&] { reader.write("x"); }));
  log(reader.close());
  os::Pipe writer = os::popen("cat", {.mode = "w"});
  Log{raised([&] { writer.read(); }), raised([&] { writer.read(1); }),
      raised([&] { writer.readline(); }), raised([&] { writer.readlines(); })};
  log(writer.close());
}

CASE("os.popen.buffering.zero", "0 is refused: text needs a buffer") {
  for (const auto* mode : {"r", "w"})
    log(raised([&] { os::popen("echo run >&2", {.mode = mode, .buffering = 0}); }));
}

CASE("os.popen.buffering.line", "1: a line is sent when it is complete") {
  Asleep command(1);
  command.pipe.write("one");
  log(bytes_in(command.pipe));
  command.pipe.write("\ntwo");
  log(bytes_in(command.pipe));
}

CASE("os.popen.buffering.size", "more than 1 is the size of the buffer in bytes") {
  Asleep command(16);
  command.pipe.write("0123456789");
  log(bytes_in(command.pipe));
  command.pipe.write("0123456789");
  log(bytes_in(command.pipe) >= 10);
}

CASE("os.popen.buffering.default",
     "-1, and any negative number, is the default: a buffer of some kilobytes") {
  EXPECT_EQ(os::PopenOptions().buffering, -1);
  for (const int buffering : {os::PopenOptions().buffering, -1, -7}) {
    Asleep command(buffering);
    command.pipe.write("one\ntwo\n");
    log(bytes_in(command.pipe));
    command.pipe.flush();
    log(bytes_in(command.pipe));
  }
}

CASE("os.popen.buffering.read", "none of it changes what is read") {
  for (const int buffering : {-7, -1, 1, 2, 16, 100000}) {
    os::Pipe pipe = os::popen("printf 'one\\r\\ntwo\\303\\244\\n\\nend'", {.buffering = buffering});
    Log{repr(pipe.readline()), repr(pipe.read(3)), pipe.readlines(), pipe.close()};
  }
}

CASE("os.popen.close.status",
     "None when the command succeeded; else its wait status, or the signal's number times -256") {
  for (const auto* command : {"exit 0", "exit 42", "exit 255", "kill -9 $$", "kill -15 $$"})
    Log{command, os::popen(command).close()};
  log(os::popen("cat; exit 3", {.mode = "w"}).close());
}

CASE("os.popen.close.waits", "close() waits for the command, and says the same again") {
  Heard command("cat; echo done; exit 3");
  command.pipe.write("x");
  Log{command.pipe.close(), repr(command.read()), command.pipe.close()};
}

CASE("os.popen.close.unread", "a command whose output nobody takes any more is ended by SIGPIPE") {
  os::Pipe pipe = os::popen("exec yes");
  Log{repr(pipe.readline()), pipe.close()};
}

CASE("os.popen.close.then-used", "what is closed can do nothing more: ValueError") {
  os::Pipe pipe = os::popen("echo x");
  pipe.close();
  log(raised([&] { pipe.read(); }));
  log(raised([&] { pipe.read(1); }));
  log(raised([&] { pipe.readline(); }));
  log(raised([&] { pipe.readlines(); }));
  log(raised([&] { iterated(pipe); }));
  os::Pipe writer = os::popen("cat", {.mode = "w"});
  writer.close();
  log(raised([&] { writer.write("x"); }));
}

CASE("os.popen.close.scope", "the end of the scope closes and waits") {
  Heard command("cat; echo done");
  {
    os::Pipe pipe = std::move(command.pipe);
    pipe.write("x");
  }
  log(::waitpid(-1, nullptr, WNOHANG) < 0 ? "[Errno 10] No child processes" : "a child");
  log(repr(command.read()));
}
