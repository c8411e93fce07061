#include "subprocess/streams.hpp"

#include <utility>

#include "platform/pipe.hpp"
#include "tandem/core/exceptions.hpp"

namespace tandem::inline v1::subprocess::detail {

namespace {

constexpr int parents_stdout = 1;

void check(int error) {
  if (error != 0) v1::detail::throw_os_error(error);
}

void open_pipe(Streams& streams, std::size_t stream, int size) {
  platform::Pipe pipe;
  check(platform::open_pipe(pipe));
  if (size > 0) check(platform::set_pipe_size(pipe.writer.get(), size));
  const bool child_reads = stream == 0;
  streams.parent[stream] = std::move(child_reads ? pipe.writer : pipe.reader);
  streams.owned[stream] = std::move(child_reads ? pipe.reader : pipe.writer);
  streams.child[stream] = streams.owned[stream].get();
}

int null_device(Streams& streams) {
  if (!streams.null_device) check(platform::open_null_device(streams.null_device));
  return streams.null_device.get();
}

void open_stream(Streams& streams, std::size_t stream, const subprocess::Stdio& wanted, int size) {
  int& child = streams.child[stream];
  if (!wanted.is_given()) return;
  if (wanted == subprocess::PIPE)
    open_pipe(streams, stream, size);
  else if (wanted == subprocess::DEVNULL)
    child = null_device(streams);
  else if (stream == 2 && wanted == subprocess::STDOUT)
    child = streams.child[1] == platform::Handle::none ? parents_stdout : streams.child[1];
  else
    child = wanted.descriptor();
}

}  // namespace

Streams open_streams(const subprocess::PopenOptions& options) {
  Streams streams;
  open_stream(streams, 0, options.stdin_, options.pipesize);
  open_stream(streams, 1, options.stdout_, options.pipesize);
  open_stream(streams, 2, options.stderr_, options.pipesize);
  return streams;
}

}  // namespace tandem::inline v1::subprocess::detail
