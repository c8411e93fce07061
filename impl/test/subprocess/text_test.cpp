// The codecs and newlines of text mode. What is expected is what CPython says.
#include "subprocess/text.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "tandem/core/exceptions.hpp"
#include "tandem/core/repr.hpp"

namespace tandem::subprocess::detail {
namespace {

using Parts = std::vector<std::string>;

// The text, or what was raised; parts of it where the bytes come in parts.
std::string text_of(const Parts& parts, const TextFormat& format) {
  std::string text;
  try {
    TextDecoder decoder(format);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (i > 0) text += '|';
      decoder.decode(parts[i], i + 1 == parts.size(), text);
    }
  } catch (...) {
    return text + tandem::detail::exception_text(std::current_exception());
  }
  return text;
}
std::string bytes_of(std::string_view text, const TextFormat& format) {
  try {
    return encode(text, format);
  } catch (...) {
    return tandem::detail::exception_text(std::current_exception());
  }
}

TEST(Text, NamesWhatIsNoUtf8) {
  const auto said = [](const std::string& bytes) { return text_of({bytes}, {}); };
  const std::string no = "UnicodeDecodeError: 'utf-8' codec can't decode ";
  EXPECT_EQ(said("a\x80"), no + "byte 0x80 in position 1: invalid start byte");
  EXPECT_EQ(said("\xC1\xBF"), no + "byte 0xc1 in position 0: invalid start byte");
  EXPECT_EQ(said("\xC3("), no + "byte 0xc3 in position 0: invalid continuation byte");
  EXPECT_EQ(said("\xE2\x82("), no + "bytes in position 0-1: invalid continuation byte");
  EXPECT_EQ(said("\xF0\x9F\x98("), no + "bytes in position 0-2: invalid continuation byte");
  EXPECT_EQ(said("\xE0\x80\x80"), no + "byte 0xe0 in position 0: invalid continuation byte");
  EXPECT_EQ(said("\xED\xA0\x80"), no + "byte 0xed in position 0: invalid continuation byte");
  EXPECT_EQ(said("\xF4\x90\x80\x80"), no + "byte 0xf4 in position 0: invalid continuation byte");
  EXPECT_EQ(said("\xF5\x80"), no + "byte 0xf5 in position 0: invalid start byte");
  EXPECT_EQ(said("ab\xC3"), no + "byte 0xc3 in position 2: unexpected end of data");
  EXPECT_EQ(said("\xF0\x9F\x98"), no + "bytes in position 0-2: unexpected end of data");
}

TEST(Text, CountsPositionsFromWhatCameLast) {
  EXPECT_EQ(text_of({"abc", "d\xFF"}, {}),
            "abc|UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff in position 1: invalid "
            "start byte");
  EXPECT_EQ(text_of({"abc\xE2", "("}, {}),
            "abc|UnicodeDecodeError: 'utf-8' codec can't decode byte 0xe2 in position 0: invalid "
            "continuation byte");
}

TEST(Text, ReplacesAsManyBytesAsCouldBeginACharacter) {
  const std::string bytes = "[\xE2\x82][\xFF\xFE][\xED\xA0\x80][\xF0\x9F";
  EXPECT_EQ(text_of({bytes}, {"utf-8", "ignore"}), "[][][][");
  EXPECT_EQ(text_of({bytes}, {"utf-8", "replace"}),
            "[\uFFFD][\uFFFD\uFFFD][\uFFFD\uFFFD\uFFFD][\uFFFD");
  EXPECT_EQ(text_of({bytes}, {"utf-8", "backslashreplace"}),
            R"([\xe2\x82][\xff\xfe][\xed\xa0\x80][\xf0\x9f)");
  EXPECT_EQ(text_of({bytes}, {"utf-8", "surrogateescape"}), bytes);
  EXPECT_EQ(text_of({"ok\xFF"}, {"utf-8", "what"}),
            "LookupError: unknown error handler name 'what'");
}

TEST(Text, WaitsForTheRestOfACharacterAndOfANewline) {
  EXPECT_EQ(text_of({"\xE2", "\x82", "\xAC!"}, {}), "||\u20AC!");
  EXPECT_EQ(text_of({"a\r", "\nb\r", "c\r", "\r", ""}, {}), "a|\nb|\nc|\n|\n");
  EXPECT_EQ(text_of({"\r", ""}, {}), "|\n");
  // What is like a surrogate is refused with its third byte only.
  EXPECT_EQ(text_of({"a\xED\xA0", ""}, {"utf-8", "replace"}), "a|\uFFFD\uFFFD");
}

TEST(Text, KnowsThreeEncodings) {
  for (const char* name : {"utf-8", "UTF8", "Utf_8", " u8 ", "utf--8"})
    EXPECT_EQ(text_of({"\u20AC"}, {name, "strict"}), "\u20AC") << name;
  for (const char* name : {"latin-1", "ISO-8859-1", "iso8859_1", "L1", "cp819"})
    EXPECT_EQ(text_of({"\xE9\r\n\x80"}, {name, "strict"}), "\u00E9\n\u0080") << name;
  EXPECT_EQ(
      text_of({"a\xE9"}, {"US-ASCII", "strict"}),
      "UnicodeDecodeError: 'ascii' codec can't decode byte 0xe9 in position 1: ordinal not in "
      "range(128)");
  EXPECT_EQ(text_of({"a\xE9z"}, {"ascii", "replace"}), "a\uFFFDz");
  EXPECT_EQ(text_of({""}, {"koi9", "strict"}), "LookupError: unknown encoding: koi9");
}

TEST(Text, EncodesOrSaysWhatCannotBe) {
  EXPECT_EQ(bytes_of("a\u00E9\u20AC\r\n", {}), "a\u00E9\u20AC\r\n");
  EXPECT_EQ(bytes_of("\u00E9\xFF\xFEz", {}),
            "UnicodeEncodeError: 'utf-8' codec can't encode characters in position 1-2: surrogates "
            "not allowed");
  EXPECT_EQ(bytes_of("\u00E9\xFFz", {"utf-8", "surrogateescape"}), "\u00E9\xFFz");
  EXPECT_EQ(bytes_of("\u00E9z", {"latin-1", "strict"}), "\xE9z");
  EXPECT_EQ(bytes_of("a\u20AC", {"latin-1", "strict"}),
            "UnicodeEncodeError: 'latin-1' codec can't encode character '\\u20ac' in position 1: "
            "ordinal not in range(256)");
  const std::string text = "\u00E9\u20AC\U0001F600\xFF.";
  EXPECT_EQ(bytes_of(text, {"ascii", "ignore"}), ".");
  EXPECT_EQ(bytes_of(text, {"ascii", "replace"}), "????.");
  EXPECT_EQ(bytes_of(text, {"ascii", "backslashreplace"}), R"(\xe9\u20ac\U0001f600\udcff.)");
  EXPECT_EQ(bytes_of("\xFF\u20AC", {"ascii", "surrogateescape"}),
            "UnicodeEncodeError: 'ascii' codec can't encode character '\\u20ac' in position 1: "
            "ordinal not in range(128)");
}

TEST(Text, CountsCharacters) {
  const std::string text = "a\u00E9\u20AC\U0001F600\xFF\xC3z";
  const auto size = [&](std::size_t count, const TextFormat& format) {
    return Codec(format).size_of(count, text);
  };
  const std::size_t sizes[] = {0, 1, 3, 6, 10, 11, 12, 13, 13};
  for (std::size_t count = 0; count < std::size(sizes); ++count)
    EXPECT_EQ(size(count, {}), sizes[count]);
  EXPECT_EQ(size(3, {"ascii", "surrogateescape"}), 3U);
  std::size_t missing = 10;
  Codec({}).size_of(missing, text);
  EXPECT_EQ(missing, 3U);
}

// Random mixes of newlines, characters and what is none.
class Mixes {
 public:
  std::string next() {
    static const char* const pieces[] = {
        "\n",       "\r\n",     "\r",           "a",
        "\u00E9",   "\u20AC",   "\U0001F600",   "\xFF",
        "\x80",     "\xC3",     "\xE2\x82",     "\xED\xA0\x80",
        "\xF0\x9F", "\xC0\x80", "\xF4\x90\x80", "longer than eight"};
    std::string bytes;
    for (auto left = below(20); left > 0; --left) bytes += pieces[below(std::size(pieces))];
    return bytes;
  }
  Parts split(std::string_view bytes) {
    Parts parts;
    while (!bytes.empty()) {
      const std::size_t size = 1 + below(4);
      parts.emplace_back(bytes.substr(0, size));
      bytes.remove_prefix(std::min(size, bytes.size()));
    }
    parts.emplace_back();
    return parts;
  }

 private:
  std::size_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
  }
  std::mt19937 random_{20261128};
};

TEST(Text, IsTheSameHoweverItComes) {
  Mixes mixes;
  for (int turn = 0; turn < 3'000; ++turn) {
    const std::string bytes = mixes.next();
    for (const char* errors : {"ignore", "replace", "backslashreplace", "surrogateescape"}) {
      const TextFormat format{"utf-8", errors};
      TextDecoder decoder(format);
      std::string text;
      const Parts parts = mixes.split(bytes);
      for (std::size_t i = 0; i < parts.size(); ++i)
        decoder.decode(parts[i], i + 1 == parts.size(), text);
      ASSERT_EQ(text, decode(bytes, format)) << tandem::detail::bytes_repr(bytes) << errors;
    }
  }
}

TEST(Text, ComesBackAsItWas) {
  Mixes mixes;
  for (int turn = 0; turn < 3'000; ++turn) {
    std::string bytes = mixes.next();
    std::erase(bytes, '\r');
    for (const char* encoding : {"utf-8", "ascii", "latin-1"}) {
      const TextFormat format{encoding, "surrogateescape"};
      // Of ASCII, what happens to be UTF-8 is not told from a character of its own.
      if (std::string_view(encoding) == "ascii")
        std::erase_if(bytes, [](char c) { return (c & 0x80) && c != '\xFF'; });
      ASSERT_EQ(encode(decode(bytes, format), format), bytes) << encoding;
    }
  }
}

}  // namespace
}  // namespace tandem::subprocess::detail
