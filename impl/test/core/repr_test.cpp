#include "tandem/core/repr.hpp"

#include <gtest/gtest.h>

#include <list>
#include <mutex>
#include <stdexcept>
#include <typeinfo>

#include "tandem/core/exceptions.hpp"

namespace tandem {
namespace {

TEST(Repr, NamesTypesAsPythonDoes) {
  EXPECT_EQ(detail::type_name<long>(), "int");
  EXPECT_EQ(detail::type_name<bool>(), "bool");
  EXPECT_EQ(detail::type_name<double>(), "float");
  EXPECT_EQ(detail::type_name<std::string>(), "str");
  EXPECT_EQ(detail::type_name<void>(), "NoneType");
  EXPECT_EQ(detail::type_name<ValueError>(), "ValueError");
}

TEST(Repr, NamesTypesOfTheStandardWithoutTheirVersion) {
  EXPECT_EQ(detail::type_name(typeid(std::timed_mutex)), "std::timed_mutex");
  EXPECT_TRUE(detail::type_name(typeid(std::list<std::list<int>>))
                  .starts_with("std::list<std::list<int, std::allocator<int>"));
}

TEST(Repr, TellsAnExceptionAsATracebackEnds) {
  EXPECT_EQ(detail::exception_text(std::make_exception_ptr(ValueError("no"))), "ValueError: no");
  EXPECT_EQ(detail::exception_text(std::make_exception_ptr(TimeoutError())), "TimeoutError");
  EXPECT_EQ(detail::exception_text(std::make_exception_ptr(KeyboardInterrupt())),
            "KeyboardInterrupt");
  EXPECT_EQ(detail::exception_text(std::make_exception_ptr(42)), "int");
  EXPECT_EQ(detail::exception_name(std::make_exception_ptr(std::logic_error("x"))),
            "std::logic_error");
}

TEST(OSError, HasPythonsText) {
  EXPECT_STREQ(OSError(2).what(), "[Errno 2] No such file or directory");
  EXPECT_STREQ(OSError(2, "a").what(), "[Errno 2] No such file or directory: 'a'");
  EXPECT_STREQ(OSError(2, "a", "b").what(), "[Errno 2] No such file or directory: 'a' -> 'b'");
  EXPECT_EQ(OSError(13).errno_(), 13);
  EXPECT_EQ(OSError(13).strerror(), "Permission denied");
  EXPECT_EQ(OSError(2, "a").filename(), "a");
  EXPECT_EQ(OSError(2, "a").filename2(), std::nullopt);
}

TEST(BaseException, IsNoStdException) {
  static_assert(!std::is_base_of_v<std::exception, BaseException>);
  EXPECT_EQ(SystemExit(3).code(), 3);
}

}  // namespace
}  // namespace tandem
