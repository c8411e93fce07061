#include "tandem/pickle/exception.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <future>

#include "tandem/core/exceptions.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/queue/exceptions.hpp"
#include "tandem/subprocess/exceptions.hpp"

namespace tandem::pickle {

struct Registered : std::runtime_error {
  using std::runtime_error::runtime_error;
};
class Detailed : public ValueError {
 public:
  Detailed(int code, const std::string& text) : ValueError(text), code_(code) {}
  int code() const { return code_; }
  std::tuple<int, std::string> reduce() const { return {code_, what()}; }

 private:
  int code_;
};
struct Plain {
  int x;
};
struct Unregistered : ValueError {
  using ValueError::ValueError;
};
TANDEM_REGISTER_EXCEPTION(Registered);
TANDEM_REGISTER_EXCEPTION(Detailed);
TANDEM_REGISTER_EXCEPTION(Plain);

namespace {

std::exception_ptr cross(const std::exception_ptr& exception) {
  Output output;
  encode_exception(exception, output);
  Input input(output.bytes());
  const auto there = decode_exception(input);
  EXPECT_EQ(input.left(), 0U);
  return there;
}

// Caught as what it was, with the same text.
template <class E>
void expect_to_cross(const E& exception) {
  try {
    std::rethrow_exception(cross(std::make_exception_ptr(exception)));
  } catch (const E& there) {
    EXPECT_STREQ(there.what(), exception.what()) << tandem::detail::type_name(typeid(E));
    EXPECT_EQ(tandem::detail::exception_name(std::current_exception()),
              tandem::detail::type_name(typeid(E)));
  } catch (...) {
    ADD_FAILURE() << "not as itself: " << tandem::detail::type_name(typeid(E));
  }
}

TEST(Exception, ComesBackAsItself) {
  expect_to_cross(std::runtime_error("text"));
  expect_to_cross(std::out_of_range(""));
  expect_to_cross(std::bad_alloc());
  expect_to_cross(std::system_error(2, std::generic_category()));
  expect_to_cross(std::system_error(2, std::system_category(), "open"));
  expect_to_cross(
      std::filesystem::filesystem_error("x", "a", std::make_error_code(std::errc::io_error)));
  expect_to_cross(
      std::filesystem::filesystem_error("x", "a", "b", std::error_code(2, std::system_category())));
  expect_to_cross(
      std::filesystem::filesystem_error("x", std::error_code(2, std::system_category())));
  expect_to_cross(std::ios_base::failure("read"));
  expect_to_cross(std::future_error(std::future_errc::broken_promise));
  expect_to_cross(ValueError("no"));
  expect_to_cross(KeyError("k"));
  expect_to_cross(FileNotFoundError(2, "a", "b"));
  expect_to_cross(TimeoutError("late"));
  expect_to_cross(UnsupportedOperation("not readable"));
  expect_to_cross(UnicodeDecodeError("utf-8", "\xff", 0, 1, "invalid start byte"));
  expect_to_cross(queue::Empty());
  expect_to_cross(subprocess::CalledProcessError(3, {"ls", "-l"}, "out", std::nullopt));
  expect_to_cross(subprocess::CalledProcessError(3, "ls", std::nullopt, "err"));
  expect_to_cross(subprocess::TimeoutExpired({"sleep", "5"}, std::chrono::milliseconds(50)));
  expect_to_cross(RemoteError("X", "text"));
  expect_to_cross(RemoteTraceback("Traceback\n"));
  expect_to_cross(Registered("text"));
  expect_to_cross(Detailed(5, "text"));
}

TEST(Exception, KeepsWhatItConsistsOf) {
  EXPECT_THROW(
      try {
        std::rethrow_exception(cross(std::make_exception_ptr(Detailed(5, "x"))));
      } catch (const Detailed& there) {
        EXPECT_EQ(there.code(), 5);
        throw;
      },
      Detailed);
  try {
    std::rethrow_exception(cross(std::make_exception_ptr(SystemExit(3))));
  } catch (const SystemExit& there) {
    EXPECT_EQ(there.code(), 3);
  }
  try {
    std::rethrow_exception(cross(std::make_exception_ptr(Plain{7})));
  } catch (const Plain& there) {
    EXPECT_EQ(there.x, 7);
  }
  try {
    std::rethrow_exception(cross(std::make_exception_ptr(PermissionError(13, "f"))));
  } catch (const OSError& there) {
    EXPECT_EQ(there.errno_(), 13);
    EXPECT_EQ(there.filename(), "f");
  }
}

void expect_remote(const std::exception_ptr& exception, const std::string& name,
                   const std::string& message) {
  try {
    std::rethrow_exception(cross(exception));
  } catch (const RemoteError& there) {
    EXPECT_EQ(there.type_name(), name);
    EXPECT_EQ(there.message(), message);
  } catch (...) {
    ADD_FAILURE();
  }
}

TEST(Exception, UnregisteredComesBackAsARemoteError) {
  expect_remote(std::make_exception_ptr(Unregistered("text")), "Unregistered", "text");
  expect_remote(std::make_exception_ptr(42), "int", "");
}

std::string cause(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& error) {
    try {
      std::rethrow_if_nested(error);
    } catch (const std::exception& nested) {
      return nested.what();
    }
  }
  return "none";
}

TEST(Exception, HasTheTracebackNested) {
  const auto there = cross(std::make_exception_ptr(ValueError("no")));
  EXPECT_EQ(cause(there), "\n\"\"\"\nTraceback (most recent call last):\nValueError: no\n\"\"\"");
  const auto further = cross(there);
  EXPECT_NE(cause(further).find("direct cause"), std::string::npos);
  EXPECT_EQ(tandem::detail::exception_text(further), "ValueError: no");
}

TEST(Exception, AsAValueHasNoTraceback) {
  const auto copy = loads<std::exception_ptr>(dumps(std::make_exception_ptr(ValueError("no"))));
  EXPECT_EQ(tandem::detail::exception_text(copy), "ValueError: no");
  EXPECT_EQ(cause(copy), "none");
  EXPECT_EQ(loads<std::exception_ptr>(dumps(std::exception_ptr())), nullptr);
}

}  // namespace
}  // namespace tandem::pickle
