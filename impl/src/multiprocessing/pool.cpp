#include "tandem/multiprocessing/pool.hpp"

#include <exception>
#include <string>
#include <utility>

#include "multiprocessing/finalizer.hpp"
#include "multiprocessing/workers.hpp"
#include "platform/cpu.hpp"
#include "tandem/core/exceptions.hpp"

namespace tandem::inline v1::multiprocessing {

namespace {

std::exception_ptr no_workers(std::optional<int> exitcode) {
  if (!exitcode) return detail::terminated_error();
  return std::make_exception_ptr(WorkerLostError("Workers end before they are ready: exitcode " +
                                                 std::to_string(*exitcode) + "."));
}

detail::WorkersOptions options_of(PoolOptions&& given) {
  const int processes = given.processes.value_or(platform::usable_cpus());
  if (processes < 1) throw ValueError("Number of processes must be at least 1");
  if (given.maxtasksperchild && *given.maxtasksperchild < 1)
    throw ValueError("maxtasksperchild must be a positive int or None");
  return {
      .workers = static_cast<std::size_t>(processes),
      .context = given.context ? *given.context : get_context(),
      .rules = {.is_pool = true,
                .max_tasks = given.maxtasksperchild,
                .initializer = std::move(given.initializer)},
      .broken = &no_workers,
  };
}

}  // namespace

MaybeEncodingError::MaybeEncodingError(std::string exc, std::string value)
    : std::runtime_error("Error sending result: '" + value + "'. Reason: '" + exc + "'"),
      texts_(std::make_shared<const Texts>(Texts{std::move(exc), std::move(value)})) {}

// At exit a pool that nobody has ended is terminated.
struct Pool::Running {
  explicit Running(PoolOptions&& options)
      : workers(std::make_shared<detail::Workers>(options_of(std::move(options)))) {
    workers->start_all();
  }
  ~Running() {
    if (workers->is_elsewhere()) return;
    workers->terminate();
    workers->join();
  }

  const std::shared_ptr<detail::Workers> workers;
  const detail::Finalizer finalizer{15, [this] {
                                      workers->terminate();
                                      workers->join();
                                    }};
};

Pool::Pool(PoolOptions options) : running_(std::make_unique<Running>(std::move(options))) {}
Pool::Pool(Pool&&) noexcept = default;
Pool& Pool::operator=(Pool&&) noexcept = default;
Pool::~Pool() = default;

void Pool::check_running() const {
  if (running_->workers->state() != detail::Workers::State::run)
    throw ValueError("Pool not running");
}

void Pool::check_imap(std::size_t chunksize) const {
  check_running();
  if (chunksize < 1) throw ValueError("Chunksize must be 1+, not 0");
}

std::size_t Pool::workers() const noexcept { return running_->workers->size(); }
bool Pool::spares_a_processor() const noexcept { return running_->workers->spares_a_processor(); }

void Pool::post(detail::Job& job, std::size_t tasks) {
  if (running_->workers->post(job, 0, tasks) != detail::Workers::State::run)
    throw ValueError("Pool not running");
}

void Pool::feed(const std::shared_ptr<detail::Feed>& feed, detail::Job& job,
                std::optional<std::size_t> buffersize) {
  feed->start(feed, job, running_->workers, buffersize);
}

void Pool::close() { running_->workers->close(); }

void Pool::terminate() {
  running_->workers->terminate();
  running_->workers->join();
}

void Pool::join() {
  if (running_->workers->state() == detail::Workers::State::run)
    throw ValueError("Pool is still running");
  running_->workers->join();
}

std::string to_string(const Pool& pool) {
  const detail::Workers& workers = *pool.running_->workers;
  const char* const names[] = {"RUN", "CLOSE", "TERMINATE", "TERMINATE"};
  return "<multiprocessing.pool.Pool state=" +
         std::string(names[static_cast<std::size_t>(workers.state())]) +
         " pool_size=" + std::to_string(workers.size()) + ">";
}

}  // namespace tandem::inline v1::multiprocessing
