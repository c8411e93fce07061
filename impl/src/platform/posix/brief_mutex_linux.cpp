// A word with the owner's number in it, and the kernel's robust list.
//
// The kernel frees what a dying thread has in its list, and the one word that it has said to be
// about to take or to free ("pending"). The C library puts each mutex in the list, and says so
// before and after. Here whoever has the word goes on saying so, which is two plain stores; only
// when it takes another one the outer one is put in the list meanwhile.
//
//      head ─► pending ──────────────────────► inner        head ─► pending ─► the only one
//           └► list ─► outer ─► the C library's                  └► list ─► the C library's
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <new>
#include <utility>

#include "platform/brief_mutex.hpp"
#include "platform/park.hpp"
#include "platform/thread.hpp"

namespace tandem::inline v1::platform {

namespace {

using Word = seam::atomic<std::uint32_t>;
using Taken = BriefMutex::Taken;

// Where its link to the next in the list is. The word stands as far before it as the C library says
// to the kernel: 32 bytes, 28 or 20 are known.
constexpr std::ptrdiff_t link_at = 32;

// The kernel acts on a thread as a signal handler of its does: what it is to see has to be written
// in the order of the program.
void in_this_order() noexcept { std::atomic_signal_fence(std::memory_order_seq_cst); }

// What the storage of a mutex holds beside its word.
struct Place {
  std::byte* storage;

  Word& word(std::ptrdiff_t at) const noexcept {
    return *std::launder(reinterpret_cast<Word*>(storage + at));
  }
  robust_list* link() const noexcept {
    return std::launder(reinterpret_cast<robust_list*>(storage + link_at));
  }
  // The one that its owner had before.
  robust_list*& outer() const noexcept {
    return *std::launder(reinterpret_cast<robust_list**>(storage + link_at + sizeof(robust_list)));
  }
};

// The C library's list for this thread, of which the kernel knows.
class Registration {
 public:
  std::uint32_t number() noexcept {
    if (number_ == 0) [[unlikely]]
      enroll();
    return number_;
  }
  std::ptrdiff_t word_at() const noexcept { return word_at_; }

  // Says that this one is about to be taken.
  void announce(robust_list* link) noexcept {
    if (innermost_) push(innermost_);
    say(link);
  }
  void has_taken(const Place& place) noexcept {
    place.outer() = std::exchange(innermost_, place.link());
  }
  void has_not_taken() noexcept { back_to(innermost_); }
  void has_given_back(robust_list* outer) noexcept { back_to(innermost_ = outer); }

  // While it sleeps with the one that it has, others may say something.
  robust_list* begin_sleep() noexcept {
    robust_list* const kept = std::exchange(innermost_, nullptr);
    if (kept) push(kept);
    say(nullptr);
    return kept;
  }
  void end_sleep(robust_list* kept) noexcept { back_to(innermost_ = kept); }

  // What its parent had is not its. (glibc empties the list, and nothing else.)
  void begin_in_child() noexcept {
    number_ = 0;
    innermost_ = nullptr;
    if (head_) head_->list_op_pending = nullptr;
  }

 private:
  void enroll() noexcept;
  bool find_list() noexcept;
  void push(robust_list* link) noexcept {
    link->next = head_->list.next;
    in_this_order();
    head_->list.next = link;
    in_this_order();
  }
  void say(robust_list* link) noexcept {
    head_->list_op_pending = link;
    in_this_order();
  }
  void back_to(robust_list* outer) noexcept {
    in_this_order();
    say(outer);
    if (outer) head_->list.next = outer->next;
  }

  robust_list_head* head_ = nullptr;
  // Of ours. What is pending may be what the C library could not have in time: it leaves that
  // there.
  robust_list* innermost_ = nullptr;
  std::ptrdiff_t word_at_ = 0;
  std::uint32_t number_ = 0;  // of the thread, as the kernel calls it; 0: not known
};

constinit thread_local Registration registration;
// Where the kernel has none, as in some emulators, nobody is freed. Nor is it by the C library.
constinit thread_local robust_list_head nobodys{};

bool Registration::find_list() noexcept {
  const auto ask = [this] {
    std::size_t size = 0;
    return ::syscall(SYS_get_robust_list, 0, &head_, &size) == 0 && head_;
  };
  if (ask()) return true;
  // musl tells the kernel of a thread's list when the thread takes its first robust mutex. (It also
  // puts the word elsewhere: those who disagreed about that would not exclude each other.)
  RobustMutex first;
  first.lock(nullptr);
  first.unlock();
  return ask();
}

void Registration::enroll() noexcept {
  const bool found = are_robust_mutexes_allowed() && find_list();
  if (found) word_at_ = link_at + head_->futex_offset;
  if (!found || word_at_ < 0 || word_at_ > link_at - std::ptrdiff_t{sizeof(Word)} ||
      word_at_ % std::ptrdiff_t{sizeof(Word)} != 0) {
    head_ = &nobodys;
    word_at_ = 0;
  }
  number_ = static_cast<std::uint32_t>(::syscall(SYS_gettid));
}

// Before anybody else's that is called in a child, and may take one.
[[gnu::constructor(101)]] void renew_in_children() {
  on_fork(nullptr, nullptr, [] { registration.begin_in_child(); });
}

// Takes the word if nobody has it. What is in it then is left in seen.
Taken take(Word& word, std::uint32_t mine, std::uint32_t& seen) noexcept {
  while ((seen & FUTEX_TID_MASK) == 0) {
    const bool died = (seen & FUTEX_OWNER_DIED) != 0;
    // acquire pairs with the store in unlock(), and with what the kernel does for the dead.
    if (word.compare_exchange_weak(seen, mine | (seen & FUTEX_WAITERS), std::memory_order_acquire,
                                   std::memory_order_relaxed))
      return died ? Taken::from_the_dead : Taken::yes;
  }
  return Taken::no;
}

// Returns whether there is time left.
bool sleep(const Word& word, std::uint32_t seen, seam::clock::duration at_most,
           const seam::clock::time_point* until) noexcept {
  const auto now = seam::clock::now();
  const auto when = until ? std::min(*until, now + at_most) : now + at_most;
  park_shared(word, seen, &when);
  return !until || seam::clock::now() < *until;
}

// Whoever says that he waits may say it too late for unlock() to see, and nobody wakes him: that is
// found out soon. Whoever has been woken, and is killed before he could say that others wait, keeps
// them no longer than that either.
constexpr std::chrono::milliseconds unheard(1), heard(100);

Taken take_or_sleep(Word& word, std::uint32_t number,
                    const seam::clock::time_point* until) noexcept {
  // Who has slept does not know who else does.
  for (std::uint32_t mine = number;; mine = number | FUTEX_WAITERS) {
    std::uint32_t seen = word.load(std::memory_order_relaxed);  // relaxed: the CAS decides
    if (const Taken taken = take(word, mine, seen); taken != Taken::no) return taken;
    const bool said = (seen & FUTEX_WAITERS) != 0;
    // relaxed: the kernel looks again.
    if (!said &&
        !word.compare_exchange_strong(seen, seen | FUTEX_WAITERS, std::memory_order_relaxed))
      continue;
    if (!sleep(word, seen | FUTEX_WAITERS, said ? heard : unheard, until)) {
      seen = word.load(std::memory_order_relaxed);  // relaxed: the CAS decides
      return take(word, number | FUTEX_WAITERS, seen);
    }
  }
}

}  // namespace

template <class Take>
Taken BriefMutex::taken(Take take_word) noexcept {
  const std::uint32_t number = registration.number();
  const Place place{storage_};
  registration.announce(place.link());
  const Taken taken = take_word(place.word(registration.word_at()), number);
  if (taken == Taken::no)
    registration.has_not_taken();
  else
    registration.has_taken(place);
  return taken;
}

Taken BriefMutex::try_lock() noexcept {
  return taken([](Word& word, std::uint32_t number) {
    std::uint32_t seen = 0;
    return take(word, number, seen);
  });
}

Taken BriefMutex::lock(const seam::clock::time_point* until) noexcept {
  return taken(
      [until](Word& word, std::uint32_t number) { return take_or_sleep(word, number, until); });
}

void BriefMutex::unlock() noexcept {
  const Place place{storage_};
  Word& word = place.word(registration.word_at());
  const std::uint32_t before = word.load(std::memory_order_relaxed);  // relaxed: we have it
  if ((before & FUTEX_TID_MASK) != registration.number()) return;  // the parent's: see the header
  robust_list* const outer = place.outer();
  in_this_order();
  // Not in one operation, which would have to wait for all stores before it: see `unheard`.
  // release pairs with the CAS in take().
  word.store(0, std::memory_order_release);
  // Whoever is killed before that: the kernel does it then.
  if ((before & FUTEX_WAITERS) != 0) unpark_shared(word, 1);
  registration.has_given_back(outer);
}

BriefMutex::Asleep::Asleep() noexcept
    : number_(registration.number()), kept_(registration.begin_sleep()) {}
BriefMutex::Asleep::~Asleep() {
  // A signal handler may have called fork(), and this be the child: then its parent has them.
  if (registration.number() == number_) registration.end_sleep(static_cast<robust_list*>(kept_));
}

}  // namespace tandem::inline v1::platform
