// Text mode: bytes to text and back, as Python's codecs and its universal newlines do it.
//
// Text is UTF-8. A byte in it that is none is what Python's surrogateescape makes of it: a
// character that only errors="surrogateescape" writes again, as that byte.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace tandem::inline v1::subprocess::detail {

// Python's encoding and errors of text mode.
struct TextFormat {
  std::string encoding = "utf-8";
  std::string errors = "strict";
};

// One of the encodings, and what is done about errors.
class Codec {
 public:
  // Throws   LookupError (unknown encoding).
  explicit Codec(const TextFormat& format);

  // Appends the text of these bytes.
  //   final  nothing comes after them. Otherwise the beginning of a character at their end is left.
  // Returns how many bytes that was.
  // Throws   UnicodeDecodeError; LookupError (unknown error handler, once there is an error).
  std::size_t decode(std::string_view bytes, bool final, std::string& text) const;
  // Throws   UnicodeEncodeError; LookupError as above.
  std::string encode(std::string_view text) const;

  // Whether these bytes are their text.
  bool is_text(std::string_view bytes) const noexcept;

  // How many bytes of the text its first characters are.
  //   count  of the characters; what the text lacks of them is left of it
  std::size_t size_of(std::size_t& count, std::string_view text) const noexcept;

 private:
  enum class Encoding { utf_8, ascii, latin_1 };
  enum class Errors { strict, ignore, replace, backslashreplace, surrogateescape, unknown };

  static Encoding encoding_of(const std::string& name);
  static Errors errors_of(const std::string& name) noexcept;

  const char* name() const noexcept;
  std::size_t decode_utf8(std::string_view bytes, bool final, std::string& text) const;
  void decode_ascii(std::string_view bytes, std::string& text) const;
  void decode_error(std::string_view bytes, std::size_t start, std::size_t end, const char* reason,
                    std::string& text) const;
  bool can_encode(char32_t point) const noexcept;
  void append(char32_t point, std::string& bytes) const;
  void encode_errors(std::string_view text, std::size_t& at, std::size_t& position,
                     std::string& bytes) const;

  Encoding encoding_;
  Errors errors_;
  std::string errors_name_;
};

// Text from bytes that come in parts, all kinds of newlines "\n".
class TextDecoder {
 public:
  explicit TextDecoder(const TextFormat& format) : codec_(format) {}

  // Appends the text of the next bytes, as far as it is known by now.
  //   final  there are no more; afterwards another text may begin
  // Throws   as Codec::decode(). Then these bytes are lost, and nothing else has changed.
  void decode(std::string_view bytes, bool final, std::string& text);

  // The same for all that is left: bytes that are their text stay where they are.
  std::string decode_rest(std::string bytes);

  const Codec& codec() const noexcept { return codec_; }
  // What has come of which the text is not known yet; forgotten by this.
  std::string take_rest();

 private:
  void translate_newlines(std::size_t from, bool final, std::string& text);

  Codec codec_;
  std::string pending_;  // the beginning of a character
  bool pending_cr_ = false;
};

// A whole text at once.
// Throws   UnicodeDecodeError; LookupError (unknown encoding or error handler).
std::string decode(std::string bytes, const TextFormat& format);
// Throws   UnicodeEncodeError; LookupError.
std::string encode(std::string_view text, const TextFormat& format);

}  // namespace tandem::inline v1::subprocess::detail
