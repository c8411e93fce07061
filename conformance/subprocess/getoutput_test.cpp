// subprocess::getoutput, getstatusoutput
#include <string>

#include "conformance/subprocess/streams.hpp"

using namespace tandem::conformance;
namespace subprocess = tandem::subprocess;
using subprocess::getoutput;
using subprocess::getstatusoutput;

CASE("subprocess.getoutput.both-streams",
     "what a shell's command writes to stdout and stderr, in one text") {
  log(shown(getoutput("printf 1; printf 2 >&2; printf 3")));
  log(shown(getoutput("echo $((1 + 2)) | tr 3 x")));
  Redirected out(1), err(2);
  getoutput("echo out; echo err >&2");
  Log{shown(out.read()), shown(err.read())};
}

CASE("subprocess.getoutput.last-newline",
     "one newline at the end is taken away, not more, and nothing else") {
  for (const std::string output :
       {"xyzzy\\n", "xyzzy", "xyzzy\\n\\n", "\\n", "", "  a\\nb \\n", "a\\r\\n", "a\\r"})
    log(shown(getoutput("printf '" + output + "'")));
}

CASE("subprocess.getoutput.status-ignored", "getoutput says nothing of the status") {
  Log{shown(getoutput("echo out; exit 3")), shown(getoutput("kill -9 $$"))};
}

CASE("subprocess.getoutput.status",
     "getstatusoutput: the exit code, minus the signal's number, and the output") {
  for (const auto* command :
       {"echo xyzzy", "exit 0", "echo out; exit 3", "kill -15 $$", "kill -9 $$"}) {
    const auto [status, output] = getstatusoutput(command);
    Log{status, shown(output)};
  }
  const auto pair = [](const char* command) {
    const auto [status, output] = getstatusoutput(command);
    return std::pair(status, output);
  };
  Log{pair("/no/such/command 2>/dev/null"), pair("cat /no/such/file 2>/dev/null")};
}

CASE("subprocess.getoutput.text", "text mode: newlines are one, and invalid bytes an error") {
  Log{shown(getoutput("printf 'a\\r\\nb\\rc\\n'")), shown(getoutput("printf '\\303\\244'"))};
  log(said([] { getoutput("printf 'ab\\200'"); }));
  log(said([] { getstatusoutput("printf '\\303'; exit 3"); }));
}

CASE("subprocess.getoutput.encoding", "encoding and errors as in Popen") {
  log(shown(getoutput("printf '\\344\\n'", {.encoding = "latin-1"})));
  log(shown(getoutput("printf 'ab\\200'", {.errors = "replace"})));
  const auto [status, output] = getstatusoutput("printf 'ab\\200'; exit 3", {.errors = "ignore"});
  log(std::pair(status, output));
  log(raised([] { getoutput("true", {.encoding = "no-such-encoding"}); }));
}
