// The library's own way into a PipeFile.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "platform/handle.hpp"
#include "subprocess/text.hpp"
#include "tandem/subprocess/pipe_file.hpp"

namespace tandem::inline v1::subprocess::detail {

struct PipeFileOptions {
  bool writable = false;
  int bufsize = -1;                  // as Popen's; 1 in text mode: by lines
  std::optional<TextFormat> text{};  // none: bytes
};

struct ReadAhead {
  std::string text{};   // decoded already; empty where there is no text mode
  std::string bytes{};  // that come after it, as they came
};

struct PipeFileAccess {
  // Throws   LookupError (unknown encoding).
  static std::unique_ptr<PipeFile> make(platform::Handle handle, PipeFileOptions options);
  // What was read ahead and not consumed, for whoever reads the rest by himself: the caller's now.
  static ReadAhead take_read_ahead(PipeFile& file);
  // What was written and not flushed, encoded. The caller's now.
  static std::string take_unwritten(PipeFile& file);
  // The stream's number, or platform::Handle::none.
  static int number(const PipeFile& file) noexcept;
};

}  // namespace tandem::inline v1::subprocess::detail
