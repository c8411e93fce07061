// The proxies of a SyncManager's lists, dicts, values, arrays and namespaces.
#pragma once
#include <cstddef>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "tandem/core/exceptions.hpp"
#include "tandem/multiprocessing/detail/managed_containers.hpp"
#include "tandem/multiprocessing/proxy.hpp"

namespace tandem::inline v1::multiprocessing::detail {

template <class T, class L = ManagedList<T>>
using ListProxyBase =
    managers::Proxy<L, &L::append, &L::extend, &L::insert, &L::get, &L::set, &L::erase, &L::pop,
                    &L::remove, &L::index, &L::count, &L::contains, &L::size, &L::reverse, &L::sort,
                    &L::multiply, &L::slice>;
template <class K, class V, class D = ManagedDict<K, V>>
using DictProxyBase =
    managers::Proxy<D, &D::get, &D::find_value, &D::set, &D::erase, &D::pop, &D::take_value,
                    &D::popitem, &D::setdefault, &D::update, &D::clear, &D::contains, &D::size,
                    &D::items, &D::keys, &D::values>;
template <class T, class V = ManagedValue<T>>
using ValueProxyBase = managers::Proxy<V, &V::get, &V::set>;
template <class T, class A = ManagedArray<T>>
using ArrayProxyBase = managers::Proxy<A, &A::get, &A::set, &A::values, &A::size>;
using NamespaceProxyBase = managers::Proxy<ManagedNamespace, &ManagedNamespace::get,
                                           &ManagedNamespace::set, &ManagedNamespace::del>;

}  // namespace tandem::inline v1::multiprocessing::detail

namespace tandem::inline v1::multiprocessing::managers {

// Something in a list or dict of a server: read where a value is asked for, written by =; += and
// its like do both, which for all others is two steps. For `auto` and for methods of the value
// there is get().
// Spec     multiprocessing.managers.item.augmented
template <class Proxy, class Key, class T>
class ItemReference {
 public:
  ItemReference(const Proxy& proxy, Key key) : proxy_(proxy), key_(std::move(key)) {}
  operator T() const { return proxy_.get(key_); }
  const ItemReference& operator=(const T& value) const {
    proxy_.set(key_, value);
    return *this;
  }
  template <class U>
  requires requires(T& value, const U& by) { value += by; }
  const ItemReference& operator+=(const U& by) const {
    return changed([&](T& value) { value += by; });
  }
  template <class U>
  requires requires(T& value, const U& by) { value -= by; }
  const ItemReference& operator-=(const U& by) const {
    return changed([&](T& value) { value -= by; });
  }
  template <class U>
  requires requires(T& value, const U& by) { value *= by; }
  const ItemReference& operator*=(const U& by) const {
    return changed([&](T& value) { value *= by; });
  }
  template <class U>
  requires requires(T& value, const U& by) { value /= by; }
  const ItemReference& operator/=(const U& by) const {
    return changed([&](T& value) { value /= by; });
  }
  template <class U>
  requires requires(T& value, const U& by) { value %= by; }
  const ItemReference& operator%=(const U& by) const {
    return changed([&](T& value) { value %= by; });
  }
  template <class U>
  requires requires(T& value, const U& by) { value |= by; }
  const ItemReference& operator|=(const U& by) const {
    return changed([&](T& value) { value |= by; });
  }
  template <class U>
  requires requires(T& value, const U& by) { value &= by; }
  const ItemReference& operator&=(const U& by) const {
    return changed([&](T& value) { value &= by; });
  }
  template <class U>
  requires requires(T& value, const U& by) { value ^= by; }
  const ItemReference& operator^=(const U& by) const {
    return changed([&](T& value) { value ^= by; });
  }
  template <class U>
  requires requires(T& value, const U& by) { value <<= by; }
  const ItemReference& operator<<=(const U& by) const {
    return changed([&](T& value) { value <<= by; });
  }
  template <class U>
  requires requires(T& value, const U& by) { value >>= by; }
  const ItemReference& operator>>=(const U& by) const {
    return changed([&](T& value) { value >>= by; });
  }
  friend std::ostream& operator<<(std::ostream& out, const ItemReference& item) {
    return out << T(item);
  }

 private:
  template <class F>
  const ItemReference& changed(F change) const {
    T value = proxy_.get(key_);
    change(value);
    return *this = value;
  }

  const Proxy& proxy_;
  Key key_;
};

// A list in a server. An index below zero counts from the end. Each method is one step for all who
// use the list; `list[0] += 1` is two.
// Throws   IndexError, ValueError with Python's texts.
// Spec     multiprocessing.managers.list
template <class T>
class ListProxy : public detail::ListProxyBase<T> {
  using Base = detail::ListProxyBase<T>;
  using L = detail::ManagedList<T>;

 public:
  using value_type = T;
  explicit ListProxy(typename Base::Lease lease) noexcept : Base(std::move(lease), "ListProxy") {}

  ItemReference<ListProxy, std::ptrdiff_t, T> operator[](std::ptrdiff_t index) const {
    return {*this, index};
  }
  T get(std::ptrdiff_t index) const { return this->template call<&L::get>(index); }
  void set(std::ptrdiff_t index, const T& value) const {
    this->template call<&L::set>(index, value);
  }
  // Python's del list[index].
  void erase(std::ptrdiff_t index) const { this->template call<&L::erase>(index); }
  // Python's list[start:stop]: a copy.
  std::vector<T> slice(std::optional<std::ptrdiff_t> start = {},
                       std::optional<std::ptrdiff_t> stop = {}) const {
    return this->template call<&L::slice>(start, stop);
  }
  // All of it: a copy.
  std::vector<T> values() const { return slice(); }
  std::vector<T> _getvalue() const { return slice(); }

  std::size_t size() const { return this->template call<&L::size>(); }
  bool empty() const { return size() == 0; }
  void append(const T& value) const { this->template call<&L::append>(value); }
  void extend(const std::vector<T>& values) const { this->template call<&L::extend>(values); }
  void insert(std::ptrdiff_t index, const T& value) const {
    this->template call<&L::insert>(index, value);
  }
  T pop(std::ptrdiff_t index = -1) const { return this->template call<&L::pop>(index); }
  void remove(const T& value) const requires std::equality_comparable<T> {
    this->template call<&L::remove>(value);
  }
  std::size_t index(const T& value) const requires std::equality_comparable<T> {
    return this->template call<&L::index>(value);
  }
  std::size_t count(const T& value) const requires std::equality_comparable<T> {
    return this->template call<&L::count>(value);
  }
  // Python's `value in list`.
  bool contains(const T& value) const requires std::equality_comparable<T> {
    return this->template call<&L::contains>(value);
  }
  void reverse() const { this->template call<&L::reverse>(); }
  void sort(bool reverse = false) const requires requires(const T& a, const T& b) { a < b; }
  { this->template call<&L::sort>(reverse); }

  const ListProxy& operator+=(const std::vector<T>& values) const {
    extend(values);
    return *this;
  }
  const ListProxy& operator*=(std::ptrdiff_t times) const {
    this->template call<&L::multiply>(times);
    return *this;
  }
  friend std::vector<T> operator+(const ListProxy& list, const std::vector<T>& values) {
    std::vector<T> all = list.values();
    all.insert(all.end(), values.begin(), values.end());
    return all;
  }

  // One after the other, each asked for when it is its turn, as Python does.
  class iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;

    iterator() = default;
    const T& operator*() const { return *value_; }
    iterator& operator++() {
      load();
      return *this;
    }
    void operator++(int) { load(); }
    bool operator==(std::default_sentinel_t) const { return !value_; }

   private:
    friend ListProxy;
    explicit iterator(const ListProxy& list) : list_(&list) { load(); }
    void load() {
      try {
        value_.emplace(list_->get(next_++));
      } catch (const IndexError&) {
        value_.reset();
      }
    }
    const ListProxy* list_ = nullptr;
    std::ptrdiff_t next_ = 0;
    std::optional<T> value_{};
  };
  iterator begin() const { return iterator(*this); }
  std::default_sentinel_t end() const { return {}; }

  static ListProxy unpickle(v1::pickle::Input& input) { return ListProxy(Base::load(input)); }
};

// A dict in a server, in the order in which the keys came. Each method is one step for all who use
// the dict.
// Throws   KeyError.
// Spec     multiprocessing.managers.dict
template <class K, class V>
class DictProxy : public detail::DictProxyBase<K, V> {
  using Base = detail::DictProxyBase<K, V>;
  using D = detail::ManagedDict<K, V>;

 public:
  using Items = std::vector<std::pair<K, V>>;
  explicit DictProxy(typename Base::Lease lease) noexcept : Base(std::move(lease), "DictProxy") {}

  ItemReference<DictProxy, K, V> operator[](K key) const { return {*this, std::move(key)}; }
  // Throws   KeyError; with an otherwise that is returned instead: Python's dict.get().
  V get(const K& key) const { return this->template call<&D::get>(key); }
  V get(const K& key, V otherwise) const { return try_get(key).value_or(std::move(otherwise)); }
  // Nothing when there is nothing: Python's dict.get(key).
  std::optional<V> try_get(const K& key) const { return this->template call<&D::find_value>(key); }
  void set(const K& key, const V& value) const { this->template call<&D::set>(key, value); }
  // Python's del dict[key].
  void erase(const K& key) const { this->template call<&D::erase>(key); }

  std::size_t size() const { return this->template call<&D::size>(); }
  bool empty() const { return size() == 0; }
  // Python's `key in dict`.
  bool contains(const K& key) const { return this->template call<&D::contains>(key); }
  Items items() const { return this->template call<&D::items>(); }
  std::vector<K> keys() const { return this->template call<&D::keys>(); }
  std::vector<V> values() const { return this->template call<&D::values>(); }
  // A copy of it.
  Items copy() const { return items(); }
  Items _getvalue() const { return items(); }
  V pop(const K& key) const { return this->template call<&D::pop>(key); }
  V pop(const K& key, V otherwise) const {
    return this->template call<&D::take_value>(key).value_or(std::move(otherwise));
  }
  std::pair<K, V> popitem() const { return this->template call<&D::popitem>(); }
  V setdefault(const K& key, const V& value) const {
    return this->template call<&D::setdefault>(key, value);
  }
  void update(const Items& items) const { this->template call<&D::update>(items); }
  void clear() const { this->template call<&D::clear>(); }

  static DictProxy unpickle(v1::pickle::Input& input) { return DictProxy(Base::load(input)); }
};

// A value in a server.
// Spec     multiprocessing.managers.value
template <class T>
class ValueProxy : public detail::ValueProxyBase<T> {
  using Base = detail::ValueProxyBase<T>;
  using V = detail::ManagedValue<T>;

 public:
  explicit ValueProxy(typename Base::Lease lease) noexcept : Base(std::move(lease), "ValueProxy") {}
  T get() const { return this->template call<&V::get>(); }
  void set(const T& value) const { this->template call<&V::set>(value); }
  T value() const { return get(); }
  void value(const T& value) const { set(value); }

  static ValueProxy unpickle(v1::pickle::Input& input) { return ValueProxy(Base::load(input)); }
};

// An array in a server. Its length never changes.
// Throws   IndexError.
// Spec     multiprocessing.managers.array
template <class T>
class ArrayProxy : public detail::ArrayProxyBase<T> {
  using Base = detail::ArrayProxyBase<T>;
  using A = detail::ManagedArray<T>;

 public:
  explicit ArrayProxy(typename Base::Lease lease) noexcept : Base(std::move(lease), "ArrayProxy") {}
  ItemReference<ArrayProxy, std::ptrdiff_t, T> operator[](std::ptrdiff_t index) const {
    return {*this, index};
  }
  T get(std::ptrdiff_t index) const { return this->template call<&A::get>(index); }
  void set(std::ptrdiff_t index, const T& value) const {
    this->template call<&A::set>(index, value);
  }
  std::vector<T> values() const { return this->template call<&A::values>(); }
  std::size_t size() const { return this->template call<&A::size>(); }

  static ArrayProxy unpickle(v1::pickle::Input& input) { return ArrayProxy(Base::load(input)); }
};

// Names with a value each, of whatever type it is set to.
// Throws   AttributeError (there is no such name); UnpicklingError (it is of another type: both are
//          named).
// Spec     multiprocessing.managers.namespace
class TANDEM_API NamespaceProxy : public detail::NamespaceProxyBase {
  using N = detail::ManagedNamespace;

 public:
  explicit NamespaceProxy(Lease lease) noexcept;

  template <class T>
  T get(const std::string& name) const {
    return call<&N::get>(name).template as<T>();
  }
  // A literal is a std::string.
  template <class T>
  void set(const std::string& name, const T& value) const {
    call<&N::set>(name, detail::Held::of<v1::detail::bound_t<const T&>>(value));
  }
  void del(const std::string& name) const { call<&N::del>(name); }

  static NamespaceProxy unpickle(v1::pickle::Input& input);
};

}  // namespace tandem::inline v1::multiprocessing::managers
