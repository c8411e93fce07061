// The library's own way into a PipeFile.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "platform/handle.hpp"
#include "tandem/subprocess/pipe_file.hpp"

namespace tandem::inline v1::subprocess::detail {

// Python's encoding and errors of text mode.
struct TextFormat {
  std::string encoding = "utf-8";
  std::string errors = "strict";
};

// What is made of a whole stream at once; all newlines become "\n".
// Throws   UnicodeDecodeError; LookupError (unknown encoding or error handler).
std::string decode(std::string_view bytes, const TextFormat& format);
// Throws   UnicodeEncodeError; LookupError.
std::string encode(std::string_view text, const TextFormat& format);

struct PipeFileOptions {
  bool writable = false;
  int bufsize = -1;                  // as Popen's; 1 in text mode: by lines
  std::optional<TextFormat> text{};  // none: bytes
};

struct PipeFileAccess {
  // Throws   LookupError (unknown encoding).
  static std::unique_ptr<PipeFile> make(platform::Handle handle, PipeFileOptions options);
  // What was read ahead and not consumed, as it came; it is the caller's now.
  static std::string take_buffer(PipeFile& file);
};

}  // namespace tandem::inline v1::subprocess::detail
