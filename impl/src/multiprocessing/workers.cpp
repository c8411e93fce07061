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

// Tasks that take less on the average are short ones: it pays to have more of them ahead.
constexpr auto long_task = std::chrono::milliseconds(1);
// So many are looked at.
constexpr std::size_t sample = 32;
// How long a task stands beside a worker that sleeps, before another one is woken: whoever was
// woken may be stopped.
constexpr auto patience = std::chrono::milliseconds(1);
// Tasks that stand on the board beside those that have been begun.
constexpr std::size_t most_ahead = 64;
// Read at once from one worker, before the others have their turn.
constexpr std::size_t answers_at_once = 64;
// Workers that die one after the other before they are ready: there will be no other ones.
constexpr std::size_t most_failed_starts = 3;
// How often the manager looks for dead workers while it does not sleep.
constexpr unsigned passes_without_a_look = 256;

std::exception_ptr lost_worker(int exitcode) {
  return std::make_exception_ptr(
      WorkerLostError("Worker exited prematurely: exitcode " + std::to_string(exitcode) + "."));
}

void signal_one(const Process& worker, bool kill) { kill ? worker.kill() : worker.terminate(); }

}  // namespace

// A message that a worker is given, with all that it consists of.
struct Workers::Parcel {
  pickle::Output output{pickle::Sharing::CONNECTION};
  std::vector<int> handles;  // the output's
  std::optional<Outgoing> message{};
  TaskBoard::Place place = 0;

  void seal(Tag tag) {
    place = tag.place;
    handles = output.descriptors();
    tag.handles = count_handles(handles);
    message.emplace(output.bytes(), std::span<const std::byte>(), tag.encode());
    message->carry(handles);
  }
};

// What stands on a place of the board.
struct Workers::Offer {
  std::optional<Task> task{};
  std::uint64_t turn = 0;            // its place among all
  std::unique_ptr<Parcel> parcel{};  // for whoever begins it
};

struct Workers::Hand {
  Hand(const Process& started, std::uint32_t its_number) : process(started), number(its_number) {}

  Process process;
  const std::uint32_t number;
  std::unique_ptr<RingWriter> requests;
  std::unique_ptr<RingReader> answers;
  Bed* bed = nullptr;

  std::size_t answered = 0;
  std::unique_ptr<Parcel> pending;  // there was no room for all of it
  Incoming incoming;                // of an answer in several pieces
  struct {
    std::vector<platform::Handle> handles{};
    std::exception_ptr error{};
  } received;  // with the answer
  bool ready = false;
  bool dead = false;
  bool hung_up = false;  // nothing comes any more: it is about to be dead
  bool rang = false;     // its answers' socket was readable
  std::optional<Watch> answer_watch, room_watch;
};

Workers::Workers(WorkersOptions options)
    : options_(std::move(options)),
      spares_a_processor_(std::cmp_greater(platform::usable_cpus(), options_.workers + 1)),
      parcel_(std::make_unique<Parcel>()) {
  const std::size_t places = std::min(options_.workers + most_ahead, TaskBoard::most_places);
  board_ = TaskBoard::create(places);
  offers_.resize(places);
  for (std::size_t place = places; place > 0; --place)
    free_.push_back(static_cast<TaskBoard::Place>(place - 1));
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
  const std::uint32_t number = take_number();
  const WorkerEnd end({.requests = std::move(requests.reader),
                       .answers = std::move(answers.writer),
                       .board = board_,
                       .number = number,
                       .rules = options_.rules});

  const Process process = options_.context.Process(ProcessOptions{.target = call(&work, end)});
  ProcessAccess::state(process)->is_worker = true;
  if (options_.rules.is_pool) {
    std::string name = process.name();
    if (const auto at = name.find("Process"); at != name.npos) name.replace(at, 7, "PoolWorker");
    process.name(std::move(name));
    process.daemon(true);
  }
  // What may fail comes before there is a child.
  std::list<Process> started{process};
  auto hand = std::make_unique<Hand>(process, number);
  hand->requests = std::move(requests.writer);
  hand->answers = std::move(answers.reader);
  hand->bed = &Bed::in(*memory);
  process.start();
  end.close();
  alive_.fetch_add(1, std::memory_order_relaxed);  // relaxed: see alive()
  const std::scoped_lock guard(mutex_);
  processes_.splice(processes_.end(), started);
  return hand;
}

// None that a worker has who may be alive: they come again after millions.
std::uint32_t Workers::take_number() {
  const std::scoped_lock guard(mutex_);
  if (next_number_ == TaskBoard::worker_end) next_number_ = 1;
  return next_number_++;
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
    dismiss_all();
    throw;
  }
  complete_.store(true, std::memory_order_release);  // pairs with the acquire in is_complete()
}

// There is no thread yet: it is as if none had been started.
void Workers::dismiss_all() {
  std::list<Process> started;
  {
    const std::scoped_lock guard(mutex_);
    recruits_.clear();
    started.swap(processes_);
    alive_.store(0, std::memory_order_relaxed);  // relaxed: see alive()
  }
  for (const Process& process : started) process.terminate();
  for (const Process& process : started) process.join();
}

void Workers::start_one_if_needed() {
  const std::scoped_lock starting(starting_);
  // relaxed: exact only in what matters: a task is taken off before its result can be seen.
  const std::size_t tasks = outstanding_.load(std::memory_order_relaxed) + 1;
  const std::size_t workers = alive();
  if (workers < options_.workers && workers < tasks) {
    try {
      {
        const std::scoped_lock guard(mutex_);
        recruits_.reserve(recruits_.size() + 1);  // what may fail comes before there is a worker
      }
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

Workers::State Workers::post(Job& job, std::size_t first, std::size_t end, Begun begun) {
  State state;
  {
    const std::scoped_lock guard(mutex_);
    state = state_;
    const bool goes_on = state == State::close && begun == Begun::before;
    if (state != State::run && !goes_on) return state;
    inbox_.push_back({&job, first, end});
    // relaxed: see start_one_if_needed()
    if (!is_complete()) outstanding_.fetch_add(end - first, std::memory_order_relaxed);
  }
  wake();
  return state;
}

Workers::State Workers::add(const std::shared_ptr<Feed>& feed) {
  const std::scoped_lock guard(mutex_);
  if (state_ == State::run) feeds_.push_back(feed);
  return state_;
}

void Workers::remove(const Feed& feed) noexcept {
  {
    const std::scoped_lock guard(mutex_);
    std::erase_if(feeds_, [&](const auto& other) { return other.get() == &feed; });
  }
  wake();
}

std::size_t Workers::window() const noexcept { return 2 * offers_.size(); }

void Workers::close(bool cancel) {
  {
    const std::scoped_lock guard(mutex_);
    if (state_ == State::run) state_ = State::close;
    cancel_ = cancel_ || cancel;
  }
  wake();
}

void Workers::terminate(bool kill) {
  std::unique_lock guard(mutex_);
  if (state_ != State::broken) state_ = State::terminate;
  kill_ = kill_ || kill;
  const bool ending = ending_;
  const auto feeds = std::exchange(feeds_, {});
  guard.unlock();
  ending ? signal_all(kill) : wake();
  for (const auto& feed : feeds) feed->end(terminated_error());
}

void Workers::signal_all(bool kill) {
  std::unique_lock guard(mutex_);
  const std::list<Process> processes = processes_;
  guard.unlock();
  for (const Process& process : processes) signal_one(process, kill);
}

void Workers::join() {
  std::unique_lock guard(mutex_);
  const std::optional<threading::Thread> thread = thread_;
  const auto feeds = feeds_;
  guard.unlock();
  for (const auto& feed : feeds) feed->go_to_the_end();
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
    if (orders_ != State::run && is_idle() && !is_fed_) break;
    if (!progress) sleep();
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
    is_fed_ = state_ == State::close && !feeds_.empty();
    cancel = std::exchange(cancel_, false);
  }
  if (cancel) cancel_queue();
  if (orders_ == State::terminate)
    fail_all({});
  else if (is_complete() || (hands_.empty() && !is_idle()))
    refill();  // the last one may have died after somebody has counted it
  return true;
}

// What has not been started.
void Workers::cancel_queue() {
  const auto queue = std::exchange(queue_, {});
  for (const Posted& posted : queue)
    for (std::size_t number = posted.first; number < posted.end; ++number) {
      settle();
      posted.job->cancel(number);
    }
}

// One task less; before anybody can see what has become of it.
void Workers::settle() noexcept {
  // relaxed: see start_one_if_needed()
  if (!is_complete()) outstanding_.fetch_sub(1, std::memory_order_relaxed);
}

void Workers::fail(const Task& task, std::exception_ptr error) noexcept {
  settle();
  task.job->fail(task.number, std::move(error));
}

// Those on the board, the oldest first.
//   begun  false: only those that nobody has begun
void Workers::fail_offers(bool begun, const Error& error) {
  std::vector<TaskBoard::Place> places;
  for (std::size_t i = 0; i < offers_.size(); ++i) {
    const auto place = static_cast<TaskBoard::Place>(i);
    if (offers_[i].task && (board_->withdraw(place) || begun)) places.push_back(place);
  }
  std::ranges::sort(places, {}, [this](auto place) { return offers_[place].turn; });
  for (const auto place : places) fail(take_off(place), error());
}

// What was not even started.
void Workers::fail_queue(const Error& error) {
  const auto queue = std::exchange(queue_, {});
  for (const Posted& posted : queue)
    for (std::size_t number = posted.first; number < posted.end; ++number)
      fail({posted.job, number}, error());
}

// What no worker has.
void Workers::fail_waiting(const Error& error) {
  fail_offers(false, error);
  fail_queue(error);
}

// It is over.
void Workers::fail_all(std::optional<int> exitcode) {
  const auto error = [&] { return options_.broken(exitcode); };
  fail_offers(true, error);
  fail_queue(error);
}

bool Workers::read_answers(Hand& hand) {
  if (hand.pending) send(hand, std::exchange(hand.pending, nullptr));
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
  failed_starts_ = 0;
  const auto answer = static_cast<WorkerAnswer>(tag.kind);
  if (answer == WorkerAnswer::ready) {
    hand.ready = true;
    return;
  }
  if (!has_begun(hand, tag.place)) return;  // it was given up
  if (answer == WorkerAnswer::asks) {
    --parcels_;
    return send(hand, std::exchange(offers_[tag.place].parcel, nullptr));
  }
  const Task task = take_off(tag.place);
  ++hand.answered;
  note_answer();
  settle();
  auto error = std::move(hand.received.error);
  if (!error)
    error = v1::detail::caught([&] {
      pickle::Input input(bytes, std::move(hand.received.handles));
      const pickle::Input::Message message(input);
      read_answer(task, answer, input);
    });
  if (error) task.job->fail(task.number, std::move(error));
}

void Workers::read_answer(const Task& task, WorkerAnswer answer, pickle::Input& input) {
  if (answer == WorkerAnswer::value) return task.job->decode(task.number, input, wakes_);
  if (answer == WorkerAnswer::exception)
    return task.job->fail(task.number, pickle::decode_exception(input));
  auto reason = pickle::load<std::string>(input);
  auto value = pickle::load<std::string>(input);
  throw MaybeEncodingError(std::move(reason), std::move(value));
}

bool Workers::has_begun(const Hand& hand, TaskBoard::Place place) const noexcept {
  return offers_[place].task && board_->is_begun_by(place, hand.number);
}

// Looks at the clock once for many.
void Workers::note_answer() {
  if (++answers_ % sample != 0) return;
  const auto now = clock::now();
  short_ = (now - counted_since_) * hands_.size() < sample * long_task;
  if (!short_) depth_ = 1;
  counted_since_ = now;
}

// ---- tasks for workers ----

bool Workers::deal() {
  if (queue_.empty()) return false;
  if (short_ && !board_->has_offers()) depth_ = std::min(2 * depth_, most_depth);
  bool dealt = false;
  while (!queue_.empty() && may_start()) {
    Posted& posted = queue_.front();
    const Task task{posted.job, posted.first++};
    if (posted.first == posted.end) queue_.pop_front();
    task.job->start(task.number) ? offer(task) : settle();  // else nobody wants it any more
    dealt = true;
  }
  return dealt;
}

bool Workers::may_start() const noexcept {
  if (free_.empty()) return false;
  const std::size_t hands = std::max<std::size_t>(hands_.size(), 1);
  if (parcels_ >= hands) return false;  // they take memory
  const std::size_t limit = options_.started_ahead;
  return limit == 0 || started_ < limit || (depth_ > 1 && started_ < depth_ * hands);
}

void Workers::offer(const Task& task) {
  Parcel& parcel = *parcel_;
  parcel.output.clear();
  const TaskBoard::Place place = free_.back();
  bool fits = false;
  auto error = v1::detail::caught([&] {
    const pickle::Output::Message message(parcel.output);
    task.job->encode(task.number, parcel.output);
    parcel.seal({.kind = static_cast<std::uint8_t>(WorkerRequest::task), .place = place});
    fits = parcel.handles.empty() && parcel.output.bytes().size() <= TaskBoard::most_bytes;
  });
  if (error) return fail(task, std::move(error));
  free_.pop_back();
  ++started_;
  Offer& offer = offers_[place];
  offer.task = task;
  offer.turn = turns_++;
  if (fits) {
    board_->offer(place, parcel.output.bytes());
  } else {
    ++parcels_;
    offer.parcel = std::exchange(parcel_, std::make_unique<Parcel>());
    board_->offer(place, {});
  }
  wake_one();
}

// The place is free.
Workers::Task Workers::take_off(TaskBoard::Place place) noexcept {
  Offer& offer = offers_[place];
  if (std::exchange(offer.parcel, nullptr)) --parcels_;
  --started_;
  free_.push_back(place);
  return *std::exchange(offer.task, {});
}

bool Workers::is_anybody_asleep() const noexcept {
  // relaxed: who has found nothing to do looked after the last offer, or is still to be seen.
  return std::ranges::any_of(
      hands_, [](const auto& hand) { return hand->bed->asleep.load(std::memory_order_relaxed); });
}

// Of those that have found nothing to do.
void Workers::wake_one() {
  for (const auto& hand : hands_) {
    // seq_cst with the worker: either it sees the task, or this sees it sleep.
    if (!hand->bed->asleep.load(std::memory_order_seq_cst)) continue;
    if (!hand->bed->asleep.exchange(false, std::memory_order_seq_cst)) continue;
    Outgoing message({}, {}, Tag{.kind = static_cast<std::uint8_t>(WorkerRequest::look)}.encode());
    hand->requests->push(message);  // there is room: it has read all that was there
    return;
  }
}

// What was too long for the board.
void Workers::send(Hand& hand, std::unique_ptr<Parcel> parcel) {
  Outgoing& message = *parcel->message;
  if (hand.requests->push(message)) return;
  if (message.error() == 0 || message.error() == EAGAIN) {
    hand.pending = std::move(parcel);
    return;
  }
  // Its open files could not be sent.
  Outgoing instead({}, {},
                   Tag{.kind = static_cast<std::uint8_t>(WorkerRequest::not_sent)}.encode());
  hand.requests->push(instead);
  if (has_begun(hand, parcel->place))
    fail(take_off(parcel->place), v1::detail::caught([&] { throw_os_error(message.error()); }));
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
  const bool breaks = options_.breaks && !(max_tasks && hand->answered == *max_tasks);
  if (!breaks)
    for (std::size_t place = 0; place < offers_.size(); ++place)
      if (has_begun(*hand, static_cast<TaskBoard::Place>(place)))
        fail(take_off(static_cast<TaskBoard::Place>(place)), lost_worker(exitcode));
  if (breaks) return become_broken(exitcode);
  if (!hand->ready && ++failed_starts_ >= std::max(most_failed_starts, options_.workers)) {
    failed_starts_ = 0;  // they are started again when there is something to do
    return fail_waiting([&] { return options_.broken(exitcode); });
  }
  refill();
}

void Workers::become_broken(int exitcode) {
  {
    const std::scoped_lock guard(mutex_);
    if (state_ != State::terminate) state_ = State::broken;  // that is why it has died
    orders_ = state_;
    for (const Posted& posted : std::exchange(inbox_, {})) queue_.push_back(posted);
  }
  fail_all(exitcode);
}

// As many workers as there should be: of a pool always, of an executor as long as it has tasks.
void Workers::refill() {
  if (orders_ == State::terminate || orders_ == State::broken) return;
  if (is_idle() && (orders_ == State::close || !options_.rules.is_pool)) return;
  while (alive() < options_.workers) {
    const auto error = v1::detail::caught([&] {
      hands_.reserve(hands_.size() + 1);
      hands_.push_back(start_worker());
    });
    if (!error) continue;
    if (hands_.empty()) fail_waiting([&] { return error; });
    return;  // those that there are have to do
  }
}

void Workers::end() {
  bool kill;
  {
    const std::scoped_lock guard(mutex_);
    ending_ = true;
    orders_ = state_;
    for (auto& hand : recruits_) hands_.push_back(std::move(hand));
    recruits_.clear();
    kill = kill_;
  }
  const bool at_once = orders_ != State::close;
  for (const auto& hand : hands_) {
    if (at_once) {
      signal_one(hand->process, kill);
      continue;
    }
    Outgoing message({}, {}, Tag{.kind = static_cast<std::uint8_t>(WorkerRequest::end)}.encode());
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
  if (board_->has_offers() && is_anybody_asleep()) until = clock::now() + patience;
  platform::poll(polled_, until ? &*until : nullptr);
  if (until && clock::now() >= *until) wake_one();
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
