// ProcessError, BufferTooShort, TimeoutError, AuthenticationError
#include <exception>
#include <string>
#include <type_traits>
#include <vector>

#include "conformance/multiprocessing/support.hpp"

using namespace tandem::conformance;
using mp::AuthenticationError;
using mp::BufferTooShort;
using mp::Connection;
using mp::Context;
using mp::ProcessError;

namespace {

// To who looks at what was thrown, and to the compiler.
template <class Other, class E>
bool is_a(const E& error) {
  const bool is = dynamic_cast<const Other*>(static_cast<const std::exception*>(&error)) != nullptr;
  EXPECT_EQ(is, (std::is_base_of_v<Other, E>));
  return is;
}

template <class E>
void log_bases(const E& error) {
  log(std::vector{is_a<ProcessError>(error), is_a<BufferTooShort>(error),
                  is_a<mp::TimeoutError>(error), is_a<AuthenticationError>(error)});
  log(std::vector{is_a<tandem::OSError>(error), is_a<tandem::ValueError>(error),
                  is_a<tandem::TimeoutError>(error), is_a<tandem::EOFError>(error)});
}

template <class E>
void log_texts() {
  Log{repr(std::string(E("it's so").what())), repr(std::string(E().what()))};
}

void send_error(const Connection& connection, int number) {
  const std::string text = "from the child";
  connection.send(number == 0   ? std::make_exception_ptr(ProcessError(text))
                  : number == 2 ? std::make_exception_ptr(mp::TimeoutError(text))
                                : std::make_exception_ptr(AuthenticationError(text)));
  connection.close();
}

// "ProcessError from the child"
std::string described(const std::exception_ptr& error) {
  std::string text = raised([&] { std::rethrow_exception(error); });
  return text.erase(text.find(':'), 1);
}

}  // namespace

CASE("multiprocessing.exceptions.hierarchy", "all are ProcessErrors, and nothing else is") {
  log_bases(ProcessError("text"));
  log_bases(BufferTooShort("text"));
  log_bases(mp::TimeoutError("text"));
  log_bases(AuthenticationError("text"));
}

CASE("multiprocessing.exceptions.text", "their text is what they were made with") {
  log_texts<ProcessError>();
  log_texts<mp::TimeoutError>();
  log_texts<AuthenticationError>();
}

CASE("multiprocessing.exceptions.buffer-too-short", "BufferTooShort has the whole message") {
  const std::string message("whole \0 message", 15);
  const BufferTooShort error(message);
  log(error.what());
  log(error.message() == message);
}

CASE("multiprocessing.exceptions.cross", "they go to another process as they are") {
  each_method([](const Context& context) {
    for (const int number : {0, 2, 3}) {
      const auto [here, there] = context.Pipe();
      const mp::Process process = started(context, send_error, there, number);
      const auto error = here.recv<std::exception_ptr>();
      process.join();
      log(described(error));
    }
  });
}

CASE("multiprocessing.exceptions.cross.buffer-too-short", "its message too") {
  const std::string message("\0\xff", 2);
  const auto back = tandem::pickle::loads<std::exception_ptr>(
      tandem::pickle::dumps(std::make_exception_ptr(BufferTooShort(message))));
  try {
    std::rethrow_exception(back);
  } catch (const BufferTooShort& error) {
    log("BufferTooShort", error.what(), error.message() == message);
  }
}
