// What is to be executed: one string or a list of words, as Python's args.
#pragma once
#include <concepts>
#include <cstddef>
#include <filesystem>
#include <initializer_list>
#include <ostream>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "tandem/core/exceptions.hpp"
#include "tandem/core/export.hpp"

namespace tandem::inline v1::subprocess {

namespace detail {

using namespace v1::detail;

template <class S>
concept Path = std::same_as<std::remove_cvref_t<S>, std::filesystem::path>;
template <class S>
concept Text = !std::same_as<std::remove_cvref_t<S>, std::nullptr_t> &&
               (std::convertible_to<S, std::string_view> || Path<S>);

template <Text S>
std::string to_word(S&& text) {
  if constexpr (Path<S>)
    return text.string();
  else if constexpr (std::is_same_v<std::remove_cvref_t<S>, std::string>)
    return std::forward<S>(text);
  else {
    if constexpr (std::is_pointer_v<std::remove_cvref_t<S>>)
      if (static_cast<const char*>(text) == nullptr) throw ValueError("a word is a null pointer");
    return std::string(static_cast<std::string_view>(text));
  }
}

}  // namespace detail

// A value: one word of a command, from a string or a path.
// Throws   ValueError (a null pointer).
class Arg {
 public:
  template <detail::Text S>  // a template: braces are no Arg
  Arg(S&& word) : word_(detail::to_word(std::forward<S>(word))) {}
  Arg(std::nullptr_t) = delete;

  const std::string& word() const& noexcept { return word_; }
  std::string word() && noexcept { return std::move(word_); }

 private:
  std::string word_;
};

// A value: one string, one path or a list of words, remembered as given. A string is the name of a
// program, whatever is in it, unless a shell is asked for: nothing is split.
// Spec     subprocess.command
class TANDEM_API Command {
 public:
  template <detail::Text S>
  Command(S&& command) : kind_(detail::Path<S> ? Kind::path : Kind::string) {
    words_.push_back(detail::to_word(std::forward<S>(command)));
  }
  Command(std::initializer_list<Arg> words) {
    words_.reserve(words.size());
    for (const Arg& each : words) words_.push_back(each.word());
  }
  Command(std::initializer_list<std::initializer_list<Arg>>) = delete;  // {{"ls", "-l"}}, and {}
  template <std::ranges::input_range R>
  requires(!detail::Text<R> && std::convertible_to<std::ranges::range_reference_t<R>, Arg>)
      Command(R&& words) {
    for (auto&& each : words) words_.push_back(Arg(std::forward<decltype(each)>(each)).word());
  }
  Command(std::nullptr_t) = delete;

  // Whether it is no list: a string or a path.
  bool is_string() const noexcept { return kind_ != Kind::list; }
  bool is_path() const noexcept { return kind_ == Kind::path; }
  // Of a string: the string alone.
  const std::vector<std::string>& words() const noexcept { return words_; }

  // Python's str(): the string itself, or the list as Python prints it: "['ls', '-l']".
  TANDEM_API friend std::string to_string(const Command& command);
  // Python's repr(): a string between quotes.
  TANDEM_API friend std::string repr(const Command& command);
  friend std::ostream& operator<<(std::ostream& out, const Command& command) {
    return out << to_string(command);
  }
  friend bool operator==(const Command&, const Command&) = default;

 private:
  enum class Kind : unsigned char { list, string, path };

  std::vector<std::string> words_;
  Kind kind_ = Kind::list;
};

// The words as one line, by the rules of Microsoft's C runtime. Not for a POSIX shell: that is
// shlex::join().
// Spec     subprocess.command.list2cmdline
TANDEM_API std::string list2cmdline(const Command& words);

}  // namespace tandem::inline v1::subprocess
