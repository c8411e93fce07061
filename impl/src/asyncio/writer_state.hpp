// What all handles on a StreamWriter share, and how it learns that it has to wait.
#pragma once
#include <exception>
#include <list>
#include <memory>
#include <optional>
#include <utility>

#include "asyncio/reader_state.hpp"
#include "tandem/asyncio/stream_writer.hpp"

namespace tandem::inline v1::asyncio::detail {

// CPython's FlowControlMixin: who waits for a connection to have room, or to be gone.
class FlowControl {
 public:
  explicit FlowControl(const EventLoop& loop) : loop_(loop) {}
  FlowControl(const FlowControl&) = delete;
  FlowControl& operator=(const FlowControl&) = delete;

  void pause() noexcept { paused_ = true; }
  void resume();
  // The connection is lost.
  void end(const std::exception_ptr& error);
  // Keeps the owner. Throws ConnectionResetError (it is lost).
  static Coroutine<> drain(std::shared_ptr<FlowControl> self);

  // What wait_closed() waits for.
  const Future<>& closed() const noexcept { return closed_; }
  void close(const std::exception_ptr& error);

 private:
  class Waiting;

  const EventLoop loop_;
  bool paused_ = false, lost_ = false;
  std::list<Future<>> waiters_{};
  const Future<> closed_{loop_};
};

class WriterState {
 public:
  WriterState(const EventLoop& its_loop, Transport its_transport,
              std::shared_ptr<FlowControl> its_flow, std::shared_ptr<ReaderState> its_reader)
      : loop(its_loop),
        transport(std::move(its_transport)),
        flow(std::move(its_flow)),
        reader(std::move(its_reader)) {}
  WriterState(const WriterState&) = delete;
  WriterState& operator=(const WriterState&) = delete;
  ~WriterState();
  std::string to_string() const;

  const EventLoop loop;
  const Transport transport;
  const std::shared_ptr<FlowControl> flow;
  const std::shared_ptr<ReaderState> reader;  // null: a child's stdin
};

}  // namespace tandem::inline v1::asyncio::detail
