#include "tandem/subprocess/pipe_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <span>
#include <utility>

#include "platform/pipe.hpp"
#include "platform/poll.hpp"
#include "subprocess/communicate.hpp"
#include "subprocess/pipe_file.hpp"
#include "tandem/core/abandon.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/fork.hpp"
#include "tandem/core/log.hpp"
#include "tandem/core/mutex.hpp"
#include "tandem/core/park.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::subprocess {

namespace {

using platform::Transfer;
using tandem::detail::ParkedInSystem;

constexpr std::size_t default_size = 8192;      // Python's io.DEFAULT_BUFFER_SIZE
constexpr std::size_t text_size = 8192;         // how much a text file of Python reads at once
constexpr std::size_t largest_read = 1U << 20;  // more is not asked for at once
constexpr std::size_t read_to_end = 1U << 16;   // as much as a pipe holds

// One read or write, counted as parked as long as it has to wait.
template <class Try, class Wait>
std::size_t transfer(int handle, bool for_writing, Try try_it, Wait wait) {
  for (;;) {
    Transfer done = try_it();
    if (done.error == EAGAIN) {
      const ParkedInSystem parked;
      done = wait();
      platform::Polled polled{handle, for_writing};
      if (done.error == EAGAIN) platform::poll(std::span(&polled, 1), nullptr);  // it does not wait
    }
    if (done.error == 0) return done.count;
    if (done.error != EAGAIN) tandem::detail::throw_os_error(done.error);
  }
}

// The open file. Its number can be asked for while another thread reads.
class Stream {
 public:
  explicit Stream(platform::Handle handle) : handle_(handle.release()) {}
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { close(); }

  // relaxed: a number that says nothing of other memory; who uses the file holds its lock.
  int number() const noexcept { return handle_.load(std::memory_order_relaxed); }
  bool is_closed() const noexcept { return number() == platform::Handle::none; }
  void close() noexcept {
    // relaxed: as above
    platform::Handle().reset(handle_.exchange(platform::Handle::none, std::memory_order_relaxed));
  }

  // Some of what comes; zero: the end.
  std::size_t read(char* bytes, std::size_t size) {
    const int handle = number();
    return transfer(
        handle, false, [=] { return platform::read_at_once(handle, bytes, size); },
        [=] { return platform::read_some(handle, bytes, size); });
  }
  std::size_t write(std::string_view bytes) {
    const int handle = number();
    return transfer(
        handle, true, [=] { return platform::write_at_once(handle, bytes.data(), bytes.size()); },
        [=] { return platform::write_some(handle, bytes.data(), bytes.size()); });
  }
  // Appends some of what comes; false: the end.
  bool read_onto(std::string& bytes, std::size_t size) {
    const std::size_t before = bytes.size();
    bytes.resize(before + size);
    std::size_t count = 0;
    try {
      count = read(bytes.data() + before, size);
    } catch (...) {
      bytes.resize(before);
      throw;
    }
    bytes.resize(before + count);
    return count != 0;
  }
  void read_all_onto(std::string& bytes) {
    for (std::size_t size = text_size;;) {
      detail::make_room(bytes, size);
      const std::size_t before = bytes.size();
      if (!read_onto(bytes, size)) break;
      if (bytes.size() - before == size) size = read_to_end;  // there is much of it
    }
    detail::give_back_room(bytes);
  }

 private:
  seam::atomic<int> handle_;
};

// What a file that is read does in its mode.
class Reader {
 public:
  virtual ~Reader() = default;
  virtual std::string read(std::size_t size) = 0;
  virtual std::string read_all() = 0;
  virtual std::optional<std::string> readline() = 0;
  virtual detail::ReadAhead take_read_ahead() = 0;
};

// Python's FileIO: a read is one of the system's.
class RawReader final : public Reader {
 public:
  explicit RawReader(Stream& stream) : stream_(stream) {}

  std::string read(std::size_t size) override {
    std::string bytes;
    if (size > 0) stream_.read_onto(bytes, std::min(size, largest_read));
    return bytes;
  }
  std::string read_all() override {
    std::string bytes;
    stream_.read_all_onto(bytes);
    return bytes;
  }
  // Byte by byte: what comes after the line is left to others.
  std::optional<std::string> readline() override {
    std::string line;
    while (stream_.read_onto(line, 1) && line.back() != '\n') {
    }
    return line.empty() ? std::optional<std::string>() : std::move(line);
  }
  detail::ReadAhead take_read_ahead() override { return {}; }

 private:
  Stream& stream_;
};

// Python's BufferedReader.
class BufferedReader final : public Reader {
 public:
  BufferedReader(Stream& stream, std::size_t size) : stream_(stream), size_(size) {}

  std::string read(std::size_t size) override {
    std::string bytes = take(size);
    while (bytes.size() < size) {
      const std::size_t missing = size - bytes.size();
      // Whole blocks pass by the buffer.
      const bool more = missing < size_
                            ? fill()
                            : stream_.read_onto(bytes, std::min(missing - missing % size_,
                                                                std::max(largest_read, size_)));
      if (!more) break;
      bytes += take(size - bytes.size());
    }
    return bytes;
  }
  std::string read_all() override {
    std::string bytes = take(std::string_view::npos);
    stream_.read_all_onto(bytes);
    return bytes;
  }
  std::optional<std::string> readline() override {
    std::string line;
    do {
      const std::size_t end = buffered().find('\n');
      line += take(end == std::string_view::npos ? end : end + 1);
      if (end != std::string_view::npos) return line;
    } while (fill());
    return line.empty() ? std::optional<std::string>() : std::move(line);
  }
  detail::ReadAhead take_read_ahead() override { return {{}, take(std::string_view::npos)}; }

 private:
  std::string_view buffered() const { return {buffer_.get() + at_, end_ - at_}; }
  std::string take(std::size_t size) {
    std::string bytes(buffered().substr(0, size));
    at_ += bytes.size();
    return bytes;
  }
  // Of an empty buffer; false: the end.
  bool fill() {
    if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(size_);
    end_ = at_ = 0;
    end_ = stream_.read(buffer_.get(), size_);
    return end_ != 0;
  }

  Stream& stream_;
  const std::size_t size_;
  std::unique_ptr<char[]> buffer_;
  std::size_t at_ = 0, end_ = 0;  // of the buffer, what has not been consumed
};

// Python's TextIOWrapper over one of the others. It reads more at once than they do, and so has no
// need of them.
class TextReader final : public Reader {
 public:
  TextReader(Stream& stream, const detail::TextFormat& format)
      : stream_(stream), decoder_(format) {}

  std::string read(std::size_t size) override {
    std::string text;
    std::size_t missing = size;
    take_characters(missing, text);
    while (missing > 0 && fill(missing)) take_characters(missing, text);
    return text;
  }
  std::string read_all() override {
    std::string bytes;
    stream_.read_all_onto(bytes);
    std::string rest = decoder_.decode_rest(std::move(bytes));
    if (text_.empty()) return rest;
    text_ += rest;
    return take(std::string::npos);
  }
  std::optional<std::string> readline() override {
    for (std::size_t looked_at = at_;;) {
      const std::size_t end = text_.find('\n', looked_at);
      if (end != std::string::npos) return take(end + 1 - at_);
      looked_at = text_.size() - at_;  // from the start of the text, once fill() has moved it there
      if (!fill(0)) break;
    }
    std::string line = take(std::string::npos);
    return line.empty() ? std::optional<std::string>() : std::move(line);
  }
  detail::ReadAhead take_read_ahead() override {
    return {take(std::string::npos), decoder_.take_rest()};
  }

 private:
  std::string take(std::size_t size) {
    std::string some = text_.substr(at_, size);
    at_ += some.size();
    if (at_ == text_.size()) {
      text_.clear();
      at_ = 0;
    }
    return some;
  }
  void take_characters(std::size_t& count, std::string& text) {
    text += take(decoder_.codec().size_of(count, std::string_view(text_).substr(at_)));
  }
  // One read more. False: the end, and no more text.
  bool fill(std::size_t characters) {
    text_.erase(0, std::exchange(at_, 0));
    std::string bytes;
    const bool at_end = !stream_.read_onto(bytes, std::clamp(characters, text_size, largest_read));
    const std::size_t before = text_.size();
    decoder_.decode(bytes, at_end, text_);
    return !at_end || text_.size() > before;
  }

  Stream& stream_;
  detail::TextDecoder decoder_;
  std::string text_;
  std::size_t at_ = 0;  // of text_, what has been consumed
};

// Python's FileIO (a size of zero) and BufferedWriter.
class Writer {
 public:
  Writer(Stream& stream, std::size_t size) : stream_(stream), size_(size) {}

  // How much was written.
  std::size_t write(std::string_view bytes) {
    if (size_ == 0) return stream_.write(bytes);
    const std::size_t whole = bytes.size();
    if (bytes.size() > size_ - buffer_.size() || bytes.size() >= size_) {
      flush();
      while (bytes.size() >= size_) bytes.remove_prefix(stream_.write(bytes));
    }
    buffer_ += bytes;
    return whole;
  }
  void write_all(std::string_view bytes) {
    while (!bytes.empty()) bytes.remove_prefix(write(bytes));
  }
  void flush() {
    std::size_t written = 0;
    try {
      while (written < buffer_.size())
        written += stream_.write(std::string_view(buffer_).substr(written));
    } catch (...) {
      buffer_.erase(0, written);
      throw;
    }
    buffer_.clear();
  }
  std::string take_unwritten() { return std::exchange(buffer_, {}); }

 private:
  Stream& stream_;
  const std::size_t size_;
  std::string buffer_;
};

std::size_t buffer_size(const Stream& stream, int bufsize) {
  if (bufsize == 0 || bufsize > 1) return static_cast<std::size_t>(bufsize);
  const std::size_t block = platform::block_size(stream.number());
  return block > 1 ? block : default_size;
}

using RenewalMutex = tandem::detail::ForkSafeMutexOf<tandem::detail::ForkStage::core, PipeFile>;

}  // namespace

struct PipeFile::State {
  State(platform::Handle handle, const detail::PipeFileOptions& options)
      : stream(std::move(handle)), name(stream.number()), text(options.text) {
    kind = text ? Kind::text : options.bufsize == 0 ? Kind::raw : Kind::buffered;
    const std::size_t size = buffer_size(stream, options.bufsize);
    if (options.writable) {
      by_lines = text && options.bufsize == 1;
      writer.emplace(stream, size);
      if (text) codec.emplace(*text);
    } else if (text) {
      reader = std::make_unique<TextReader>(stream, *text);
    } else if (size == 0) {
      reader = std::make_unique<RawReader>(stream);
    } else {
      reader = std::make_unique<BufferedReader>(stream, size);
    }
  }

  // In a child of fork() whoever had it here is no more.
  tandem::detail::Mutex& lock() {
    // acquire pairs with the release below: the mutex is a new one.
    if (generation.load(std::memory_order_acquire) != tandem::detail::process_generation) {
      const std::scoped_lock guard(RenewalMutex::get());
      // relaxed: the guard orders it
      if (generation.load(std::memory_order_relaxed) != tandem::detail::process_generation) {
        std::construct_at(&mutex);
        generation.store(tandem::detail::process_generation,
                         std::memory_order_release);  // pairs: above
      }
    }
    return mutex;
  }

  // ---- what Python says of a file that is closed, or of the other direction ----

  void refuse_closed(const char* message) const {
    if (stream.is_closed()) throw ValueError(message);
  }
  void check_readable(const char* closed) const {
    check(reader != nullptr, closed, "read", "not readable", "File not open for reading");
  }
  void check_writable() const {
    check(writer.has_value(), "write to closed file", "write", "not writable",
          "File not open for writing");
  }
  void check_flushable() const {
    refuse_closed(kind == Kind::buffered && writer ? "flush of closed file"
                                                   : "I/O operation on closed file.");
  }
  // Each of Python's classes has texts of its own, and its own order.
  void check(bool able, const char* closed, const char* buffered, const char* as_text,
             const char* raw) const {
    if (kind == Kind::raw) refuse_closed("I/O operation on closed file");
    if (kind == Kind::text) refuse_closed("I/O operation on closed file.");
    if (!able)
      throw UnsupportedOperation(kind == Kind::raw ? raw : kind == Kind::text ? as_text : buffered);
    refuse_closed(closed);
  }

  // ---- with the lock held ----

  std::size_t write(std::string_view data) {
    check_writable();
    if (!codec) return writer->write(data);
    std::size_t characters = std::string_view::npos;
    codec->size_of(characters, data);
    writer->write_all(codec->encode(data));
    if (by_lines && data.find_first_of("\r\n") != std::string_view::npos) writer->flush();
    return std::string_view::npos - characters;
  }
  void close() {
    if (stream.is_closed()) return;
    try {
      if (writer) writer->flush();
    } catch (...) {
      stream.close();
      throw;
    }
    stream.close();
  }
  std::string repr() const {
    const std::string named = " name=" + std::to_string(name);
    switch (kind) {
      case Kind::raw:
        if (stream.is_closed()) return "<_io.FileIO [closed]>";
        return "<_io.FileIO" + named + " mode='" + (writer ? "wb" : "rb") + "' closefd=True>";
      case Kind::buffered:
        return (writer ? "<_io.BufferedWriter" : "<_io.BufferedReader") + named + ">";
      case Kind::text:
        break;
    }
    return "<_io.TextIOWrapper" + named +
           " encoding=" + tandem::detail::string_repr(text->encoding) + ">";
  }

  enum class Kind { raw, buffered, text };

  tandem::detail::Mutex mutex;  // of all but the stream's number
  seam::atomic<std::uint32_t> generation{tandem::detail::process_generation};
  Stream stream;
  const int name;  // its number, also when it is closed
  const std::optional<detail::TextFormat> text;
  Kind kind;
  std::unique_ptr<Reader> reader;  // null: it is written
  std::optional<Writer> writer;    // none: it is read
  std::optional<detail::Codec> codec;
  bool by_lines = false;
};

PipeFile::PipeFile(std::unique_ptr<State> state) : state_(std::move(state)) {}

PipeFile::~PipeFile() {
  tandem::detail::Mutex& lock = state_->lock();
  if (!tandem::detail::has_abandoned_threads()) {
    lock.lock();
  } else if (!lock.try_lock()) {
    static_cast<void>(state_.release());  // an abandoned thread is in there for ever
    return;
  }
  const std::unique_lock guard(lock, std::adopt_lock);
  try {
    state_->close();
  } catch (const std::exception&) {
    // Nobody to tell it.
  }
}

std::string PipeFile::read(std::optional<std::size_t> size) {
  const std::scoped_lock guard(state_->lock());
  state_->check_readable("read of closed file");
  return size ? state_->reader->read(*size) : state_->reader->read_all();
}

std::optional<std::string> PipeFile::readline() {
  const std::scoped_lock guard(state_->lock());
  state_->check_readable("readline of closed file");
  return state_->reader->readline();
}

std::vector<std::string> PipeFile::readlines() {
  refuse_closed();
  std::vector<std::string> lines;
  while (auto line = readline()) lines.push_back(std::move(*line));
  return lines;
}

std::size_t PipeFile::write(std::string_view text) {
  const std::scoped_lock guard(state_->lock());
  return state_->write(text);
}

void PipeFile::flush() {
  const std::scoped_lock guard(state_->lock());
  state_->check_flushable();
  if (state_->writer) state_->writer->flush();
}

void PipeFile::close() {
  const std::scoped_lock guard(state_->lock());
  state_->close();
}

bool PipeFile::closed() const { return state_->stream.is_closed(); }

int PipeFile::fileno() const {
  state_->refuse_closed("I/O operation on closed file");
  return state_->stream.number();
}

void PipeFile::refuse_closed() const { state_->refuse_closed("I/O operation on closed file."); }

PipeFile::iterator PipeFile::begin() {
  refuse_closed();
  return iterator(this);
}

std::string to_string(const PipeFile& file) { return file.state_->repr(); }

namespace detail {

std::unique_ptr<PipeFile> PipeFileAccess::make(platform::Handle handle, PipeFileOptions options) {
  if (options.bufsize == 1 && !options.text)
    tandem::detail::log(
        "RuntimeWarning: line buffering (buffering=1) isn't supported in binary mode, the default "
        "buffer size will be used");
  return std::unique_ptr<PipeFile>(
      new PipeFile(std::make_unique<PipeFile::State>(std::move(handle), options)));
}

ReadAhead PipeFileAccess::take_read_ahead(PipeFile& file) {
  const std::scoped_lock guard(file.state_->lock());
  return file.state_->reader ? file.state_->reader->take_read_ahead() : ReadAhead();
}

std::string PipeFileAccess::take_unwritten(PipeFile& file) {
  const std::scoped_lock guard(file.state_->lock());
  return file.state_->writer ? file.state_->writer->take_unwritten() : std::string();
}

int PipeFileAccess::number(const PipeFile& file) noexcept { return file.state_->stream.number(); }

}  // namespace detail
}  // namespace tandem::inline v1::subprocess
