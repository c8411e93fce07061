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
        claims_(Claims::in(parts.requests->memory())),
        rules_(parts.rules) {
    const auto parent = parent_process();
    if (!parent) return;
    parent_ = parent->sentinel();
    if (parent_ < 0 && !parent->is_alive()) throw Orphaned{};  // it was dead before this had begun
  }

  void run() {
    if (!initialize()) return;
    answer({.kind = static_cast<std::uint8_t>(Answer::ready)});
    for (std::size_t left = rules_.max_tasks.value_or(SIZE_MAX); left > 0;) {
      const RingReader::Piece piece = next();
      const Tag tag = Tag::decode(piece.tag);
      if (tag.kind == static_cast<std::uint8_t>(Request::end)) return;
      std::vector<platform::Handle> handles;
      if (tag.handles > 0) handles = requests_.take_handles(tag.handles);
      if (piece.first && piece.last) {
        left -= take(tag, piece.bytes, std::move(handles));
        requests_.pop();
      } else {
        Incoming message;
        receive(message);
        left -= take(tag, std::as_bytes(std::span(message.bytes)), std::move(handles));
      }
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

  // The beginning of the next request.
  RingReader::Piece next() {
    for (;;) {
      if (const auto piece = requests_.front()) return *piece;
      wait(requests_, [this] { return requests_.ready(); });
    }
  }
  void receive(Incoming& message) {
    while (!requests_.pull(message)) wait(requests_, [this] { return requests_.ready(); });
  }

  // Also until the parent is dead: its other children may still have its end of the ring.
  template <class End, class Ready>
  void wait(End& end, Ready ready) {
    if (search(spin_, ready)) return;
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

  // Returns whether there was a task to run: it may have been withdrawn.
  bool take(Tag tag, std::span<const std::byte> message, std::vector<platform::Handle> handles) {
    seam::atomic<Claim>& claim = claims_.slots[tag.slot];
    Claim expected = Claim::offered;
    // acq_rel pairs with the manager's: of its withdrawal and this, one comes first.
    if (!claim.compare_exchange_strong(expected, Claim::begun, std::memory_order_acq_rel)) {
      claim.store(Claim::free, std::memory_order_release);  // pairs with the acquire in find_slot()
      return false;
    }
    pickle::Input input(message, std::move(handles));
    run(tag.slot, input);
    return true;
  }

  void run(std::uint8_t slot, pickle::Input& input) {
    Tag tag{.kind = static_cast<std::uint8_t>(Answer::value), .slot = slot};
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
  Answer thrown(const std::exception_ptr& exception) {
    output_.clear();
    pickle::encode_exception(exception, output_);
    return Answer::exception;
  }
  Answer not_sent(const ResultNotSent& result) {
    if (!rules_.is_pool) return thrown(result.reason);
    output_.clear();
    pickle::dump(output_, exception_text(result.reason));
    pickle::dump(output_, result.value);
    return Answer::not_sent;
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
  Claims& claims_;
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
  };
  output.write_value(numbers);
  output.write_value(parts_->rules.is_pool);
  pickle::dump(output, parts_->rules.max_tasks);
  pickle::dump(output, parts_->rules.initializer);
}

WorkerEnd WorkerEnd::unpickle(pickle::Input& input) {
  const auto numbers = input.read_value<std::array<std::uint32_t, 3>>();
  const auto memory = RingMemory::attach(input.take(numbers[0]));
  auto requests = std::make_unique<RingReader>(memory, 0, input.take(numbers[1]));
  auto answers = std::make_unique<RingWriter>(memory, 1, input.take(numbers[2]));
  WorkerRules rules;
  rules.is_pool = input.read_value<bool>();
  rules.max_tasks = pickle::load<std::optional<std::size_t>>(input);
  rules.initializer = pickle::load<pickle::PortableCall>(input);
  return WorkerEnd(
      {.requests = std::move(requests), .answers = std::move(answers), .rules = std::move(rules)});
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
