// For whom a thread of a manager's server works: a client, which may be killed while its call
// waits. What the call gets then is nobody's, so it goes back.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "tandem/core/export.hpp"

namespace tandem::inline v1::multiprocessing::detail {

// Of one thread, as long as it lives; used by that thread alone.
class TANDEM_API Caller {
 public:
  // How often a call that waits looks whether its client is still there.
  static constexpr std::chrono::milliseconds look_interval{500};

  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;
  virtual ~Caller();

  // That of this thread; null: it works for nobody.
  static Caller* current() noexcept;
  // How what a call has got goes back, should its reply not arrive: called by this thread then. The
  // last one counts. Nothing, where there is no caller.
  static void give_back_by(std::function<void()> act);
  // What this thread has from now on, and no other one could give back: it goes back when the
  // client's thread, or its process, is gone without having let go of it as often; at once, if that
  // cannot be noted down. Nothing, where there is no caller.
  using GiveBack = void (*)(void* what);
  static void hold(const std::shared_ptr<void>& what, GiveBack give_back);
  static void let_go(const std::shared_ptr<void>& what) noexcept;

  // Throws   BrokenPipeError (the client is gone).
  void check() const;
  // Its reply is on its way: nothing goes back any more.
  void keep() noexcept { give_back_ = nullptr; }
  bool has_taken() const noexcept { return static_cast<bool>(give_back_); }

 protected:
  Caller() noexcept;
  virtual bool is_gone() const noexcept = 0;
  void give_back() noexcept;

 private:
  struct Held {
    std::weak_ptr<void> what;
    GiveBack give_back;
  };

  std::function<void()> give_back_{};
  std::vector<Held> held_{};  // the latest last
};

}  // namespace tandem::inline v1::multiprocessing::detail
