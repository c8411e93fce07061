// asyncio.LifoQueue: last in, first out.
#pragma once
#include <cstddef>
#include <string>
#include <utility>

#include "tandem/asyncio/queue.hpp"

namespace tandem::inline v1::asyncio {

// A stack between tasks: a Queue whose newest item leaves first. All else is as in Queue.
// Spec     asyncio.lifo-queue
template <class T>
class LifoQueue : public Queue<T> {
 public:
  using Queue<T>::Queue;

 private:
  void store(T&& item) override { items_.put(std::move(item)); }
  T take() override { return items_.take(); }
  void drop_all() noexcept override { items_.clear(); }
  std::size_t size() const noexcept override { return items_.size(); }
  std::string items_text() const override { return detail::items_repr(items_); }
  const char* name() const noexcept override { return "LifoQueue"; }

  detail::Pile<T, detail::Stack<T>> items_;
};

}  // namespace tandem::inline v1::asyncio
