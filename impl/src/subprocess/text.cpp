#include "subprocess/text.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <utility>

#include "tandem/core/exceptions.hpp"

namespace tandem::inline v1::subprocess::detail {

namespace {

// What a text begins with, in UTF-8.
struct Sequence {
  enum class Kind {
    valid,
    truncated,         // all that is there could begin a character
    bad_start,         // nothing begins like this
    bad_continuation,  // as many bytes as could begin a character, and then another one
  };
  Kind kind;
  std::size_t size;
};

struct Lead {
  std::size_t size;  // of the sequence; 0: none begins like this
  unsigned char first,
      last;  // what may come second: nothing overlong, no surrogate, nothing beyond
};

Lead lead_of(unsigned char byte) noexcept {
  if (byte < 0xC2) return {0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte < 0xF4) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

unsigned char byte_at(std::string_view bytes, std::size_t at) noexcept {
  return static_cast<unsigned char>(bytes[at]);
}

Sequence sequence_at(std::string_view bytes, std::size_t at) noexcept {
  const unsigned char byte = byte_at(bytes, at);
  if (byte < 0x80) return {Sequence::Kind::valid, 1};
  const Lead lead = lead_of(byte);
  if (lead.size == 0) return {Sequence::Kind::bad_start, 1};
  for (std::size_t i = 1; i < lead.size; ++i) {
    if (at + i == bytes.size()) return {Sequence::Kind::truncated, i};
    const unsigned char next = byte_at(bytes, at + i);
    const bool goes_on =
        i == 1 ? next >= lead.first && next <= lead.last : next >= 0x80 && next <= 0xBF;
    if (!goes_on) return {Sequence::Kind::bad_continuation, i};
  }
  return {Sequence::Kind::valid, lead.size};
}

// Where what begins at `at` is no ASCII any more, or no UTF-8; or the end.
std::size_t skip_ascii(std::string_view bytes, std::size_t at) noexcept {
  constexpr std::uint64_t high_bits = 0x8080808080808080;
  std::uint64_t word;
  for (; bytes.size() - at >= sizeof word; at += sizeof word) {
    std::memcpy(&word, bytes.data() + at, sizeof word);
    if (word & high_bits) break;
  }
  while (at < bytes.size() && byte_at(bytes, at) < 0x80) ++at;
  return at;
}

std::size_t skip_utf8(std::string_view bytes, std::size_t at) noexcept {
  for (;;) {
    at = skip_ascii(bytes, at);
    if (at == bytes.size()) return at;
    const Sequence sequence = sequence_at(bytes, at);
    if (sequence.kind != Sequence::Kind::valid) return at;
    at += sequence.size;
  }
}

std::size_t characters_in(std::string_view utf8) noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(utf8, [](char c) { return (c & 0xC0) != 0x80; }));
}

// A character of a text: also a byte that is no UTF-8.
struct Character {
  char32_t point;
  std::size_t size;
};
constexpr char32_t first_escaped = 0xDC80, last_escaped = 0xDCFF;

Character character_at(std::string_view text, std::size_t at) noexcept {
  const Sequence sequence = sequence_at(text, at);
  const unsigned char byte = byte_at(text, at);
  if (sequence.kind != Sequence::Kind::valid) return {char32_t{0xDC00} + byte, 1};
  if (sequence.size == 1) return {byte, 1};
  char32_t point = byte & (0x7FU >> sequence.size);
  for (std::size_t i = 1; i < sequence.size; ++i)
    point = (point << 6) | (byte_at(text, at + i) & 0x3FU);
  return {point, sequence.size};
}

void append_utf8(char32_t point, std::string& text) {
  if (point < 0x80) {
    text += static_cast<char>(point);
  } else {  // of latin-1 alone: no more than two bytes
    text += static_cast<char>(0xC0 | (point >> 6));
    text += static_cast<char>(0x80 | (point & 0x3F));
  }
}

void append_escape(char32_t point, std::string& text) {
  const char* format = point < 0x100 ? "\\x%02x" : point < 0x10000 ? "\\u%04x" : "\\U%08x";
  char escape[12];
  std::snprintf(escape, sizeof escape, format, static_cast<unsigned>(point));
  text += escape;
}

// As Python looks names of encodings up: "UTF-8", "utf8" and "utf_8" are one.
std::string normalized(const std::string& name) {
  std::string normal;
  bool apart = false;
  for (const char c : name) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') || lower == '.') {
      if (apart && !normal.empty()) normal += '_';
      normal += lower;
      apart = false;
    } else {
      apart = true;
    }
  }
  return normal;
}

}  // namespace

Codec::Codec(const TextFormat& format)
    : encoding_(encoding_of(format.encoding)),
      errors_(errors_of(format.errors)),
      errors_name_(format.errors) {}

Codec::Encoding Codec::encoding_of(const std::string& name) {
  static constexpr std::pair<std::string_view, Encoding> known[] = {
      {"utf_8", Encoding::utf_8},       {"utf8", Encoding::utf_8},
      {"u8", Encoding::utf_8},          {"utf", Encoding::utf_8},
      {"utf8_ucs2", Encoding::utf_8},   {"utf8_ucs4", Encoding::utf_8},
      {"cp65001", Encoding::utf_8},     {"ascii", Encoding::ascii},
      {"us_ascii", Encoding::ascii},    {"us", Encoding::ascii},
      {"646", Encoding::ascii},         {"iso646_us", Encoding::ascii},
      {"latin_1", Encoding::latin_1},   {"latin1", Encoding::latin_1},
      {"latin", Encoding::latin_1},     {"l1", Encoding::latin_1},
      {"iso8859_1", Encoding::latin_1}, {"iso_8859_1", Encoding::latin_1},
      {"iso8859", Encoding::latin_1},   {"8859", Encoding::latin_1},
      {"cp819", Encoding::latin_1},
  };
  const std::string normal = normalized(name);
  for (const auto& [each, encoding] : known)
    if (normal == each) return encoding;
  throw LookupError("unknown encoding: " + name);
}

Codec::Errors Codec::errors_of(const std::string& name) noexcept {
  static constexpr std::pair<std::string_view, Errors> known[] = {
      {"strict", Errors::strict},
      {"ignore", Errors::ignore},
      {"replace", Errors::replace},
      {"backslashreplace", Errors::backslashreplace},
      {"surrogateescape", Errors::surrogateescape},
  };
  for (const auto& [each, errors] : known)
    if (name == each) return errors;
  return Errors::unknown;
}

const char* Codec::name() const noexcept {
  switch (encoding_) {
    case Encoding::utf_8:
      return "utf-8";
    case Encoding::ascii:
      return "ascii";
    case Encoding::latin_1:
      break;
  }
  return "latin-1";
}

// ---- bytes to text ----

std::size_t Codec::decode(std::string_view bytes, bool final, std::string& text) const {
  switch (encoding_) {
    case Encoding::utf_8:
      return decode_utf8(bytes, final, text);
    case Encoding::ascii:
      decode_ascii(bytes, text);
      break;
    case Encoding::latin_1:
      for (const char c : bytes) append_utf8(static_cast<unsigned char>(c), text);
      break;
  }
  return bytes.size();
}

bool Codec::is_text(std::string_view bytes) const noexcept {
  const auto skip = encoding_ == Encoding::utf_8 ? skip_utf8 : skip_ascii;
  return skip(bytes, 0) == bytes.size();
}

std::size_t Codec::decode_utf8(std::string_view bytes, bool final, std::string& text) const {
  for (std::size_t at = 0;;) {
    const std::size_t end = skip_utf8(bytes, at);
    text.append(bytes, at, end - at);
    if (end == bytes.size()) return end;
    const auto [kind, size] = sequence_at(bytes, end);
    switch (kind) {
      case Sequence::Kind::truncated:
        if (!final) return end;
        decode_error(bytes, end, end + size, "unexpected end of data", text);
        break;
      case Sequence::Kind::bad_start:
        decode_error(bytes, end, end + size, "invalid start byte", text);
        break;
      default:
        // CPython waits for the third byte of what is like a surrogate before it says no.
        if (!final && byte_at(bytes, end) == 0xED && end + 2 == bytes.size() &&
            byte_at(bytes, end + 1) >= 0xA0 && byte_at(bytes, end + 1) <= 0xBF)
          return end;
        decode_error(bytes, end, end + size, "invalid continuation byte", text);
    }
    at = end + size;
  }
}

void Codec::decode_ascii(std::string_view bytes, std::string& text) const {
  for (std::size_t at = 0;;) {
    const std::size_t end = skip_ascii(bytes, at);
    text.append(bytes, at, end - at);
    if (end == bytes.size()) return;
    decode_error(bytes, end, end + 1, "ordinal not in range(128)", text);
    at = end + 1;
  }
}

void Codec::decode_error(std::string_view bytes, std::size_t start, std::size_t end,
                         const char* reason, std::string& text) const {
  switch (errors_) {
    case Errors::strict:
      throw UnicodeDecodeError(name(), std::string(bytes), start, end, reason);
    case Errors::ignore:
      break;
    case Errors::replace:
      text += "\xEF\xBF\xBD";  // U+FFFD
      break;
    case Errors::backslashreplace:
      for (std::size_t at = start; at < end; ++at) append_escape(byte_at(bytes, at), text);
      break;
    case Errors::surrogateescape:
      text.append(bytes, start, end - start);
      break;
    case Errors::unknown:
      throw LookupError("unknown error handler name '" + errors_name_ + "'");
  }
}

std::size_t Codec::size_of(std::size_t& count, std::string_view text) const noexcept {
  // There each byte beyond ASCII is a character by itself, also where they happen to be UTF-8.
  const bool by_bytes = encoding_ == Encoding::ascii && errors_ == Errors::surrogateescape;
  std::size_t at = 0;
  for (; count > 0 && at < text.size(); --count) at += by_bytes ? 1 : character_at(text, at).size;
  return at;
}

// ---- text to bytes ----

bool Codec::can_encode(char32_t point) const noexcept {
  switch (encoding_) {
    case Encoding::utf_8:
      return point < first_escaped || point > last_escaped;
    case Encoding::ascii:
      return point < 0x80;
    case Encoding::latin_1:
      break;
  }
  return point < 0x100;
}

std::string Codec::encode(std::string_view text) const {
  std::string bytes;
  bytes.reserve(text.size());
  std::size_t position = 0;  // in characters
  for (std::size_t at = 0;;) {
    const std::size_t end =
        encoding_ == Encoding::utf_8 ? skip_utf8(text, at) : skip_ascii(text, at);
    bytes.append(text, at, end - at);
    position += characters_in(text.substr(at, end - at));
    at = end;
    if (at == text.size()) return bytes;
    const Character character = character_at(text, at);
    if (can_encode(character.point)) {
      bytes += static_cast<char>(character.point);
      at += character.size;
      ++position;
    } else {
      encode_errors(text, at, position, bytes);
    }
  }
}

// From `at` on, of all in a row that there is no encoding for.
void Codec::encode_errors(std::string_view text, std::size_t& at, std::size_t& position,
                          std::string& bytes) const {
  std::size_t end = position;
  for (std::size_t next = at; next < text.size(); ++end) {
    const Character character = character_at(text, next);
    if (can_encode(character.point)) break;
    next += character.size;
  }
  const auto refuse = [&] {
    const char* reason = encoding_ == Encoding::utf_8   ? "surrogates not allowed"
                         : encoding_ == Encoding::ascii ? "ordinal not in range(128)"
                                                        : "ordinal not in range(256)";
    throw UnicodeEncodeError(name(), std::string(text), position, end, reason);
  };
  for (; position < end; ++position) {
    const Character character = character_at(text, at);
    switch (errors_) {
      case Errors::strict:
        refuse();
        break;
      case Errors::ignore:
        break;
      case Errors::replace:
        bytes += '?';
        break;
      case Errors::backslashreplace:
        append_escape(character.point, bytes);
        break;
      case Errors::surrogateescape:
        if (character.point < first_escaped || character.point > last_escaped) refuse();
        bytes += text[at];
        break;
      case Errors::unknown:
        throw LookupError("unknown error handler name '" + errors_name_ + "'");
    }
    at += character.size;
  }
}

// ---- in parts ----

void TextDecoder::decode(std::string_view bytes, bool final, std::string& text) {
  const std::size_t before = text.size();
  std::string joined;
  if (!pending_.empty()) {
    joined = pending_ + std::string(bytes);
    bytes = joined;
  }
  if (pending_cr_) text += '\r';
  std::size_t used;
  try {
    used = codec_.decode(bytes, final, text);
  } catch (...) {
    text.resize(before);
    throw;
  }
  pending_ = std::string(bytes.substr(used));
  translate_newlines(before, final, text);
}

std::string TextDecoder::decode_rest(std::string bytes) {
  if (pending_.empty() && !pending_cr_ && codec_.is_text(bytes)) {
    translate_newlines(0, true, bytes);
    return bytes;
  }
  std::string text;
  decode(bytes, true, text);
  return text;
}

// One that may be the first half of "\r\n" is kept back.
void TextDecoder::translate_newlines(std::size_t from, bool final, std::string& text) {
  pending_cr_ = !final && text.size() > from && text.back() == '\r';
  if (pending_cr_) text.pop_back();
  std::size_t to = text.find('\r', from);
  if (to == std::string::npos) return;
  for (std::size_t at = to; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\r' && at + 1 < text.size() && text[at + 1] == '\n') ++at;
    text[to++] = c == '\r' ? '\n' : c;
  }
  text.resize(to);
}

std::string TextDecoder::take_rest() {
  std::string rest = std::exchange(pending_, {});
  if (std::exchange(pending_cr_, false)) rest.insert(rest.begin(), '\r');
  return rest;
}

std::string decode(std::string bytes, const TextFormat& format) {
  return TextDecoder(format).decode_rest(std::move(bytes));
}

std::string encode(std::string_view text, const TextFormat& format) {
  return Codec(format).encode(text);
}

}  // namespace tandem::inline v1::subprocess::detail
