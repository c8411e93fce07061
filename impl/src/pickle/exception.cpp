#include "tandem/pickle/exception.hpp"

#include <cxxabi.h>

#include <any>
#include <filesystem>
#include <functional>
#include <future>
#include <new>
#include <optional>
#include <string_view>
#include <system_error>
#include <variant>

#include "tandem/core/exceptions.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/pickle/exceptions.hpp"
#include "tandem/platform/seam.hpp"
#include "tandem/queue/exceptions.hpp"
#include "tandem/subprocess/exceptions.hpp"
#include "tandem/threading/barrier.hpp"

namespace tandem::inline v1::pickle {

RemoteTraceback::RemoteTraceback(const std::string& tb)
    : std::runtime_error("\n\"\"\"\n" + tb + "\"\"\"") {}

RemoteError::RemoteError(const std::string& type_name, const std::string& message)
    : std::runtime_error(message.empty() ? type_name : type_name + ": " + message),
      text_(std::make_shared<const std::pair<std::string, std::string>>(type_name, message)) {}

namespace detail {

namespace {

seam::atomic<const ExceptionCodec*> last_codec{nullptr};

// On the wire: {the type of the exception, its name and text, the traceback, its contents}. The
// contents are a string of their own, so whoever cannot read them still has the rest.
struct Record {
  std::uint64_t type = 0;  // 0: not registered
  std::string name, text;
  std::optional<std::string> traceback;
  std::string contents;
};

std::uint64_t hash_of_exception(const std::type_info& type) { return hash_of(type.name()); }

const ExceptionCodec* codec_for(const std::type_info& type) {
  for (const ExceptionCodec* codec = last_codec.load(); codec; codec = codec->next)
    if (codec->type == type) return codec;
  return nullptr;
}
const ExceptionCodec* codec_for(std::uint64_t hash) {
  for (const ExceptionCodec* codec = last_codec.load(); codec; codec = codec->next)
    if (hash_of_exception(codec->type) == hash) return codec;
  return nullptr;
}
// What std::throw_with_nested() has thrown is of a type that has no name; it goes by the name of
// its base.
const ExceptionCodec* codec_for_nested(const std::string& name) {
  for (const ExceptionCodec* codec = last_codec.load(); codec; codec = codec->next)
    if (tandem::detail::type_name(codec->type) == name) return codec;
  return nullptr;
}

// Of the exception being handled.
const ExceptionCodec* codec_for_current(const std::string& name) {
  const std::type_info* const type = abi::__cxa_current_exception_type();
  if (!type) return nullptr;  // not one of C++
  if (const auto* codec = codec_for(*type)) return codec;
  try {
    throw;
  } catch (const std::nested_exception&) {
    return codec_for_nested(name);
  } catch (...) {
    return nullptr;
  }
}

Record record_of(const std::exception_ptr& exception) {
  Record record;
  record.name = tandem::detail::exception_name(exception);
  const std::string whole = tandem::detail::exception_text(exception);
  if (whole.size() > record.name.size()) record.text = whole.substr(record.name.size() + 2);
  try {
    std::rethrow_exception(exception);
  } catch (...) {
    try {
      if (const auto* codec = codec_for_current(record.name)) {
        Output contents;
        codec->dump(contents);
        const auto bytes = contents.bytes();
        record.contents.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        record.type = hash_of_exception(codec->type);
      }
    } catch (...) {  // its contents cannot be sent, but what it was
    }
  }
  return record;
}

std::exception_ptr exception_of(const Record& record) {
  const std::string* const traceback = record.traceback ? &*record.traceback : nullptr;
  if (record.type != 0) {
    try {
      if (const auto* codec = codec_for(record.type)) {
        Input contents(record.contents);
        return codec->load(contents, traceback);
      }
    } catch (...) {  // its contents are not what they should be
    }
  }
  return make_remote(RemoteError(record.name, record.text), traceback);
}

// How the exceptions that everybody knows cross: by what they are made of.

template <class T>
void dump_nothing(Output&) {}
template <class T>
std::exception_ptr load_nothing(Input&, const std::string* traceback) {
  return make_remote(T(), traceback);
}
template <class T>
ExceptionCodec without_contents() {
  return {typeid(T), &dump_nothing<T>, &load_nothing<T>};
}

// parts(exception) is a tuple, of which make(parts…) makes the exception again.
template <class T, auto Parts, auto Make>
ExceptionCodec with_parts() {
  using Tuple = std::decay_t<std::invoke_result_t<decltype(Parts), const T&>>;
  return {typeid(T),
          [](Output& output) {
            try {
              throw;
            } catch (const T& exception) {
              dump<Tuple>(output, Parts(exception));
            }
          },
          [](Input& input, const std::string* traceback) {
            return make_remote(std::apply(Make, load<Tuple>(input)), traceback);
          }};
}

// Those of the standard that have a code: its category is told by its name.
const std::error_category& category(const std::string& name) {
  if (name == std::generic_category().name()) return std::generic_category();
  if (name == std::system_category().name()) return std::system_category();
  if (name == std::iostream_category().name()) return std::iostream_category();
  if (name == std::future_category().name()) return std::future_category();
  throw UnpicklingError("an unknown category of errors");
}
struct Code {
  std::string category_name;
  int value;
  std::error_code code() const { return {value, category(category_name)}; }
};
Code code_parts(const std::error_code& code) {
  category(code.category().name());  // one that is known there
  return {code.category().name(), code.value()};
}
// What the constructor was given: what() is "that: the code's message".
std::string given_text(std::string what, const std::error_code& code) {
  const std::string message = code.message();
  if (what == message) return "";
  if (what.ends_with(": " + message)) what.erase(what.size() - message.size() - 2);
  return what;
}
using CodedParts = std::tuple<Code, std::string>;
CodedParts coded_parts(const std::system_error& error) {
  return {code_parts(error.code()), given_text(error.std::runtime_error::what(), error.code())};
}
template <class T>
T make_coded(const Code& code, const std::string& text) {
  if constexpr (std::is_same_v<T, std::system_error>)
    return text.empty() ? T(code.code()) : T(code.code(), text);
  else
    return T(text, code.code());
}
using std::filesystem::filesystem_error;
std::tuple<Code, std::string, std::string, std::string> file_parts(const filesystem_error& error) {
  return {code_parts(error.code()), given_text(error.std::runtime_error::what(), error.code()),
          error.path1().native(), error.path2().native()};
}
filesystem_error make_file_error(const Code& code, const std::string& text,
                                 const std::string& path1, const std::string& path2) {
  if (path2.empty() && path1.empty()) return {text, code.code()};
  if (path2.empty()) return {text, path1, code.code()};
  return {text, path1, path2, code.code()};
}
std::tuple<Code> future_parts(const std::future_error& error) { return {code_parts(error.code())}; }
std::future_error make_future_error(const Code& code) {
  return std::future_error(static_cast<std::future_errc>(code.value));
}

// OSError and its kinds, which are of a number, or of a text alone.
template <class T>
struct OfText : T {
  explicit OfText(std::string text) : T(std::move(text)) {}
};
using OSErrorParts =
    std::tuple<int, std::optional<std::string>, std::optional<std::string>, std::string>;
OSErrorParts os_parts(const OSError& error) {
  return {error.errno_(), error.filename(), error.filename2(), error.what()};
}
template <class T>
T make_os_error(int number, const std::optional<std::string>& filename,
                const std::optional<std::string>& filename2, const std::string& text) {
  if constexpr (std::is_constructible_v<T, int, std::optional<std::string>,
                                        std::optional<std::string>>)
    if (number != 0) return T(number, filename, filename2);
  if constexpr (std::is_constructible_v<T, std::string>)
    return T(text);
  else
    return OfText<T>(text);
}
template <class T>
ExceptionCodec os_error() {
  return with_parts<T, os_parts, make_os_error<T>>();
}

template <class T>
std::tuple<std::string, std::string, std::uint64_t, std::uint64_t, std::string> unicode_parts(
    const T& error) {
  return {error.encoding(), error.object(), error.start(), error.end(), error.reason()};
}
template <class T>
T make_unicode(const std::string& encoding, const std::string& object, std::uint64_t start,
               std::uint64_t end, const std::string& reason) {
  return T(encoding, object, static_cast<std::size_t>(start), static_cast<std::size_t>(end),
           reason);
}

std::tuple<std::string> base_parts(const BaseException& error) { return {error.what()}; }
template <class T>
T make_base(const std::string& text) {
  return T(text);
}
std::tuple<int, std::optional<std::string>> exit_parts(const SystemExit& exit) {
  return {exit.code(), exit.has_text() ? std::optional<std::string>(exit.what()) : std::nullopt};
}
SystemExit make_exit(int code, std::optional<std::string> text) {
  return text ? SystemExit(std::move(*text)) : SystemExit(code);
}

using CommandParts = std::tuple<int, std::vector<std::string>>;  // a string, a path or a list
CommandParts command_parts(const subprocess::Command& command) {
  return {command.is_path() ? 1 : command.is_string() ? 0 : 2, command.words()};
}
subprocess::Command make_command(const CommandParts& parts) {
  const auto& [kind, words] = parts;
  if (kind == 2) return subprocess::Command(words);
  if (words.size() != 1) throw UnpicklingError("a command without a word");
  if (kind == 1) return subprocess::Command(std::filesystem::path(words.front()));
  return subprocess::Command(words.front());
}
using Text = std::optional<std::string>;
std::tuple<int, CommandParts, Text, Text> called_parts(
    const subprocess::CalledProcessError& error) {
  return {error.returncode(), command_parts(error.cmd()), error.output(), error.stderr_()};
}
subprocess::CalledProcessError make_called(int returncode, const CommandParts& command,
                                           const Text& output, const Text& errors) {
  return {returncode, make_command(command), output, errors};
}
std::tuple<CommandParts, std::int64_t, Text, Text> expired_parts(
    const subprocess::TimeoutExpired& error) {
  return {command_parts(error.cmd()), error.timeout().count(), error.output(), error.stderr_()};
}
subprocess::TimeoutExpired make_expired(const CommandParts& command, std::int64_t timeout,
                                        const Text& output, const Text& errors) {
  return {make_command(command), std::chrono::nanoseconds(timeout), output, errors};
}
std::tuple<std::string, std::string> remote_parts(const RemoteError& error) {
  return {error.type_name(), error.message()};
}
RemoteError make_remote_error(const std::string& name, const std::string& message) {
  return {name, message};
}
// what() has the quotes around it already.
std::tuple<std::string> traceback_parts(const RemoteTraceback& traceback) {
  const std::string_view what = traceback.what();
  return {std::string(what.substr(5, what.size() - 8))};
}
RemoteTraceback make_traceback(const std::string& tb) { return RemoteTraceback(tb); }

const ExceptionCodec codecs[] = {
    without_contents<std::bad_alloc>(),
    without_contents<std::bad_array_new_length>(),
    without_contents<std::bad_cast>(),
    without_contents<std::bad_typeid>(),
    without_contents<std::bad_any_cast>(),
    without_contents<std::bad_function_call>(),
    without_contents<std::bad_optional_access>(),
    without_contents<std::bad_variant_access>(),
    without_contents<std::bad_weak_ptr>(),
    without_contents<std::bad_exception>(),
    without_contents<std::exception>(),
    exception_codec<std::logic_error>(),
    exception_codec<std::invalid_argument>(),
    exception_codec<std::domain_error>(),
    exception_codec<std::length_error>(),
    exception_codec<std::out_of_range>(),
    exception_codec<std::runtime_error>(),
    exception_codec<std::range_error>(),
    exception_codec<std::overflow_error>(),
    exception_codec<std::underflow_error>(),
    with_parts<std::system_error, coded_parts, make_coded<std::system_error>>(),
    with_parts<std::ios_base::failure, coded_parts, make_coded<std::ios_base::failure>>(),
    with_parts<filesystem_error, file_parts, make_file_error>(),
    with_parts<std::future_error, future_parts, make_future_error>(),
    with_parts<BaseException, base_parts, make_base<BaseException>>(),
    with_parts<KeyboardInterrupt, base_parts, make_base<KeyboardInterrupt>>(),
    with_parts<SystemExit, exit_parts, make_exit>(),
    exception_codec<ValueError>(),
    exception_codec<TypeError>(),
    exception_codec<OverflowError>(),
    exception_codec<RuntimeError>(),
    exception_codec<NotImplementedError>(),
    exception_codec<RecursionError>(),
    exception_codec<AssertionError>(),
    exception_codec<AttributeError>(),
    exception_codec<EOFError>(),
    exception_codec<LookupError>(),
    exception_codec<IndexError>(),
    exception_codec<KeyError>(),
    exception_codec<UnicodeError>(),
    with_parts<UnicodeDecodeError, unicode_parts<UnicodeDecodeError>,
               make_unicode<UnicodeDecodeError>>(),
    with_parts<UnicodeEncodeError, unicode_parts<UnicodeEncodeError>,
               make_unicode<UnicodeEncodeError>>(),
    os_error<OSError>(),
    os_error<BlockingIOError>(),
    os_error<ChildProcessError>(),
    os_error<ConnectionError>(),
    os_error<BrokenPipeError>(),
    os_error<ConnectionAbortedError>(),
    os_error<ConnectionRefusedError>(),
    os_error<ConnectionResetError>(),
    os_error<FileExistsError>(),
    os_error<FileNotFoundError>(),
    os_error<InterruptedError>(),
    os_error<IsADirectoryError>(),
    os_error<NotADirectoryError>(),
    os_error<PermissionError>(),
    os_error<ProcessLookupError>(),
    os_error<TimeoutError>(),
    os_error<UnsupportedOperation>(),
    exception_codec<PickleError>(),
    exception_codec<PicklingError>(),
    exception_codec<UnpicklingError>(),
    with_parts<RemoteError, remote_parts, make_remote_error>(),
    with_parts<RemoteTraceback, traceback_parts, make_traceback>(),
    without_contents<queue::Empty>(),
    without_contents<queue::Full>(),
    without_contents<queue::ShutDown>(),
    without_contents<threading::BrokenBarrierError>(),
    exception_codec<subprocess::SubprocessError>(),
    with_parts<subprocess::CalledProcessError, called_parts, make_called>(),
    with_parts<subprocess::TimeoutExpired, expired_parts, make_expired>(),
};

}  // namespace

ExceptionCodec::ExceptionCodec(const std::type_info& exception_type, Dump exception_dump,
                               Load exception_load) noexcept
    : type(exception_type), dump(exception_dump), load(exception_load), next(last_codec.load()) {
  while (!last_codec.compare_exchange_weak(next, this)) {
  }
}

// As a value: Python, too, pickles an exception without its traceback and its cause.
void dump_exception(Output& output, const std::exception_ptr& exception) {
  output.write_value(static_cast<char>(exception != nullptr));
  if (exception) dump(output, record_of(exception));
}

std::exception_ptr load_exception(Input& input) {
  if (input.read_choice(1) == 0) return nullptr;
  return exception_of(load<Record>(input));
}

}  // namespace detail

void encode_exception(const std::exception_ptr& exception, Output& output) {
  detail::Record record = detail::record_of(exception);
  record.traceback = format_exception(exception);
  dump(output, record);
}

std::exception_ptr decode_exception(Input& input) {
  return detail::exception_of(load<detail::Record>(input));
}

std::string format_exception(const std::exception_ptr& exception) {
  std::string text;
  try {
    std::rethrow_exception(exception);
  } catch (const std::nested_exception& outer) {
    if (outer.nested_ptr())
      text = format_exception(outer.nested_ptr()) +
             "\nThe above exception was the direct cause of the following exception:\n\n";
  } catch (...) {
  }
  return text + "Traceback (most recent call last):\n" + tandem::detail::exception_text(exception) +
         "\n";
}

}  // namespace tandem::inline v1::pickle
