#include "multiprocessing/worker.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <utility>

#include "platform/poll.hpp"
#include "platform/shared_memory.hpp"
#include "platform/socket.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/log.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/multiprocessing/detail/remote.hpp"
#include "tandem/multiprocessing/process.hpp"
#include "threading/search.hpp"

namespace tandem::inline v1::multiprocessing::detail {

namespace {

// The manager is gone: there is nobody to work for.
struct Orphaned {};

class Worker {
 public:
  explicit Worker(WorkerEnd::Parts& parts)
      : requests_(*parts.requests),
        answers_(*parts.answers),
        board_(*parts.board),
        number_(parts.number),
        asleep_(Bed::in(parts.requests->memory()).asleep),
        rules_(parts.rules) {
    const auto parent = parent_process();
    if (!parent) return;
    parent_ = parent->sentinel();
    if (parent_ < 0 && !parent->is_alive()) throw Orphaned{};  // it was dead before this had begun
  }

  void run() {
    if (!initialize()) return;
    answer({.kind = static_cast<std::uint8_t>(WorkerAnswer::ready)});
    for (std::size_t left = rules_.max_tasks.value_or(SIZE_MAX); left > 0;) {
      const auto task = next();
      if (!task) return;
      left -= begin(*task);
    }
  }

 private:
  bool initialize() {
    if (!rules_.initializer) return true;
    if (rules_.is_pool) {
      rules_.initializer();
      return true;
    }
    try {
      rules_.initializer();
      return true;
    } catch (...) {
      log("Exception in initializer:\n" + exception_text(std::current_exception()));
      return false;
    }
  }

  // Nothing: it is over.
  std::optional<TaskBoard::Task> next() {
    for (;;) {
      if (auto task = board_.take(number_, turn_)) return task;
      while (const auto piece = requests_.front()) {
        if (Tag::decode(piece->tag).kind == static_cast<std::uint8_t>(WorkerRequest::end))
          return {};
        requests_.pop();  // it has looked since
      }
      wait_for_task();
    }
  }
  void wait_for_task() {
    const auto ready = [this] { return board_.has_news(turn_) || requests_.ready(); };
    if (search(spin_, ready)) return;
    // seq_cst with offer(): either there are news, or it is seen to sleep.
    asleep_.store(true, std::memory_order_seq_cst);
    if (!board_.has_news(turn_)) sleep(requests_);
    asleep_.store(false, std::memory_order_relaxed);  // relaxed: who sees the former rings in vain
  }

  // Returns whether there was a task to run.
  bool begin(const TaskBoard::Task& task) {
    if (task.bytes) {
      run(task.place, *task.bytes, {});
      return true;
    }
    output_.clear();
    answer({.kind = static_cast<std::uint8_t>(WorkerAnswer::asks), .place = task.place});
    for (;;) {
      while (!requests_.front()) wait(requests_, [this] { return requests_.ready(); });
      const RingReader::Piece piece = *requests_.front();
      const Tag tag = Tag::decode(piece.tag);
      if (tag.kind == static_cast<std::uint8_t>(WorkerRequest::task))
        return begin(task.place, piece);
      requests_.pop();
      if (tag.kind == static_cast<std::uint8_t>(WorkerRequest::not_sent)) return false;
    }
  }
  bool begin(TaskBoard::Place place, const RingReader::Piece& piece) {
    std::vector<platform::Handle> handles;
    if (const auto count = Tag::decode(piece.tag).handles) handles = requests_.take_handles(count);
    if (piece.last) {
      run(place, piece.bytes, std::move(handles));
      requests_.pop();
    } else {
      Incoming message;
      while (!requests_.pull(message)) wait(requests_, [this] { return requests_.ready(); });
      run(place, std::as_bytes(std::span(message.bytes)), std::move(handles));
    }
    return true;
  }

  template <class End, class Ready>
  void wait(End& end, Ready ready) {
    if (!search(spin_, ready)) sleep(end);
  }
  // Also until the parent is dead: its other children may still have its end of the ring.
  template <class End>
  void sleep(End& end) {
    Watch watch(end);
    for (bool woken = false;;) {
      if (const auto outcome = watch.arm(woken)) {
        if (*outcome == Outcome::hung_up) throw Orphaned{};
        return;
      }
      std::array<platform::Polled, 2> polled{platform::Polled{end.socket()},
                                             platform::Polled{parent_}};
      platform::poll(std::span(polled).first(parent_ < 0 ? 1 : 2), nullptr);
      if (polled[1].ready) throw Orphaned{};
      woken = polled[0].ready;
    }
  }

  void run(TaskBoard::Place place, std::span<const std::byte> given_bytes,
           std::vector<platform::Handle> handles) {
    Tag tag{.kind = static_cast<std::uint8_t>(WorkerAnswer::value), .place = place};
    pickle::Input input(given_bytes, std::move(handles));
    output_.clear();
    try {
      const pickle::Input::Message given(input);
      const pickle::Output::Message message(output_);
      bool has_returned = false;
      pickle::detail::read_action(input).run(input, output_, has_returned);
    } catch (const ResultNotSent& result) {
      tag.kind = static_cast<std::uint8_t>(not_sent(result));
    } catch (const BaseException&) {
      if (rules_.is_pool) throw;
      tag.kind = static_cast<std::uint8_t>(thrown(std::current_exception()));
    } catch (...) {
      tag.kind = static_cast<std::uint8_t>(thrown(std::current_exception()));
    }
    answer(tag);
  }
  WorkerAnswer thrown(const std::exception_ptr& exception) {
    output_.clear();
    pickle::encode_exception(exception, output_);
    return WorkerAnswer::exception;
  }
  WorkerAnswer not_sent(const ResultNotSent& result) {
    if (!rules_.is_pool) return thrown(result.reason);
    output_.clear();
    pickle::dump(output_, exception_text(result.reason));
    pickle::dump(output_, result.value);
    return WorkerAnswer::not_sent;
  }

  // Sends what stands in the output.
  void answer(Tag tag) {
    const std::vector<int> handles = output_.descriptors();
    tag.handles = count_handles(handles);
    Outgoing message(output_.bytes(), {}, tag.encode());
    message.carry(handles);
    while (!answers_.push(message)) {
      if (message.error() != 0 && message.error() != EAGAIN) throw_os_error(message.error());
      wait(answers_, [this] { return answers_.has_room(); });
    }
  }

  RingReader& requests_;
  RingWriter& answers_;
  TaskBoard& board_;
  const std::uint32_t number_;
  std::uint64_t turn_ = 1;  // where it looks next on the board
  seam::atomic<bool>& asleep_;
  WorkerRules& rules_;
  int parent_ = platform::Handle::none;  // can be read when it is dead
  AdaptiveSpin spin_;
  pickle::Output output_{pickle::Sharing::CONNECTION};
};

}  // namespace

void WorkerEnd::close() const noexcept {
  parts_->requests->close();
  parts_->answers->close();
}

void WorkerEnd::pickle(pickle::Output& output) const {
  const std::uint32_t numbers[] = {
      output.attach(parts_->requests->memory().handle().get()),
      output.attach(parts_->requests->socket()),
      output.attach(parts_->answers->socket()),
      output.attach(parts_->board->handle()),
  };
  output.write_value(numbers);
  output.write_value(parts_->number);
  output.write_value(parts_->rules.is_pool);
  pickle::dump(output, parts_->rules.max_tasks);
  pickle::dump(output, parts_->rules.initializer);
}

WorkerEnd WorkerEnd::unpickle(pickle::Input& input) {
  const auto numbers = input.read_value<std::array<std::uint32_t, 4>>();
  const auto number = input.read_value<std::uint32_t>();
  const auto memory = RingMemory::attach(input.take(numbers[0]));
  auto requests = std::make_unique<RingReader>(memory, 0, input.take(numbers[1]));
  auto answers = std::make_unique<RingWriter>(memory, 1, input.take(numbers[2]));
  auto board = TaskBoard::attach(input.take(numbers[3]));
  WorkerRules rules;
  rules.is_pool = input.read_value<bool>();
  rules.max_tasks = pickle::load<std::optional<std::size_t>>(input);
  rules.initializer = pickle::load<pickle::PortableCall>(input);
  return WorkerEnd({.requests = std::move(requests),
                    .answers = std::move(answers),
                    .board = std::move(board),
                    .number = number,
                    .rules = std::move(rules)});
}

void work(WorkerEnd end) {
  try {
    Worker(end.parts()).run();
  } catch (const Orphaned&) {
  }
}

std::uint8_t count_handles(std::span<const int> handles) {
  if (handles.size() > platform::most_handles_sent) throw_os_error(EMFILE);
  return static_cast<std::uint8_t>(handles.size());
}

}  // namespace tandem::inline v1::multiprocessing::detail
