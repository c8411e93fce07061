#include "tandem/shlex/split.hpp"

#include <optional>

#include "tandem/core/exceptions.hpp"

namespace tandem::inline v1::shlex {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_quote(char c) { return c == '\'' || c == '"'; }

// Takes the words from the front of a text.
class Words {
 public:
  Words(std::string_view text, SplitOptions options) : rest_(text), options_(options) {}

  std::optional<std::string> next() {
    skip_what_is_between();
    if (rest_.empty()) return {};
    return options_.posix ? posix_word() : plain_word();
  }

 private:
  bool at_comment() const { return options_.comments && !rest_.empty() && rest_.front() == '#'; }

  char take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  void skip_line() {
    const auto end = rest_.find('\n');
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
  }

  void skip_what_is_between() {
    while (!rest_.empty()) {
      if (at_comment())
        skip_line();
      else if (is_space(rest_.front()))
        take();
      else
        break;
    }
  }

  // A comment separates words as a space does.
  std::string posix_word() {
    std::string word;
    while (!rest_.empty() && !at_comment() && !is_space(rest_.front())) {
      const char c = take();
      if (is_quote(c))
        take_quoted(c, word);
      else
        word += c == '\\' ? take_escaped() : c;
    }
    return word;
  }

  char take_escaped() {
    if (rest_.empty()) throw ValueError("No escaped character");
    return take();
  }

  void take_quoted(char quote, std::string& word) {
    for (;;) {
      const char c = take_in_quotes();
      if (c == quote) return;
      if (c == '\\' && quote == '"') {
        // It stays, unless it takes the meaning from one of the two that have one here.
        const char escaped = take_escaped();
        if (escaped != '"' && escaped != '\\') word += c;
        word += escaped;
      } else {
        word += c;
      }
    }
  }

  char take_in_quotes() {
    if (rest_.empty()) throw ValueError("No closing quotation");
    return take();
  }

  // A quotation is a word only where a word begins; inside one, a quote is a character as any
  // other. A comment there is left out, with the end of its line, and the word goes on behind it.
  std::string plain_word() {
    std::string word(1, take());
    if (const char quote = word.front(); is_quote(quote)) {
      do word += take_in_quotes();
      while (word.back() != quote);
      return word;
    }
    while (!rest_.empty() && !is_space(rest_.front())) {
      if (at_comment())
        skip_line();
      else
        word += take();
    }
    return word;
  }

  std::string_view rest_;
  SplitOptions options_;
};

}  // namespace

std::vector<std::string> split(std::string_view s, SplitOptions options) {
  Words words(s, options);
  std::vector<std::string> all;
  while (auto word = words.next()) all.push_back(std::move(*word));
  return all;
}

}  // namespace tandem::inline v1::shlex
