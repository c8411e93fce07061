#include "multiprocessing/workers.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <utility>

#include "multiprocessing/process_state.hpp"
#include "platform/cpu.hpp"
#include "tandem/core/caught.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/log.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/multiprocessing/pool.hpp"
#include "threading/search.hpp"

namespace tandem::inline v1::multiprocessing::detail {

namespace {

using clock = seam::clock;

// A task that takes longer is a long one: nothing is to stand behind it.
constexpr auto long_task = std::chrono::milliseconds(1);
// So many tasks in a row are short before workers are given more of them at a time.
constexpr std::size_t enough_short_tasks = 32;
// Read at once from one worker, before the others have their turn.
constexpr std::size_t answers_at_once = 64;
// Workers that die one after the other before they are ready: there will be no other ones.
constexpr std::size_t most_failed_starts = 3;
// How often the manager looks for dead workers while it does not sleep.
constexpr unsigned passes_without_a_look = 256;

}  // namespace

// A message that a worker is given, with all that it consists of.
struct Workers::Parcel {
  pickle::Output output{pickle::Sharing::CONNECTION};
  std::vector<int> handles;  // the output's
  std::optional<Outgoing> message{};

  void seal(Tag tag) {
    handles = output.descriptors();
    tag.handles = count_handles(handles);
    message.emplace(output.bytes(), std::span<const std::byte>(), tag.encode());
    message->carry(handles);
  }
};

struct Workers::Hand {
  explicit Hand(const Process& started) : process(started) {
    for (std::size_t slot = slot_count; slot > 0; --slot)
      free.push_back(static_cast<std::uint8_t>(slot - 1));
  }

  seam::atomic<Claim>& claim(std::uint8_t slot) const noexcept { return claims->slots[slot]; }
  // Those that were withdrawn come back when the worker has passed them by.
  void collect_free() {
    std::erase_if(passing, [this](std::uint8_t slot) {
      // acquire pairs with the release in the worker: it does not touch the slot any more.
      const bool passed = claim(slot).load(std::memory_order_acquire) == Claim::free;
      if (passed) free.push_back(slot);
      return passed;
    });
  }
  bool may_have(std::size_t depth, const std::optional<std::size_t>& max_tasks) const noexcept {
    return ready && !ending && !slow && !dead && !pending && given.size() < depth &&
           !free.empty() && (!max_tasks || given.size() + answered < *max_tasks);
  }

  Process process;
  std::unique_ptr<RingWriter> requests;
  std::unique_ptr<RingReader> answers;
  Claims* claims = nullptr;

  std::array<Task, slot_count> tasks{};
  std::vector<std::uint8_t> free;     // slots
  std::deque<std::uint8_t> given;     // slots of the tasks that it has, the oldest first
  std::vector<std::uint8_t> passing;  // slots that were withdrawn
  std::size_t answered = 0;
  std::unique_ptr<Parcel> pending;  // there was no room for all of it
  Incoming incoming;                // of an answer in several pieces
  struct {
    std::vector<platform::Handle> handles{};
    std::exception_ptr error{};
  } received;                 // with the answer
  clock::time_point since{};  // it has been working on the oldest one
  bool ready = false;
  bool slow = false;    // on a long task: it is given nothing until that is done
  bool ending = false;  // it was told to end
  bool dead = false;
  bool hung_up = false;  // nothing comes any more: it is about to be dead
  bool rang = false;     // its answers' socket was readable
  std::optional<Watch> answer_watch, room_watch;
};

Workers::Workers(WorkersOptions options)
    : options_(std::move(options)), parcel_(std::make_unique<Parcel>()) {
  if (const int error = platform::open_pipe(bell_)) throw_os_error(error);
  for (const int handle : {bell_.reader.get(), bell_.writer.get()})
    if (const int error = platform::set_nonblocking(handle, true)) throw_os_error(error);
}

Workers::~Workers() = default;

bool Job::start(std::size_t) noexcept { return true; }

// ---- any thread ----

std::unique_ptr<Workers::Hand> Workers::start_worker() {
  const auto memory = RingMemory::create(2);
  Line requests = open_line(memory, 0);
  Line answers = open_line(memory, 1);
  const WorkerEnd end({.requests = std::move(requests.reader),
                       .answers = std::move(answers.writer),
                       .rules = options_.rules});

  const Process process = options_.context.Process(ProcessOptions{.target = call(&work, end)});
  ProcessAccess::state(process)->is_worker = true;
  if (options_.rules.is_pool) {
    std::string name = process.name();
    if (const auto at = name.find("Process"); at != name.npos) name.replace(at, 7, "PoolWorker");
    process.name(std::move(name));
    process.daemon(true);
  }
  process.start();
  end.close();

  auto hand = std::make_unique<Hand>(process);
  hand->requests = std::move(requests.writer);
  hand->answers = std::move(answers.reader);
  hand->claims = &Claims::in(*memory);
  alive_.fetch_add(1, std::memory_order_relaxed);  // relaxed: see alive()
  const std::scoped_lock guard(mutex_);
  processes_.push_back(process);
  return hand;
}

void Workers::start_thread() {
  const std::scoped_lock guard(mutex_);
  if (thread_) return;
  threading::Thread thread(
      {.target = [self = shared_from_this()] { self->manage(); }, .daemon = true});
  thread.start();
  thread_ = thread;
}

// Python starts them before its threads, too: a child of fork() has one thread only.
void Workers::start_all() {
  const std::scoped_lock starting(starting_);
  if (complete_.load(std::memory_order_relaxed)) return;  // relaxed: under the mutex
  std::vector<std::unique_ptr<Hand>> hands;
  try {
    while (hands.size() < options_.workers) hands.push_back(start_worker());
    {
      const std::scoped_lock guard(mutex_);
      for (auto& hand : hands) recruits_.push_back(std::move(hand));
    }
    hands.clear();
    news_.store(true, std::memory_order_seq_cst);
    start_thread();
  } catch (...) {
    for (const Process& process : processes_) process.terminate();
    for (const Process& process : processes_) process.join();
    throw;
  }
  complete_.store(true, std::memory_order_release);  // pairs with the acquire in is_complete()
}

void Workers::start_one_if_needed() {
  const std::scoped_lock starting(starting_);
  // relaxed: exact only in what matters: a task is taken off before its result can be seen.
  const std::size_t tasks = outstanding_.load(std::memory_order_relaxed) + 1;
  const std::size_t workers = alive();
  if (workers < options_.workers && workers < tasks) {
    try {
      auto hand = start_worker();
      const std::scoped_lock guard(mutex_);
      recruits_.push_back(std::move(hand));
    } catch (...) {
      if (workers == 0) throw;  // else those that there are have to do
      return;
    }
  }
  start_thread();
  if (alive() == options_.workers)
    complete_.store(true, std::memory_order_release);  // pairs with the acquire in is_complete()
}

Workers::State Workers::post(Job& job, std::size_t tasks) {
  {
    const std::scoped_lock guard(mutex_);
    if (state_ != State::run) return state_;
    inbox_.push_back({&job, 0, tasks});
    // relaxed: see start_one_if_needed()
    if (!is_complete()) outstanding_.fetch_add(tasks, std::memory_order_relaxed);
  }
  wake();
  return State::run;
}

void Workers::close(bool cancel) {
  {
    const std::scoped_lock guard(mutex_);
    if (state_ == State::run) state_ = State::close;
    cancel_ = cancel_ || cancel;
  }
  wake();
}

void Workers::terminate() {
  bool ending;
  {
    const std::scoped_lock guard(mutex_);
    if (state_ != State::broken) state_ = State::terminate;
    ending = ending_;
  }
  ending ? signal_all(false) : wake();
}

void Workers::signal_all(bool kill) {
  std::unique_lock guard(mutex_);
  const std::vector<Process> processes = processes_;
  guard.unlock();
  for (const Process& process : processes) kill ? process.kill() : process.terminate();
}

void Workers::join() {
  std::unique_lock guard(mutex_);
  const std::optional<threading::Thread> thread = thread_;
  guard.unlock();
  if (thread && !(*thread == threading::current_thread())) thread->join();
}

Workers::State Workers::state() const noexcept {
  const std::scoped_lock guard(mutex_);
  return state_;
}

void Workers::wake() noexcept {
  // seq_cst with sleep(): either it sees the news, or this sees it sleep.
  news_.store(true, std::memory_order_seq_cst);
  if (!sleeping_.load(std::memory_order_seq_cst)) return;
  if (!sleeping_.exchange(false, std::memory_order_seq_cst)) return;
  const char byte = 0;
  platform::write_at_once(bell_.writer.get(), &byte, 1);  // full: it is about to wake
}

// ---- the manager's thread ----

void Workers::manage() noexcept {
  for (unsigned passes = 1;; ++passes) {
    bool progress = take_orders();
    for (const auto& hand : hands_) progress |= read_answers(*hand);
    if (passes % passes_without_a_look == 0) look_for_dead();
    progress |= bury_the_dead();
    progress |= deal();
    if (orders_ != State::run && is_idle()) break;
    if (!progress && !take_back_from_slow()) sleep();
  }
  end();
}

bool Workers::take_orders() {
  if (!news_.load(std::memory_order_relaxed)) return false;  // relaxed: the mutex orders
  bool cancel;
  {
    const std::scoped_lock guard(mutex_);
    news_.store(false, std::memory_order_relaxed);  // relaxed: under the mutex, or seen later
    queue_.insert(queue_.end(), inbox_.begin(), inbox_.end());
    inbox_.clear();
    for (auto& hand : recruits_) hands_.push_back(std::move(hand));
    recruits_.clear();
    orders_ = state_;
    cancel = std::exchange(cancel_, false);
  }
  if (cancel) cancel_queue();
  if (orders_ == State::terminate)
    fail_all({});
  else if (is_complete())
    refill();
  return true;
}

// What has not been started.
void Workers::cancel_queue() {
  const auto queue = std::exchange(queue_, {});
  for (const Posted& posted : queue)
    for (std::size_t number = posted.first; number < posted.end; ++number) {
      settle(false);
      posted.job->cancel(number);
    }
}

// One task less; before anybody can see what has become of it.
void Workers::settle(bool started) noexcept {
  // relaxed: see start_one_if_needed()
  if (!is_complete()) outstanding_.fetch_sub(1, std::memory_order_relaxed);
  if (started) --started_;
}

void Workers::fail(const Task& task, std::exception_ptr error) noexcept {
  settle(task.started);
  task.job->fail(task.number, std::move(error));
}

// What no worker has.
void Workers::fail_queued(const std::function<std::exception_ptr()>& error) {
  const auto returned = std::exchange(returned_, {});
  const auto queue = std::exchange(queue_, {});
  for (const Task& task : returned) fail(task, error());
  for (const Posted& posted : queue)
    for (std::size_t number = posted.first; number < posted.end; ++number)
      fail({posted.job, number, false}, error());
}

// What the workers have, too: it is over.
void Workers::fail_all(std::optional<int> exitcode) {
  for (const auto& hand : hands_)
    for (const std::uint8_t slot : std::exchange(hand->given, {})) hand_back(hand->tasks[slot]);
  fail_queued([&] { return options_.broken(exitcode); });
}

bool Workers::is_idle() const noexcept {
  return queue_.empty() && returned_.empty() &&
         std::ranges::all_of(hands_, [](const auto& hand) { return hand->given.empty(); });
}

bool Workers::read_answers(Hand& hand) {
  if (hand.pending && push(hand, *hand.pending)) hand.pending.reset();
  std::size_t count = 0;
  for (; count < answers_at_once; ++count) {
    const auto piece = hand.answers->front();
    if (!piece) break;
    if (piece->first) take_handles(hand, Tag::decode(piece->tag).handles);
    if (piece->first && piece->last) {
      take_answer(hand, Tag::decode(piece->tag), piece->bytes);
      hand.answers->pop();
    } else if (hand.answers->pull(hand.incoming)) {
      take_answer(hand, Tag::decode(hand.incoming.tag),
                  std::as_bytes(std::span(hand.incoming.bytes)));
      hand.incoming = {};
    } else {
      break;
    }
  }
  if (count > 0) hand.since = clock::now();
  wakes_.flush();
  return count > 0;
}

// The open files that come with an answer; without them it is of no use.
void Workers::take_handles(Hand& hand, std::size_t count) {
  hand.received = {};
  if (count == 0) return;
  hand.received.error =
      v1::detail::caught([&] { hand.received.handles = hand.answers->take_handles(count); });
}

void Workers::take_answer(Hand& hand, Tag tag, std::span<const std::byte> bytes) {
  hand.slow = false;
  failed_starts_ = 0;
  if (tag.kind == static_cast<std::uint8_t>(Answer::ready)) {
    hand.ready = true;
    return;
  }
  const auto place = std::ranges::find(hand.given, tag.slot);
  if (place == hand.given.end()) return;  // it was given up
  hand.given.erase(place);
  const Task task = hand.tasks[tag.slot];
  hand.free.push_back(tag.slot);
  ++hand.answered;
  ++quick_;
  settle(task.started);
  auto error = std::move(hand.received.error);
  if (!error)
    error = v1::detail::caught([&] {
      pickle::Input input(bytes, std::move(hand.received.handles));
      const pickle::Input::Message message(input);
      read_answer(task, static_cast<Answer>(tag.kind), input);
    });
  if (error) task.job->fail(task.number, std::move(error));
}

void Workers::read_answer(const Task& task, Answer answer, pickle::Input& input) {
  if (answer == Answer::value) return task.job->decode(task.number, input, wakes_);
  if (answer == Answer::exception)
    return task.job->fail(task.number, pickle::decode_exception(input));
  auto reason = pickle::load<std::string>(input);
  auto value = pickle::load<std::string>(input);
  throw MaybeEncodingError(std::move(reason), std::move(value));
}

// ---- tasks for workers ----

bool Workers::deal() {
  bool dealt = false;
  start_ahead();
  if (returned_.empty() && queue_.empty()) return false;
  bool starved = false;
  for (const auto& hand : hands_) {
    hand->collect_free();
    starved |= hand->ready && hand->given.empty();
  }
  if (starved && quick_ >= enough_short_tasks) depth_ = std::min(2 * depth_, most_depth);
  while (Hand* hand = find_hand()) {
    const std::optional<Task> task = next_task();
    if (!task) break;
    give(*hand, *task);
    dealt = true;
  }
  return dealt;
}

// The one that has the least to do.
Workers::Hand* Workers::find_hand() {
  Hand* best = nullptr;
  for (const auto& hand : hands_)
    if (hand->may_have(depth_, options_.rules.max_tasks) &&
        (!best || hand->given.size() < best->given.size()))
      best = hand.get();
  return best;
}

std::optional<Workers::Task> Workers::next_task() {
  start_ahead();
  if (!returned_.empty()) {
    const Task task = returned_.front();
    returned_.pop_front();
    return task;
  }
  if (options_.started_ahead > 0) return {};  // only what counts as started
  return start_next();
}

// Takes tasks from the queue until there is one that somebody still wants.
std::optional<Workers::Task> Workers::start_next() {
  while (!queue_.empty()) {
    Posted& posted = queue_.front();
    const Task task{posted.job, posted.first++, true, turns_++};
    if (posted.first == posted.end) queue_.pop_front();
    if (task.job->start(task.number)) {
      ++started_;
      return task;
    }
    settle(false);
  }
  return {};
}

void Workers::start_ahead() {
  if (options_.started_ahead == 0) return;
  const std::size_t limit = depth_ == first_depth
                                ? options_.started_ahead
                                : std::max(options_.started_ahead, depth_ * hands_.size());
  while (started_ < limit) {
    const std::optional<Task> task = start_next();
    if (!task) return;
    returned_.push_back(*task);
  }
}

// What a worker had and has not begun, for others: before all younger ones.
void Workers::hand_back(const Task& task) {
  returned_.insert(std::ranges::upper_bound(returned_, task.turn, {}, &Task::turn), task);
}

void Workers::give(Hand& hand, const Task& task) {
  Parcel& parcel = *parcel_;
  parcel.output.clear();
  const std::uint8_t slot = hand.free.back();
  auto error = v1::detail::caught([&] {
    const pickle::Output::Message message(parcel.output);
    task.job->encode(task.number, parcel.output);
    parcel.seal({.kind = static_cast<std::uint8_t>(Request::task), .slot = slot});
  });
  if (error) return fail(task, std::move(error));
  hand.free.pop_back();
  hand.tasks[slot] = task;
  // relaxed: the message publishes it.
  hand.claim(slot).store(Claim::offered, std::memory_order_relaxed);
  if (hand.given.empty()) hand.since = clock::now();
  hand.given.push_back(slot);
  if (!push(hand, parcel)) hand.pending = std::exchange(parcel_, std::make_unique<Parcel>());
}

// Returns false iff there was no room for all of it.
bool Workers::push(Hand& hand, Parcel& parcel) {
  Outgoing& message = *parcel.message;
  if (hand.requests->push(message)) return true;
  if (message.error() == 0 || message.error() == EAGAIN) return false;
  if (hand.given.empty()) return true;          // it was taken back meanwhile
  const std::uint8_t slot = hand.given.back();  // its open files could not be sent
  hand.given.pop_back();
  hand.free.push_back(slot);
  fail(hand.tasks[slot], v1::detail::caught([&] { throw_os_error(message.error()); }));
  return true;
}

// Whether a worker has begun a long task while others could do what stands behind it.
bool Workers::take_back_from_slow() {
  const auto now = clock::now();
  bool taken = false;
  for (const auto& hand : hands_)
    if (is_holding_up(*hand) && now - hand->since >= long_task) {
      depth_ = first_depth;
      quick_ = 0;
      hand->slow = true;
      taken |= take_back(*hand);
    }
  return taken;
}

bool Workers::is_holding_up(const Hand& hand) const noexcept {
  if (hand.slow || hand.given.size() < 2) return false;
  return std::ranges::any_of(hands_, [&](const auto& other) {
    return other.get() != &hand && other->may_have(depth_, options_.rules.max_tasks);
  });
}

// What it has not begun, but for what it is about to begin: it will answer, and then it is slow no
// more. Returns whether there was something.
bool Workers::take_back(Hand& hand) {
  bool taken = false;
  for (std::size_t i = hand.given.size(); i > 1; --i) {
    const std::uint8_t slot = hand.given[i - 1];
    Claim expected = Claim::offered;
    // acq_rel pairs with the worker's: of this and its beginning, one comes first.
    if (!hand.claim(slot).compare_exchange_strong(expected, Claim::withdrawn,
                                                  std::memory_order_acq_rel))
      break;  // those before it have been begun, too
    hand.given.pop_back();
    hand.passing.push_back(slot);
    hand_back(hand.tasks[slot]);
    taken = true;
  }
  return taken;
}

// ---- workers that end ----

void Workers::look_for_dead() {
  for (const auto& hand : hands_)
    if (!hand->process.is_alive()) hand->dead = true;
}

bool Workers::bury_the_dead() {
  bool buried = false;
  for (std::size_t i = hands_.size(); i > 0; --i)
    if (hands_[i - 1]->dead) {
      bury(i - 1);
      buried = true;
    }
  return buried;
}

void Workers::bury(std::size_t index) {
  const std::unique_ptr<Hand> hand = std::move(hands_[index]);
  hands_.erase(hands_.begin() + static_cast<std::ptrdiff_t>(index));
  while (read_answers(*hand)) {
  }
  hand->process.join();
  const int exitcode = hand->process.exitcode().value_or(-1);
  {
    const std::scoped_lock guard(mutex_);
    std::erase(processes_, hand->process);
    alive_.fetch_sub(1, std::memory_order_relaxed);  // relaxed: see alive()
  }
  const auto& max_tasks = options_.rules.max_tasks;
  const bool breaks = !options_.rules.is_pool && !(max_tasks && hand->answered == *max_tasks);
  for (std::size_t i = hand->given.size(); i > 0; --i) {
    const std::uint8_t slot = hand->given[i - 1];
    // acquire pairs with the worker's; it is dead.
    const bool lost = hand->claim(slot).load(std::memory_order_acquire) == Claim::begun;
    if (lost && !breaks)
      fail(hand->tasks[slot], options_.lost(exitcode));
    else
      hand_back(hand->tasks[slot]);
  }
  if (breaks) return become_broken(exitcode);
  if (!hand->ready && ++failed_starts_ >= std::max(most_failed_starts, options_.workers)) {
    failed_starts_ = 0;  // they are started again when there is something to do
    return fail_queued([&] { return options_.broken(exitcode); });
  }
  refill();
}

// Of an executor: at the first death.
void Workers::become_broken(int exitcode) {
  {
    const std::scoped_lock guard(mutex_);
    state_ = orders_ = State::broken;
    for (const Posted& posted : std::exchange(inbox_, {})) queue_.push_back(posted);
  }
  fail_all(exitcode);
}

// As many workers as there should be: of a pool always, of an executor as long as it has tasks.
void Workers::refill() {
  if (orders_ == State::terminate || orders_ == State::broken) return;
  if (is_idle() && (orders_ == State::close || !options_.rules.is_pool)) return;
  while (hands_.size() < options_.workers) {
    const auto error = v1::detail::caught([&] { hands_.push_back(start_worker()); });
    if (!error) continue;
    if (hands_.empty()) fail_queued([&] { return error; });
    return;  // those that there are have to do
  }
}

void Workers::end() {
  {
    const std::scoped_lock guard(mutex_);
    ending_ = true;
    orders_ = state_;
    for (auto& hand : recruits_) hands_.push_back(std::move(hand));
    recruits_.clear();
  }
  const bool at_once = orders_ != State::close;
  for (const auto& hand : hands_) {
    hand->ending = true;
    if (at_once) {
      hand->process.terminate();
      continue;
    }
    Outgoing message({}, {}, Tag{.kind = static_cast<std::uint8_t>(Request::end)}.encode());
    hand->requests->send(message);
  }
  for (const auto& hand : hands_) hand->process.join();
  hands_.clear();
  const std::scoped_lock guard(mutex_);
  processes_.clear();
}

// ---- waiting ----

bool Workers::has_news() const noexcept {
  return news_.load(std::memory_order_seq_cst) || std::ranges::any_of(hands_, [](const auto& hand) {
           return hand->answers->ready() || (hand->pending && hand->requests->has_room());
         });
}

void Workers::sleep() {
  if (v1::detail::search(spin_, [this] { return has_news(); })) return;
  sleeping_.store(true, std::memory_order_seq_cst);
  if (arm_all()) poll_all();
  for (const auto& hand : hands_) {
    hand->answer_watch.reset();
    hand->room_watch.reset();
  }
  sleeping_.store(false, std::memory_order_seq_cst);
}

// Returns false iff there is something to do already.
bool Workers::arm_all() {
  polled_.clear();
  polled_.push_back({bell_.reader.get()});
  if (news_.load(std::memory_order_seq_cst)) return false;
  for (const auto& hand : hands_) {
    if (!hand->hung_up) {
      hand->answer_watch.emplace(*hand->answers);
      if (const auto outcome = hand->answer_watch->arm(std::exchange(hand->rang, false))) {
        if (*outcome == Outcome::done) return false;
        hand->hung_up = true;
        hand->process.kill();  // as good as dead, if it is not
      }
    }
    polled_.push_back({hand->hung_up ? hand->process.sentinel() : hand->answers->socket()});
    polled_.push_back({hand->process.sentinel()});
    if (!hand->pending || hand->hung_up) continue;
    hand->room_watch.emplace(*hand->requests);
    if (hand->room_watch->arm(true) == Outcome::done) return false;
  }
  // The sockets of those that have no room come last.
  for (const auto& hand : hands_)
    if (hand->room_watch) polled_.push_back({hand->requests->socket()});
  return true;
}

void Workers::poll_all() {
  std::optional<clock::time_point> until;
  for (const auto& hand : hands_)
    if (is_holding_up(*hand) && (!until || hand->since + long_task < *until))
      until = hand->since + long_task;
  platform::poll(polled_, until ? &*until : nullptr);
  if (polled_[0].ready) {
    char bytes[16];
    platform::read_at_once(bell_.reader.get(), bytes, sizeof bytes);
  }
  for (std::size_t i = 0; i < hands_.size(); ++i) {
    hands_[i]->rang = !hands_[i]->hung_up && polled_[2 * i + 1].ready;
    hands_[i]->dead |= polled_[2 * i + 2].ready;
  }
}

}  // namespace tandem::inline v1::multiprocessing::detail
