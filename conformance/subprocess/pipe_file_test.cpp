// subprocess::PipeFile: the child's streams.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "conformance/subprocess/streams.hpp"
#include "tandem/threading.hpp"

using namespace tandem::conformance;
namespace subprocess = tandem::subprocess;
namespace threading = tandem::threading;
using subprocess::PIPE;
using subprocess::PipeFile;
using subprocess::PopenOptions;
using subprocess::ScopedPopen;

namespace {

// A child whose output is what printf makes of it.
ScopedPopen printing(const std::string& octal, PopenOptions options = {}) {
  options.stdout_ = PIPE;
  return ScopedPopen({"printf", octal}, std::move(options));
}

PopenOptions with_pipes(PopenOptions options = {}) {
  options.stdin_ = options.stdout_ = PIPE;
  return options;
}

ScopedPopen cat(PopenOptions options = {}) {
  return ScopedPopen({"cat"}, with_pipes(std::move(options)));
}

ScopedPopen shell(const std::string& command, PopenOptions options = {}) {
  return ScopedPopen({"sh", "-c", command}, std::move(options));
}

// A child whose output comes in parts: the next one only when it is asked for.
class InParts {
 public:
  explicit InParts(std::initializer_list<std::string> parts, PopenOptions options = {})
      : child({"sh", "-c", command_of(parts)}, with_pipes(std::move(options))) {}
  void next() { checked(static_cast<int>(::write(child.stdin_().fileno(), "\n", 1))); }
  PipeFile& output() { return child.stdout_(); }

  ScopedPopen child;

 private:
  static std::string command_of(std::initializer_list<std::string> parts) {
    std::string command;
    for (const auto& part : parts) command += "printf '" + part + "'; read go; ";
    return command;
  }
};

std::vector<std::string> all_shown(const std::vector<std::string>& lines) {
  std::vector<std::string> texts;
  for (const auto& line : lines) texts.push_back(shown(line));
  return texts;
}

std::vector<std::string> iterated(PipeFile& file) {
  std::vector<std::string> lines;
  for (const std::string& line : file) lines.push_back(shown(line));
  return lines;
}

// What one read of the descriptor gives.
std::string read_some(const PipeFile& file) {
  char some[100];
  const int size = checked(static_cast<int>(::read(file.fileno(), some, sizeof some)));
  return std::string(some, static_cast<std::size_t>(size));
}

std::string every_byte(int times) {
  std::string data;
  for (int i = 0; i < 256 * times; ++i) data += static_cast<char>(i);
  return data;
}

}  // namespace

CASE("subprocess.pipe-file.read.all", "everything up to the end; nothing afterwards") {
  ScopedPopen child = printing("one\\ntwo\\0three");
  Log{shown(child.stdout_().read()), shown(child.stdout_().read())};
  ScopedPopen silent = printing("");
  log(shown(silent.stdout_().read()));
}

CASE("subprocess.pipe-file.read.size", "as many bytes as asked for, fewer only at the end") {
  ScopedPopen child = printing("abcdefgh");
  PipeFile& file = child.stdout_();
  Log{shown(file.read(0)), shown(file.read(3)), shown(file.read(1))};
  Log{shown(file.read(100)), shown(file.read(100))};
}

CASE("subprocess.pipe-file.read.waits-for-size",
     "a short part is not enough: the rest is waited for") {
  InParts child({"abc", "def"});
  child.next();
  log(shown(child.output().read(5)));
  child.next();
  log(shown(child.output().read()));
}

CASE("subprocess.pipe-file.readline.lines",
     "a line with its newline; the last may have none; nothing at the end") {
  ScopedPopen child = printing("one\\n\\ntwo\\r\\nthree");
  for (int i = 0; i < 6; ++i) log(shown(child.stdout_().readline()));
}

CASE("subprocess.pipe-file.readline.as-they-come",
     "a line is there when it was written, not when the child ends") {
  InParts child({"one\\nrest of ", "two\\n"});
  Log{shown(child.output().readline()), child.child.poll()};
  child.next();
  Log{shown(child.output().readline()), child.child.poll()};
  child.next();
  log(shown(child.output().readline()));
}

CASE("subprocess.pipe-file.readlines.rest", "a list of all lines that are left") {
  ScopedPopen child = printing("one\\ntwo\\nthree");
  child.stdout_().readline();
  log(all_shown(child.stdout_().readlines()));
  log(child.stdout_().readlines());
}

CASE("subprocess.pipe-file.iteration.lines",
     "for line in file; what was read before does not come again") {
  ScopedPopen child = printing("one\\ntwo\\n\\nthree");
  log(shown(child.stdout_().read(1)));
  log(iterated(child.stdout_()));
  log(iterated(child.stdout_()));
}

CASE("subprocess.pipe-file.iteration.then-read", "iterating and reading may alternate") {
  ScopedPopen child = printing("one\\ntwo\\nthree\\nfour");
  for (const std::string& line : child.stdout_()) {
    log(shown(line));
    break;
  }
  Log{shown(child.stdout_().readline()), shown(child.stdout_().read())};
}

CASE("subprocess.pipe-file.write.reaches-child",
     "what is written arrives as it is, and says how much it was") {
  ScopedPopen child = cat();
  Log{child.stdin_().write(std::string_view("one\r\n\0", 6)), child.stdin_().write(""),
      child.stdin_().write("\xff two")};
  child.stdin_().close();
  log(shown(child.stdout_().read()));
}

CASE("subprocess.pipe-file.write.buffered", "by default what is written stays here until flush()") {
  Sleeper child({.stdin_ = PIPE});
  child.stdin_().write("one\n");
  log(bytes_in(child.stdin_()));
  child.stdin_().flush();
  log(bytes_in(child.stdin_()));
  child.stdin_().flush();
  log(bytes_in(child.stdin_()));
}

CASE("subprocess.pipe-file.write.large", "more than the buffer and the pipe hold arrives whole") {
  const std::string data = every_byte(1200);
  ScopedPopen child = cat();
  std::string got;
  const threading::Thread reader([&] { got = child.stdout_().read(); });
  reader.start();
  Log{child.stdin_().write(data.substr(0, 100)), child.stdin_().write(data.substr(100))};
  child.stdin_().close();
  reader.join();
  log(got == data);
}

CASE("subprocess.pipe-file.write.broken-pipe",
     "when the child reads no more: BrokenPipeError, and no signal kills us") {
  ScopedPopen child = shell("exec true", {.stdin_ = PIPE});
  child.wait();
  child.stdin_().write("unread");
  log(raised([&] { child.stdin_().flush(); }));
  Log{raised([&] { child.stdin_().close(); }), child.stdin_().closed()};
  log(child.returncode());
}

CASE("subprocess.pipe-file.write.broken-pipe-unbuffered", "unbuffered, write() says so itself") {
  ScopedPopen child = shell("exec true", {.bufsize = 0, .stdin_ = PIPE});
  child.wait();
  log(raised([&] { child.stdin_().write("unread"); }));
  Log{raised([&] { child.stdin_().close(); }), child.stdin_().closed()};
}

CASE("subprocess.pipe-file.bufsize.zero",
     "unbuffered: written at once, and a read takes what is there") {
  {
    Sleeper child({.bufsize = 0, .stdin_ = PIPE});
    Log{child.stdin_().write("one"), bytes_in(child.stdin_())};
  }
  ScopedPopen child = shell("printf abcdef; read go; printf ghi", with_pipes({.bufsize = 0}));
  log(shown(child.stdout_().read(2)));
  log(bytes_in(child.stdout_()));
  log(shown(child.stdout_().read(100)));
  child.stdin_().write("\n");
  Log{shown(child.stdout_().read()), shown(child.stdout_().read(100))};
}

CASE("subprocess.pipe-file.bufsize.one-in-text",
     "1 in text mode: a line is sent when it is complete") {
  Sleeper child({.bufsize = 1, .stdin_ = PIPE, .text = true});
  child.stdin_().write("one");
  log(bytes_in(child.stdin_()));
  child.stdin_().write("\ntwo");
  log(bytes_in(child.stdin_()));
  child.stdin_().write("\n");
  log(bytes_in(child.stdin_()));
}

CASE("subprocess.pipe-file.bufsize.one-in-binary",
     "1 without text mode is the default, with a warning") {
  std::vector<std::string> warnings;
  const tandem::LogSink before =
      tandem::log_sink([&](std::string_view text) { warnings.emplace_back(text); });
  {
    Sleeper child({.bufsize = 1, .stdin_ = PIPE});
    child.stdin_().write("one\n");
    log(bytes_in(child.stdin_()));
  }
  tandem::log_sink(before);
  for (std::string& warning : warnings) log(warning.erase(warning.find(':'), 1));
}

CASE("subprocess.pipe-file.bufsize.size", "more than 1: the buffer's size in bytes") {
  Sleeper child({.bufsize = 16, .stdin_ = PIPE});
  child.stdin_().write("0123456789");
  log(bytes_in(child.stdin_()));
  child.stdin_().write("0123456789");
  log(bytes_in(child.stdin_()) >= 10);
  child.stdin_().flush();
  log(bytes_in(child.stdin_()));
}

CASE("subprocess.pipe-file.bufsize.negative", "any negative number is the default") {
  Sleeper child({.bufsize = -7, .stdin_ = PIPE});
  child.stdin_().write("0123456789");
  log(bytes_in(child.stdin_()));
  child.stdin_().flush();
  log(bytes_in(child.stdin_()));
}

CASE("subprocess.pipe-file.close.sends-and-ends",
     "close() sends what is left, and the child sees the end") {
  ScopedPopen child = cat();
  child.stdin_().write("all of it");
  log(child.stdin_().closed());
  child.stdin_().close();
  Log{child.stdin_().closed(), shown(child.stdout_().read()), child.wait()};
  child.stdin_().close();
  log(child.stdin_().closed());
}

CASE("subprocess.pipe-file.close.reader-gone",
     "a child that writes to what was closed is ended by SIGPIPE") {
  ScopedPopen child = shell("read go; exec echo lost", with_pipes());
  child.stdout_().close();
  child.stdin_().write("\n");
  child.stdin_().close();
  Log{child.wait(), child.stdout_().closed()};
}

CASE("subprocess.pipe-file.close.then-used", "what is closed can do nothing more: ValueError") {
  for (const auto& options :
       {PopenOptions{}, PopenOptions{.bufsize = 0}, PopenOptions{.text = true}}) {
    ScopedPopen child = cat(options);
    PipeFile& in = child.stdin_();
    PipeFile& out = child.stdout_();
    in.close();
    out.close();
    log(raised([&] { in.write(""); }));
    log(raised([&] { in.flush(); }));
    log(raised([&] { out.read(); }));
    log(raised([&] { out.read(1); }));
    log(raised([&] { out.readline(); }));
    log(raised([&] { out.readlines(); }));
    log(raised([&] { iterated(out); }));
    log(raised([&] { in.fileno(); }));
    log(raised([&] { out.fileno(); }));
  }
}

CASE("subprocess.pipe-file.direction",
     "the child's input cannot be read, its output not written: UnsupportedOperation") {
  for (const auto& options :
       {PopenOptions{}, PopenOptions{.bufsize = 0}, PopenOptions{.text = true}}) {
    ScopedPopen child = cat(options);
    log(raised([&] { child.stdin_().read(); }));
    log(raised([&] { child.stdin_().read(1); }));
    log(raised([&] { child.stdin_().readline(); }));
    log(raised([&] { child.stdin_().readlines(); }));
    log(raised([&] { child.stdout_().write("x"); }));
  }
}

CASE("subprocess.pipe-file.fileno", "the pipe's descriptor, not for other children") {
  ScopedPopen child = cat();
  for (const PipeFile* file : {&child.stdin_(), &child.stdout_()})
    Log{file->fileno() > 2, (::fcntl(file->fileno(), F_GETFD) & FD_CLOEXEC) == 0};
  checked(static_cast<int>(::write(child.stdin_().fileno(), "beside the file", 15)));
  child.stdin_().close();
  log(shown(read_some(child.stdout_())));
}

CASE("subprocess.pipe-file.threads",
     "lines read by several threads are whole, and each comes once") {
  constexpr int count = 20000;
  ScopedPopen child = shell("read go; exec seq " + std::to_string(count), with_pipes());
  std::vector<std::string> got, expected;
  threading::Lock lock;
  std::vector<threading::Thread> readers;
  for (int i = 0; i < 4; ++i)
    readers.emplace_back([&] {
      std::vector<std::string> own;
      while (auto line = child.stdout_().readline()) own.push_back(std::move(*line));
      const std::scoped_lock guard(lock);
      got.insert(got.end(), own.begin(), own.end());
    });
  for (const auto& reader : readers) reader.start();
  wait_until_blocked(4);
  child.stdin_().write("\n");
  child.stdin_().flush();
  for (const auto& reader : readers) reader.join();
  for (int i = 1; i <= count; ++i) expected.push_back(std::to_string(i) + "\n");
  std::sort(got.begin(), got.end());
  std::sort(expected.begin(), expected.end());
  EXPECT_TRUE(got == expected) << got.size() << " lines";
}

CASE("subprocess.pipe-file.text.newlines", "every \\r\\n and \\r is read as \\n") {
  const std::string output = "one\\ntwo\\r\\nthree\\rfour\\n\\r\\r\\n\\rend\\r";
  {
    ScopedPopen child = printing(output, {.text = true});
    log(shown(child.stdout_().read()));
  }
  {
    ScopedPopen child = printing(output, {.text = true});
    log(iterated(child.stdout_()));
  }
  {
    ScopedPopen child = printing(output, {.text = true});
    std::string joined;
    for (const auto& line : child.stdout_().readlines())
      joined += (joined.empty() ? "" : "|") + line;
    log(shown(joined));
  }
  ScopedPopen child = printing(output);
  log(shown(child.stdout_().read()));
}

CASE("subprocess.pipe-file.text.split-newline", "a \\r\\n that comes in two parts is one newline") {
  InParts child({"one\\r", "\\ntwo\\r", "three"}, {.text = true});
  log(shown(child.output().read(1)));
  child.next();
  Log{shown(child.output().readline()), shown(child.output().read(1))};
  child.next();
  child.next();
  log(shown(child.output().read()));
}

CASE("subprocess.pipe-file.text.split-character",
     "a character that comes in parts is decoded whole") {
  InParts child({"a\\342", "\\202\\254b\\303", "\\244"}, {.text = true});
  log(shown(child.output().read(1)));
  child.next();
  log(shown(child.output().read(2)));
  child.next();
  child.next();
  log(shown(child.output().read()));
}

CASE("subprocess.pipe-file.text.size-is-characters",
     "read(n) counts characters, of which \\r\\n is one") {
  ScopedPopen child = printing("\\303\\244\\303\\266\\r\\n\\342\\202\\254x", {.text = true});
  PipeFile& file = child.stdout_();
  Log{shown(file.read(2)), shown(file.read(2)), shown(file.read(100))};
}

CASE("subprocess.pipe-file.text.invalid",
     "what is no UTF-8 is a UnicodeDecodeError that says what and where") {
  for (const auto* output : {"ab\\200", "\\303(", "\\342\\202(", "\\377", "\\300\\200",
                             "\\355\\240\\200", "\\364\\220\\200\\200", "good\\nbad\\370"}) {
    ScopedPopen child = printing(output, {.text = true});
    log(said([&] { child.stdout_().read(); }));
  }
}

CASE("subprocess.pipe-file.text.invalid-end", "so is what ends in the middle of a character") {
  for (const auto* output : {"ab\\303", "\\342\\202", "\\360\\237\\230"}) {
    ScopedPopen child = printing(output, {.text = true});
    log(said([&] { child.stdout_().read(); }));
  }
}

CASE("subprocess.pipe-file.text.errors", "errors= says what becomes of invalid bytes") {
  for (const auto* errors : {"ignore", "replace", "backslashreplace", "surrogateescape"})
    for (const auto* output : {"[\\200\\201]", "[\\342\\202]", "[\\342\\202", "\\355\\240\\200",
                               "\\303\\244\\r\\n\\377"}) {
      ScopedPopen child = printing(output, {.errors = errors});
      Log{errors, shown(child.stdout_().read())};
    }
}

CASE("subprocess.pipe-file.text.errors-split", "also where they come in parts") {
  for (const auto* errors : {"replace", "surrogateescape"}) {
    InParts child({"a\\342", "\\202b"}, {.errors = errors});
    Log{errors, shown(child.output().read(1))};
    child.next();
    child.next();
    Log{shown(child.output().read(1)), shown(child.output().read())};
  }
}

CASE("subprocess.pipe-file.text.surrogateescape-back",
     "what surrogateescape let in goes out as it came") {
  ScopedPopen child = cat({.encoding = "utf-8", .errors = "surrogateescape"});
  child.stdin_().write(
      "a\xff\xc3"
      "b");
  child.stdin_().close();
  log(shown(child.stdout_().read()));
}

CASE("subprocess.pipe-file.text.write",
     "text is written as UTF-8, with \\n as it is; write() counts characters") {
  ScopedPopen child = cat({.universal_newlines = true});
  log(child.stdin_().write("\u20ac\n\r\n"));
  child.stdin_().close();
  log(shown(read_some(child.stdout_())));
}

CASE("subprocess.pipe-file.text.dialogue", "a line there, a line back") {
  for (const auto& options :
       {PopenOptions{.text = true}, PopenOptions{.universal_newlines = true}}) {
    ScopedPopen child = shell(
        "read line; echo $line; printf 'line2\\n'; cat; "
        "printf 'line4\\nline5\\r\\nline6\\r\\nline7'",
        with_pipes(options));
    PipeFile& out = child.stdout_();
    child.stdin_().write("line1\n");
    child.stdin_().flush();
    log(shown(out.readline()));
    child.stdin_().write("line3\n");
    child.stdin_().close();
    Log{shown(out.readline()), shown(out.read(6))};
    log(shown(out.read()));
  }
}

CASE("subprocess.pipe-file.text.asked-for", "by text, universal_newlines, encoding or errors") {
  for (const auto& options :
       {PopenOptions{}, PopenOptions{.text = true}, PopenOptions{.universal_newlines = true},
        PopenOptions{.encoding = "utf-8"}, PopenOptions{.errors = "strict"},
        PopenOptions{.text = false}, PopenOptions{.encoding = "utf-8", .text = false},
        PopenOptions{.universal_newlines = false, .text = false}}) {
    ScopedPopen child = printing("a\\r\\n", options);
    log(shown(child.stdout_().read()));
  }
}

CASE("subprocess.pipe-file.text.encodings", "UTF-8, ASCII and Latin-1 by all their names") {
  for (const auto* encoding : {"utf-8", "UTF-8", "utf8", "U8", "utf_8"}) {
    ScopedPopen child = printing("\\342\\202\\254\\r", {.encoding = encoding});
    Log{encoding, shown(child.stdout_().read())};
  }
  for (const auto* encoding : {"latin-1", "latin1", "iso-8859-1", "ISO8859-1", "L1"}) {
    ScopedPopen child = printing("\\344\\r", {.encoding = encoding});
    Log{encoding, shown(child.stdout_().read())};
  }
  for (const auto* encoding : {"ascii", "US-ASCII"}) {
    ScopedPopen child = printing("plain\\r", {.encoding = encoding});
    Log{encoding, shown(child.stdout_().read())};
    ScopedPopen beyond = printing("ab\\344", {.encoding = encoding});
    log(said([&] { beyond.stdout_().read(); }));
  }
}

CASE("subprocess.pipe-file.text.encodings-write",
     "what a character set does not have cannot be written") {
  const std::pair<const char*, const char*> tried[] = {{"latin-1", "\u00e4"},
                                                       {"latin-1", "a\u20ac\u20acb"},
                                                       {"ascii", "plain"},
                                                       {"ascii", "a\u00e4"}};
  for (const auto& [encoding, text] : tried) {
    ScopedPopen child = cat({.encoding = encoding});
    Log{encoding, raised([&child, written = text] { child.stdin_().write(written); })};
    child.stdin_().close();
    log(shown(read_some(child.stdout_())));
  }
}

CASE("subprocess.pipe-file.text.unknown-encoding", "LookupError, and no child is left") {
  log(raised(
      [] { subprocess::Popen({"true"}, {.stdout_ = PIPE, .encoding = "no-such-encoding"}); }));
}
