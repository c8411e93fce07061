// A PipeFile over a pipe of the test's own. What is expected is what CPython says.
#include "subprocess/pipe_file.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "platform/pipe.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/log.hpp"
#include "tandem/core/park.hpp"
#include "tandem/core/repr.hpp"

namespace tandem::subprocess::detail {
namespace {

using File = std::unique_ptr<PipeFile>;
const TextFormat utf8;

struct Ends {
  Ends() { EXPECT_EQ(platform::open_pipe(pipe), 0); }
  File reader(int bufsize = -1, std::optional<TextFormat> text = {}) {
    return PipeFileAccess::make(std::move(pipe.reader), {false, bufsize, std::move(text)});
  }
  File writer(int bufsize = -1, std::optional<TextFormat> text = {}) {
    return PipeFileAccess::make(std::move(pipe.writer), {true, bufsize, std::move(text)});
  }
  // What is in the pipe by now.
  std::string drained() {
    std::string bytes(1 << 17, '\0');
    const auto done = platform::read_at_once(pipe.reader.get(), bytes.data(), bytes.size());
    return bytes.substr(0, done.count);
  }
  void feed(std::string_view bytes) {
    EXPECT_EQ(platform::write_some(pipe.writer.get(), bytes.data(), bytes.size()).count,
              bytes.size());
  }
  platform::Pipe pipe;
};

template <class Act>
std::string raised(Act act) {
  try {
    act();
  } catch (...) {
    return tandem::detail::exception_text(std::current_exception());
  }
  return "nothing";
}

std::string several(std::string_view piece, int times) {
  std::string whole;
  for (int i = 0; i < times; ++i) whole += piece;
  return whole;
}

void wait_for_parked(std::size_t count) {
  while (parked_threads() < count) std::this_thread::yield();
}

// ---- what is said of a closed file, and of the wrong direction ----

struct Said {
  const char* name;
  int bufsize;
  std::optional<TextFormat> text;
  const char *closed_read, *closed_readline, *closed_write, *closed_flush;
  const char *wrong_read, *wrong_write;
};
const Said all_said[] = {
    {"raw",
     0,
     {},
     "ValueError: I/O operation on closed file",
     "ValueError: I/O operation on closed file",
     "ValueError: I/O operation on closed file",
     "ValueError: I/O operation on closed file.",
     "UnsupportedOperation: File not open for reading",
     "UnsupportedOperation: File not open for writing"},
    {"buffered",
     -1,
     {},
     "ValueError: read of closed file",
     "ValueError: readline of closed file",
     "ValueError: write to closed file",
     "ValueError: flush of closed file",
     "UnsupportedOperation: read",
     "UnsupportedOperation: write"},
    {"text", -1, utf8, "ValueError: I/O operation on closed file.",
     "ValueError: I/O operation on closed file.", "ValueError: I/O operation on closed file.",
     "ValueError: I/O operation on closed file.", "UnsupportedOperation: not readable",
     "UnsupportedOperation: not writable"},
};

TEST(PipeFile, SaysWhatPythonSaysOfAClosedFile) {
  const std::string closed = "ValueError: I/O operation on closed file";
  for (const Said& said : all_said) {
    SCOPED_TRACE(said.name);
    Ends ends;
    const File reader = ends.reader(said.bufsize, said.text);
    const File writer = ends.writer(said.bufsize, said.text);
    for (PipeFile* file : {reader.get(), writer.get()}) {
      file->close();
      file->close();
      EXPECT_TRUE(file->closed());
      EXPECT_EQ(raised([&] { file->fileno(); }), closed);
      EXPECT_EQ(raised([&] { file->begin(); }), closed + ".");
      EXPECT_EQ(raised([&] { file->readlines(); }), closed + ".");
      EXPECT_EQ(raised([&] { file->writelines({}); }), closed + ".");
    }
    EXPECT_EQ(raised([&] { reader->read(); }), said.closed_read);
    EXPECT_EQ(raised([&] { reader->read(0); }), said.closed_read);
    EXPECT_EQ(raised([&] { reader->readline(); }), said.closed_readline);
    EXPECT_EQ(raised([&] { reader->flush(); }), closed + ".");
    EXPECT_EQ(raised([&] { writer->write(""); }), said.closed_write);
    EXPECT_EQ(raised([&] { writer->flush(); }), said.closed_flush);
  }
}

TEST(PipeFile, SaysWhatPythonSaysOfTheOtherDirection) {
  for (const Said& said : all_said) {
    SCOPED_TRACE(said.name);
    Ends ends;
    const File reader = ends.reader(said.bufsize, said.text);
    const File writer = ends.writer(said.bufsize, said.text);
    EXPECT_EQ(raised([&] { writer->read(); }), said.wrong_read);
    EXPECT_EQ(raised([&] { writer->readline(); }), said.wrong_read);
    EXPECT_EQ(raised([&] { writer->begin(); }), said.wrong_read);
    EXPECT_EQ(raised([&] { reader->write(""); }), said.wrong_write);
    EXPECT_EQ(raised([&] { reader->writelines({"x"}); }), said.wrong_write);
    EXPECT_EQ(raised([&] { reader->flush(); }), "nothing");
  }
}

TEST(PipeFile, IsPrintedAsPythonPrintsIt) {
  Ends ends;
  const std::string name = " name=" + std::to_string(ends.pipe.reader.get());
  const File raw = ends.reader(0);
  EXPECT_EQ(to_string(*raw), "<_io.FileIO" + name + " mode='rb' closefd=True>");
  raw->close();
  EXPECT_EQ(to_string(*raw), "<_io.FileIO [closed]>");
  Ends again;
  const File buffered = again.reader();
  EXPECT_EQ(to_string(*buffered), "<_io.BufferedReader" + name + ">");
  const std::string other = " name=" + std::to_string(again.pipe.writer.get());
  const File text = again.writer(-1, utf8);
  text->close();
  EXPECT_EQ(to_string(*text), "<_io.TextIOWrapper" + other + " encoding='utf-8'>");
}

// ---- buffers ----

TEST(PipeFile, WritesWhenItsBufferIsFull) {
  Ends ends;
  const File file = ends.writer(16);
  const auto arrives = [&](std::size_t size) {
    EXPECT_EQ(file->write(std::string(size, 'x')), size);
    return ends.drained().size();
  };
  EXPECT_EQ(arrives(15), 0U);
  EXPECT_EQ(arrives(1), 0U);
  EXPECT_EQ(arrives(1), 16U);
  EXPECT_EQ(arrives(16), 17U);
  EXPECT_EQ(arrives(10), 0U);
  EXPECT_EQ(arrives(40), 50U);
  EXPECT_EQ(arrives(3), 0U);
  file->flush();
  EXPECT_EQ(ends.drained().size(), 3U);
}

TEST(PipeFile, ReadsNoMoreThanItsBufferHolds) {
  const auto left = [](int bufsize, std::optional<TextFormat> text, auto act) {
    Ends ends;
    ends.feed(several("123456789\n", 3000));
    platform::Pipe same;
    same.reader.reset(::dup(ends.pipe.reader.get()));
    const File file = ends.reader(bufsize, std::move(text));
    act(*file);
    std::string bytes(1 << 16, '\0');
    return 30000 - platform::read_at_once(same.reader.get(), bytes.data(), bytes.size()).count;
  };
  const auto read_one = [](PipeFile& file) { EXPECT_EQ(file.read(1), "1"); };
  const auto read_line = [](PipeFile& file) { EXPECT_EQ(file.readline(), "123456789\n"); };
  const auto read_many = [](PipeFile& file) { EXPECT_EQ(file.read(5000).size(), 5000U); };
  EXPECT_EQ(left(0, {}, read_one), 1U);
  EXPECT_EQ(left(0, {}, read_line), 10U);
  EXPECT_EQ(left(0, {}, read_many), 5000U);
  EXPECT_EQ(left(16, {}, read_one), 16U);
  EXPECT_EQ(left(16, {}, read_line), 16U);
  EXPECT_EQ(left(16, {}, read_many), 5008U);
  EXPECT_EQ(left(-1, {}, read_line), platform::block_size(Ends().pipe.reader.get()));
  EXPECT_EQ(left(16, utf8, read_line), 8192U);
  EXPECT_EQ(left(0, utf8, read_many), 8192U);
}

TEST(PipeFile, KeepsWhatCouldNotBeWritten) {
  for (const auto& text : {std::optional<TextFormat>(), std::optional<TextFormat>(utf8)}) {
    Ends ends;
    const File file = ends.writer(-1, text);
    ends.pipe.reader.reset();
    EXPECT_EQ(file->write("unread"), 6U);
    EXPECT_EQ(raised([&] { file->flush(); }), "BrokenPipeError: [Errno 32] Broken pipe");
    EXPECT_EQ(raised([&] { file->flush(); }), "BrokenPipeError: [Errno 32] Broken pipe");
    EXPECT_EQ(raised([&] { file->close(); }), "BrokenPipeError: [Errno 32] Broken pipe");
    EXPECT_TRUE(file->closed());
    EXPECT_EQ(raised([&] { file->close(); }), "nothing");
  }
}

TEST(PipeFile, WarnsOfLineBufferingInBinaryMode) {
  std::string logged;
  const LogSink before = log_sink([&](std::string_view message) { logged = message; });
  Ends ends;
  const File text = ends.reader(1, utf8);
  EXPECT_EQ(logged, "");
  const File binary = ends.writer(1);
  log_sink(before);
  EXPECT_EQ(logged,
            "RuntimeWarning: line buffering (buffering=1) isn't supported in binary mode, the "
            "default buffer size will be used");
}

TEST(PipeFile, GivesBackWhatWasReadAhead) {
  Ends ends;
  ends.feed("one\r\ntwo\nthr\xE2");
  const File file = ends.reader(-1, TextFormat{"latin-1", "strict"});
  EXPECT_EQ(file->readline(), "one\n");
  const ReadAhead ahead = PipeFileAccess::take_read_ahead(*file);
  EXPECT_EQ(ahead.text, "two\nthr\u00e2");
  EXPECT_EQ(ahead.bytes, "");
  EXPECT_EQ(PipeFileAccess::take_read_ahead(*file).text, "");
}

// ---- text that passes the end of one read ----

TEST(PipeFile, JoinsWhatTwoReadsHaveSplit) {
  for (const std::string piece : {"\r\n", "\u20AC", "\U0001F600"})
    for (std::size_t before = 8189; before <= 8192; ++before) {
      Ends ends;
      ends.feed(std::string(before, 'x') + piece + "end\n");
      const File file = ends.reader(-1, utf8);
      ends.pipe.writer.reset();
      EXPECT_EQ(file->read(before), std::string(before, 'x'));
      EXPECT_EQ(file->read(1), piece == "\r\n" ? "\n" : piece);
      EXPECT_EQ(file->readlines(), std::vector<std::string>{"end\n"});
      EXPECT_EQ(file->read(), "");
    }
}

TEST(PipeFile, GoesOnAfterWhatIsNoText) {
  Ends ends;
  ends.feed("one\n\xFFtwo\n");
  const File file = ends.reader(-1, utf8);
  EXPECT_EQ(raised([&] { file->readline(); }),
            "UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff in position 4: invalid start "
            "byte");
  ends.feed("three\n");
  EXPECT_EQ(file->readline(), "three\n");
}

// ---- threads ----

TEST(PipeFile, CountsThoseThatWait) {
  Ends ends;
  const File reader = ends.reader(), writer = ends.writer();
  const std::string large(1 << 18, 'x');
  std::jthread writing([&] {
    EXPECT_EQ(writer->write(large), large.size());
    writer->close();
  });
  wait_for_parked(1);
  EXPECT_EQ(reader->read(large.size()), large);
  EXPECT_EQ(reader->read(), "");
  writing.join();
  EXPECT_EQ(parked_threads(), 0U);

  Ends others;
  const File waiting = others.reader(-1, utf8);
  std::jthread reading([&] { EXPECT_EQ(waiting->readline(), "line\n"); });
  wait_for_parked(1);
  EXPECT_FALSE(waiting->closed());
  EXPECT_GT(waiting->fileno(), 2);
  others.feed("line\n");
  reading.join();
  EXPECT_EQ(parked_threads(), 0U);
}

TEST(PipeFile, KeepsLinesWholeThatSeveralWrite) {
  Ends ends;
  const File reader = ends.reader(100), writer = ends.writer(100);
  constexpr int times = 2000, several_threads = 4;
  std::vector<std::jthread> threads;
  for (char name = 'a'; name < 'a' + several_threads; ++name)
    threads.emplace_back([&writer, name] {
      for (int i = 0; i < times; ++i)
        writer->write(std::string(static_cast<std::size_t>(1 + i % 150), name) + "\n");
    });
  int lines = 0;
  for (; lines < times * several_threads; ++lines) {
    if (lines == times * several_threads - 100) {
      for (auto& thread : threads) thread.join();
      writer->close();
    }
    const std::string line = reader->readline().value_or("gone");
    EXPECT_EQ(line.find_first_not_of(line.front()), line.size() - 1) << line;
  }
  EXPECT_EQ(reader->readline(), std::nullopt);
}

// The thread that has the file is not there in the child.
TEST(PipeFile, IsFreeInAChild) {
  Ends ends;
  File file = ends.reader();
  std::jthread reading([&] { EXPECT_EQ(file->read(1), "x"); });
  wait_for_parked(1);
  const auto child = ::fork();
  if (child == 0) {
    file->close();
    file.reset();
    ::_exit(7);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 7);
  ends.feed("x");
}

}  // namespace
}  // namespace tandem::subprocess::detail
