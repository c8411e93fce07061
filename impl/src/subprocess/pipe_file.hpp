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

struct PipeFileAccess {
  // Throws   LookupError (unknown encoding).
  static std::unique_ptr<PipeFile> make(platform::Handle handle, PipeFileOptions options);
  // What was read ahead and not consumed, for whoever reads the rest by himself: as it came, but
  // for newlines that were translated. It is the caller's now.
  static std::string take_buffer(PipeFile& file);
};

}  // namespace tandem::inline v1::subprocess::detail
