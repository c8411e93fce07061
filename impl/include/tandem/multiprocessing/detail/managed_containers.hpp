// What a manager's server holds behind the proxies of lists, dicts and the like. Their methods are
// called by several threads at once.
#pragma once
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <functional>
#include <iterator>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tandem/core/exceptions.hpp"
#include "tandem/core/mutex.hpp"
#include "tandem/core/value_repr.hpp"
#include "tandem/multiprocessing/detail/held.hpp"

namespace tandem::inline v1::multiprocessing::detail {

// The place of Python's index, which counts from the end where it is negative.
// Throws   IndexError with this text.
inline std::size_t place_of(std::ptrdiff_t index, std::size_t size, const char* otherwise) {
  const auto count = static_cast<std::ptrdiff_t>(size);
  if (index < 0) index += count;
  if (index < 0 || index >= count) throw IndexError(otherwise);
  return static_cast<std::size_t>(index);
}
// The place of an end of a slice.
inline std::ptrdiff_t slice_end(std::ptrdiff_t index, std::size_t size) {
  const auto count = static_cast<std::ptrdiff_t>(size);
  return std::clamp<std::ptrdiff_t>(index < 0 ? index + count : index, 0, count);
}

template <class T>
class ManagedList {
 public:
  explicit ManagedList(std::vector<T> values = {}) : values_(std::move(values)) {}

  void append(T value) {
    const std::scoped_lock guard(mutex_);
    values_.push_back(std::move(value));
  }
  void extend(std::vector<T> values) {
    const std::scoped_lock guard(mutex_);
    for (auto&& value : values) values_.push_back(std::move(value));
  }
  void insert(std::ptrdiff_t index, T value) {
    const std::scoped_lock guard(mutex_);
    values_.insert(values_.begin() + slice_end(index, values_.size()), std::move(value));
  }
  T get(std::ptrdiff_t index) const {
    const std::scoped_lock guard(mutex_);
    return values_[place_of(index, values_.size(), "list index out of range")];
  }
  void set(std::ptrdiff_t index, T value) {
    const std::scoped_lock guard(mutex_);
    values_[place_of(index, values_.size(), "list assignment index out of range")] =
        std::move(value);
  }
  void erase(std::ptrdiff_t index) {
    const std::scoped_lock guard(mutex_);
    take(place_of(index, values_.size(), "list assignment index out of range"));
  }
  T pop(std::ptrdiff_t index) {
    const std::scoped_lock guard(mutex_);
    if (values_.empty()) throw IndexError("pop from empty list");
    return take(place_of(index, values_.size(), "pop index out of range"));
  }
  void remove(const T& value) {
    const std::scoped_lock guard(mutex_);
    const auto found = find(value);
    if (found == values_.size()) throw ValueError("list.remove(x): x not in list");
    take(found);
  }
  std::size_t index(const T& value) const {
    const std::scoped_lock guard(mutex_);
    const auto found = find(value);
    if (found == values_.size()) throw ValueError(value_repr(value) + " is not in list");
    return found;
  }
  std::size_t count(const T& value) const {
    const std::scoped_lock guard(mutex_);
    std::size_t found = 0;
    for (const auto& each : values_) found += is_same(each, value);
    return found;
  }
  bool contains(const T& value) const { return count(value) != 0; }
  std::size_t size() const {
    const std::scoped_lock guard(mutex_);
    return values_.size();
  }
  void reverse() {
    const std::scoped_lock guard(mutex_);
    std::reverse(values_.begin(), values_.end());
  }
  void sort(bool descending) {
    const std::scoped_lock guard(mutex_);
    if constexpr (requires(const T& a, const T& b) { a < b; }) {
      std::list<T> sorted(std::move_iterator(values_.begin()), std::move_iterator(values_.end()));
      if (descending)
        sorted.sort([](const T& a, const T& b) { return b < a; });
      else
        sorted.sort([](const T& a, const T& b) { return a < b; });
      values_.assign(std::move_iterator(sorted.begin()), std::move_iterator(sorted.end()));
    }
  }
  void multiply(std::ptrdiff_t times) {
    const std::scoped_lock guard(mutex_);
    const std::vector<T> once = values_;
    values_.clear();
    for (; times > 0; --times) values_.insert(values_.end(), once.begin(), once.end());
  }
  std::vector<T> slice(std::optional<std::ptrdiff_t> start,
                       std::optional<std::ptrdiff_t> stop) const {
    const std::scoped_lock guard(mutex_);
    const auto first = slice_end(start.value_or(0), values_.size());
    const auto end = stop ? slice_end(*stop, values_.size()) : std::ssize(values_);
    if (end <= first) return {};
    return std::vector<T>(values_.begin() + first, values_.begin() + end);
  }

  std::string repr() const {
    const std::scoped_lock guard(mutex_);
    return value_repr(values_);
  }

 private:
  static bool is_same([[maybe_unused]] const T& a, [[maybe_unused]] const T& b) {
    if constexpr (std::equality_comparable<T>)
      return a == b;
    else
      return false;
  }
  std::size_t find(const T& value) const {
    std::size_t place = 0;
    while (place < values_.size() && !is_same(values_[place], value)) ++place;
    return place;
  }
  T take(std::size_t place) {
    const auto at = values_.begin() + static_cast<std::ptrdiff_t>(place);
    T value = std::move(*at);
    values_.erase(at);
    return value;
  }

  mutable v1::detail::Mutex mutex_;
  std::vector<T> values_;  // guarded by mutex_
};

template <class K>
concept Hashable = requires(const K& key) {
  { std::hash<K>()(key) } -> std::convertible_to<std::size_t>;
};

// In the order in which the keys came, as Python's.
template <class K, class V>
class ManagedDict {
 public:
  using Item = std::pair<K, V>;
  using Items = std::vector<Item>;

  explicit ManagedDict(const Items& items = {}) { update(items); }

  V get(const K& key) const {
    const std::scoped_lock guard(mutex_);
    if (const auto at = find(key)) return (*at)->second;
    throw missing(key);
  }
  std::optional<V> find_value(const K& key) const {
    const std::scoped_lock guard(mutex_);
    if (const auto at = find(key)) return (*at)->second;
    return std::nullopt;
  }
  void set(const K& key, V value) {
    const std::scoped_lock guard(mutex_);
    put(key, std::move(value));
  }
  void erase(const K& key) { pop(key); }
  V pop(const K& key) {
    if (auto value = take_value(key)) return std::move(*value);
    throw missing(key);
  }
  std::optional<V> take_value(const K& key) {
    const std::scoped_lock guard(mutex_);
    const auto at = find(key);
    if (!at) return std::nullopt;
    return std::optional<V>(take(*at).second);
  }
  Item popitem() {
    const std::scoped_lock guard(mutex_);
    if (items_.empty()) throw KeyError("popitem(): dictionary is empty");
    return take(std::prev(items_.end()));
  }
  V setdefault(const K& key, V value) {
    const std::scoped_lock guard(mutex_);
    if (const auto at = find(key)) return (*at)->second;
    put(key, value);
    return value;
  }
  void update(const Items& items) {
    const std::scoped_lock guard(mutex_);
    for (const auto& [key, value] : items) put(key, value);
  }
  void clear() {
    const std::scoped_lock guard(mutex_);
    places_.clear();
    items_.clear();
  }
  bool contains(const K& key) const {
    const std::scoped_lock guard(mutex_);
    return find(key).has_value();
  }
  std::size_t size() const {
    const std::scoped_lock guard(mutex_);
    return items_.size();
  }
  Items items() const {
    const std::scoped_lock guard(mutex_);
    return Items(items_.begin(), items_.end());
  }
  std::vector<K> keys() const {
    const std::scoped_lock guard(mutex_);
    std::vector<K> keys;
    for (const auto& item : items_) keys.push_back(item.first);
    return keys;
  }
  std::vector<V> values() const {
    const std::scoped_lock guard(mutex_);
    std::vector<V> values;
    for (const auto& item : items_) values.push_back(item.second);
    return values;
  }

  std::string repr() const {
    const std::scoped_lock guard(mutex_);
    std::string text = "{";
    for (const auto& [key, value] : items_)
      append_joined(text, value_repr(key) + ": " + value_repr(value));
    return text + "}";
  }

 private:
  using Place = typename std::list<Item>::iterator;
  using Places =
      typename std::conditional_t<Hashable<K>, std::type_identity<std::unordered_map<K, Place>>,
                                  std::type_identity<std::map<K, Place>>>::type;

  static KeyError missing(const K& key) {
    if constexpr (std::same_as<K, std::string>)
      return KeyError(key);
    else
      return KeyError(value_repr(key));
  }
  std::optional<Place> find(const K& key) const {
    const auto found = places_.find(key);
    return found == places_.end() ? std::nullopt : std::optional(found->second);
  }
  void put(const K& key, V value) {
    if (const auto at = find(key)) {
      (*at)->second = std::move(value);
    } else {
      items_.emplace_back(key, std::move(value));
      places_.emplace(key, std::prev(items_.end()));
    }
  }
  Item take(Place at) {
    Item item = std::move(*at);
    places_.erase(item.first);
    items_.erase(at);
    return item;
  }

  mutable v1::detail::Mutex mutex_;
  std::list<Item> items_{};  // guarded by mutex_
  Places places_{};          // guarded by mutex_
};

// The typecode of Python's array module; "?" where it has none.
template <class T>
constexpr const char* typecode() {
  if constexpr (std::is_same_v<T, char> || std::is_same_v<T, signed char>)
    return "b";
  else if constexpr (std::is_same_v<T, unsigned char>)
    return "B";
  else if constexpr (std::is_same_v<T, short>)
    return "h";
  else if constexpr (std::is_same_v<T, unsigned short>)
    return "H";
  else if constexpr (std::is_same_v<T, int>)
    return "i";
  else if constexpr (std::is_same_v<T, unsigned>)
    return "I";
  else if constexpr (std::is_same_v<T, long>)
    return "l";
  else if constexpr (std::is_same_v<T, unsigned long>)
    return "L";
  else if constexpr (std::is_same_v<T, long long>)
    return "q";
  else if constexpr (std::is_same_v<T, unsigned long long>)
    return "Q";
  else if constexpr (std::is_same_v<T, float>)
    return "f";
  else if constexpr (std::is_same_v<T, double>)
    return "d";
  else
    return "?";
}

template <class T>
class ManagedValue {
 public:
  explicit ManagedValue(T value = {}) : value_(std::move(value)) {}
  T get() const {
    const std::scoped_lock guard(mutex_);
    return value_;
  }
  void set(T value) {
    const std::scoped_lock guard(mutex_);
    value_ = std::move(value);
  }
  std::string repr() const {
    return "Value(" + string_repr(typecode<T>()) + ", " + value_repr(get()) + ")";
  }

 private:
  mutable v1::detail::Mutex mutex_;
  T value_;  // guarded by mutex_
};

template <class T>
class ManagedArray {
 public:
  explicit ManagedArray(std::vector<T> values = {}) : values_(std::move(values)) {}
  T get(std::ptrdiff_t index) const {
    const std::scoped_lock guard(mutex_);
    return values_[place_of(index, values_.size(), "array index out of range")];
  }
  void set(std::ptrdiff_t index, T value) {
    const std::scoped_lock guard(mutex_);
    values_[place_of(index, values_.size(), "array assignment index out of range")] =
        std::move(value);
  }
  std::vector<T> values() const {
    const std::scoped_lock guard(mutex_);
    return values_;
  }
  // Never changes.
  std::size_t size() const { return values().size(); }
  std::string repr() const {
    const auto all = values();
    const std::string code = string_repr(typecode<T>());
    return all.empty() ? "array(" + code + ")" : "array(" + code + ", " + value_repr(all) + ")";
  }

 private:
  mutable v1::detail::Mutex mutex_;
  std::vector<T> values_;  // guarded by mutex_
};

class TANDEM_API ManagedNamespace {
 public:
  explicit ManagedNamespace(std::map<std::string, Held> attributes = {});
  // Throws   AttributeError.
  Held get(const std::string& name) const;
  void set(const std::string& name, Held value);
  void del(const std::string& name);
  std::string repr() const;

 private:
  mutable v1::detail::Mutex mutex_;
  std::map<std::string, Held> attributes_;  // guarded by mutex_
};

}  // namespace tandem::inline v1::multiprocessing::detail
