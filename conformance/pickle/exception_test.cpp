// Exceptions as values, and what comes with them
#include <exception>
#include <filesystem>
#include <future>
#include <new>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include "conformance/pickle/support.hpp"

namespace {

using Text = std::string;

class Custom : public std::runtime_error {
 public:
  Custom(int number, const Text& text)
      : std::runtime_error(text + " (" + std::to_string(number) + ")"),
        number_(number),
        text_(text) {}
  int number() const { return number_; }
  const Text& text() const { return text_; }
  std::tuple<int, Text> reduce() const { return {number_, text_}; }

 private:
  int number_;
  Text text_;
};

struct Simple : tandem::ValueError {
  using tandem::ValueError::ValueError;
};

struct Unregistered : tandem::ValueError {
  using tandem::ValueError::ValueError;
};

TANDEM_REGISTER_EXCEPTION(Custom);
TANDEM_REGISTER_EXCEPTION(Simple);

}  // namespace

using namespace tandem::conformance;

namespace {

// As a value.
template <class E>
std::exception_ptr back(const E& error) {
  return there_and_back(std::make_exception_ptr(error));
}

// As what another process has thrown.
std::exception_ptr thrown_there(const std::exception_ptr& error) {
  pickle::Output output;
  pickle::encode_exception(error, output);
  pickle::Input input(output.bytes());
  return pickle::decode_exception(input);
}

// Its class and its text.
std::pair<Text, Text> described(const std::exception_ptr& error) {
  const Text said = raised([&] { std::rethrow_exception(error); });
  const auto colon = said.find(": ");
  return {said.substr(0, colon), colon == said.npos ? "" : said.substr(colon + 2)};
}

template <class... E>
void log_types(const E&... errors) {
  const auto log_one = [](const auto& error) {
    const auto [name, text] = described(back(error));
    log(repr(name), repr(text));
  };
  (log_one(errors), ...);
}

template <class T>
bool is_a(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const T&) {
    return true;
  } catch (...) {
    return false;
  }
}

template <class E>
void log_os_error(const E& sent) {
  const auto error = back(sent);
  try {
    std::rethrow_exception(error);
  } catch (const tandem::OSError& os_error) {
    const auto [name, text] = described(error);
    const int number = os_error.errno_();
    log(name, text, number == 0 ? std::nullopt : std::optional(number), os_error.filename(),
        os_error.filename2());
  }
}

Text cause_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& outer) {
    try {
      std::rethrow_if_nested(outer);
    } catch (const pickle::RemoteTraceback& cause) {
      return cause.what();
    }
  }
  return "none";
}

std::vector<Text> lines_of(const Text& text) {
  std::vector<Text> lines;
  std::istringstream stream(text);
  for (Text line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace

CASE("pickle.exception.types", "an exception comes back as what it was") {
  log_types(tandem::ValueError("text"), tandem::ValueError(""), tandem::TypeError("a"),
            tandem::RuntimeError("it's"), tandem::KeyError("'key'"), tandem::IndexError("index"),
            tandem::LookupError("x"), tandem::OverflowError("x"), tandem::EOFError(),
            tandem::KeyboardInterrupt());
}

CASE("pickle.exception.system-exit", "SystemExit with its code") {
  try {
    std::rethrow_exception(back(tandem::SystemExit(3)));
  } catch (const tandem::SystemExit& exit) {
    log(exit.code());
  }
}

CASE("pickle.exception.os-error", "an OSError with its number, its names and its class") {
  log_os_error(tandem::FileNotFoundError(2, "x"));
  log_os_error(tandem::PermissionError(13));
  log_os_error(tandem::BrokenPipeError(32));
  log_os_error(tandem::OSError("only a text"));
  log_os_error(tandem::OSError(18, "a", "b"));
}

CASE("pickle.exception.custom", "so does one of one's own, with what it holds") {
  try {
    std::rethrow_exception(back(Custom(3, "boom")));
  } catch (const Custom& error) {
    log("Custom", error.what(), error.number(), error.text());
  }
  EXPECT_TRUE(is_a<Simple>(back(Simple("text"))));
  EXPECT_EQ(described(back(Simple("text"))).second, "text");
}

CASE("pickle.exception.is-a", "it can be caught as its bases") {
  for (const auto& error : {back(tandem::KeyError("x")), back(tandem::FileNotFoundError(2)),
                            back(tandem::UnicodeDecodeError("utf-8", "\xff", 0, 1, "x"))})
    log(is_a<tandem::LookupError>(error), is_a<tandem::OSError>(error),
        is_a<std::invalid_argument>(error), is_a<std::exception>(error));
}

CASE("pickle.exception.standard", "those of the standard library too") {
  EXPECT_TRUE(is_a<std::out_of_range>(back(std::out_of_range("text"))));
  EXPECT_EQ(described(back(std::domain_error("text"))).second, "text");
  EXPECT_TRUE(is_a<std::bad_alloc>(back(std::bad_alloc())));
  EXPECT_TRUE(is_a<std::future_error>(back(std::future_error(std::future_errc::no_state))));
  try {
    std::rethrow_exception(back(std::system_error(2, std::generic_category(), "open")));
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::error_code(2, std::generic_category()));
    EXPECT_STREQ(error.what(), std::system_error(2, std::generic_category(), "open").what());
  }
  const std::error_code none(2, std::generic_category());
  try {
    std::rethrow_exception(back(std::filesystem::filesystem_error("x", "a", "b", none)));
  } catch (const std::filesystem::filesystem_error& error) {
    EXPECT_EQ(error.path1(), "a");
    EXPECT_EQ(error.path2(), "b");
    EXPECT_EQ(error.code(), none);
  }
}

CASE("pickle.exception.unregistered", "all others as what says of them") {
  for (const auto& error :
       {back(Unregistered("text")), thrown_there(std::make_exception_ptr(Unregistered("text")))}) {
    try {
      std::rethrow_exception(error);
    } catch (const pickle::RemoteError& remote) {
      EXPECT_NE(remote.type_name().find("Unregistered"), Text::npos) << remote.type_name();
      EXPECT_EQ(remote.message(), "text");
      EXPECT_EQ(remote.what(), remote.type_name() + ": text");
    } catch (...) {
      ADD_FAILURE();
    }
  }
  EXPECT_TRUE(is_a<pickle::RemoteError>(thrown_there(std::make_exception_ptr(42))));
}

CASE("pickle.exception.traceback", "one that was thrown has the remote traceback as its cause") {
  const auto error = thrown_there(std::make_exception_ptr(tandem::ValueError("as it should")));
  const auto [name, text] = described(error);
  log(name, text);
  const auto lines = lines_of(cause_of(error));
  log("RemoteTraceback", repr(lines.at(0)), lines.at(1), lines.at(2), lines.at(lines.size() - 2),
      lines.back());
}

CASE("pickle.exception.traceback.nested", "which tells of the exceptions before it") {
  std::exception_ptr thrown;
  try {
    try {
      throw tandem::ValueError("as it should");
    } catch (...) {
      std::throw_with_nested(tandem::RuntimeError("second"));
    }
  } catch (...) {
    thrown = std::current_exception();
  }
  const auto error = thrown_there(thrown);
  const auto [name, text] = described(error);
  log(name, text);
  for (const Text& line : lines_of(cause_of(error)))
    if (!line.empty() && line.front() != ' ') log(line);
}

CASE("pickle.exception.mangled", "what is no exception is refused, and what fits ill is told of") {
  pickle::Output output;
  pickle::encode_exception(std::make_exception_ptr(Custom(3, "boom")), output);
  const auto bytes = output.bytes();
  const Text whole(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(error_of([&] {
                pickle::Input input(std::string_view(whole).substr(0, size));
                pickle::decode_exception(input);
              }),
              "UnpicklingError")
        << size;
  int told = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    Text changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x55);
    try {
      pickle::Input input(changed);
      told += is_a<pickle::RemoteError>(pickle::decode_exception(input)) ? 1 : 0;
    } catch (const pickle::UnpicklingError&) {
    }
  }
  EXPECT_GT(told, 0);
}
