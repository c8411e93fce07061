// load(), kind by kind. dump.hpp is its mirror.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <exception>
#include <iterator>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "tandem/pickle/detail/archive.hpp"
#include "tandem/pickle/detail/kind.hpp"
#include "tandem/pickle/detail/type.hpp"
#include "tandem/pickle/input.hpp"

namespace tandem::inline v1::pickle {

namespace detail {

TANDEM_API std::exception_ptr load_exception(Input& input);
TANDEM_API void (*read_function(Input& input))();

template <class T>
T load_value(Input& input);
template <class T>
void load_into(Input& input, T& value);

template <class T>
T load_element(Input& input) {
  if constexpr (least_size<T>() == 0) {
    T element = load_value<T>(input);
    input.read_choice(0);
    return element;
  } else {
    return load_value<T>(input);
  }
}

// Values that lie anywhere, for the constructor of a container.
template <class T>
class Unaligned {
 public:
  using iterator_category = std::random_access_iterator_tag;
  using value_type = T;
  using difference_type = std::ptrdiff_t;
  using pointer = const T*;
  using reference = T;

  explicit Unaligned(const std::byte* at) noexcept : at_(at) {}
  T operator*() const noexcept {
    T value;
    std::memcpy(&value, at_, sizeof value);
    return value;
  }
  Unaligned& operator++() noexcept { return *this += 1; }
  Unaligned operator++(int) noexcept {
    Unaligned before = *this;
    ++*this;
    return before;
  }
  Unaligned& operator+=(difference_type count) noexcept {
    at_ += count * static_cast<difference_type>(sizeof(T));
    return *this;
  }
  difference_type operator-(const Unaligned& other) const noexcept {
    return (at_ - other.at_) / static_cast<difference_type>(sizeof(T));
  }
  bool operator==(const Unaligned&) const = default;

 private:
  const std::byte* at_;
};

template <class T>
T load_sequence(Input& input) {
  using E = typename T::value_type;
  const std::size_t size = input.read_count(least_size<E>());
  if constexpr (is_plain<E>() && requires(T & sequence) { sequence.data(); }) {
    const std::byte* bytes = input.read(size * sizeof(E));
    if constexpr (sizeof(E) == 1) {
      const auto* first = reinterpret_cast<const E*>(bytes);
      return T(first, first + size);
    } else {
      return T(Unaligned<E>(bytes), Unaligned<E>(bytes + size * sizeof(E)));
    }
  } else {
    const Input::Nested nested(input);
    T sequence;
    constexpr std::size_t first_reserve = 65536 / sizeof(E) + 1;  // the rest is made as it comes
    if constexpr (requires { sequence.reserve(size); })
      sequence.reserve(std::min(size, first_reserve));
    if constexpr (requires { sequence.before_begin(); }) {
      auto last = sequence.before_begin();
      for (std::size_t i = 0; i < size; ++i)
        last = sequence.insert_after(last, load_element<E>(input));
    } else {
      for (std::size_t i = 0; i < size; ++i) sequence.push_back(load_element<E>(input));
    }
    return sequence;
  }
}

template <class P>
struct Mutable {
  using type = P;
};
template <class K, class V>
struct Mutable<std::pair<const K, V>> {
  using type = std::pair<K, V>;
};

template <class T>
T load_set(Input& input) {
  using E = typename T::value_type;
  const Input::Nested nested(input);
  const std::size_t size = input.read_count(least_size<E>());
  T set;
  for (std::size_t i = 0; i < size; ++i)
    set.insert(set.end(), load_element<typename Mutable<E>::type>(input));
  return set;
}

template <class T>
T load_array(Input& input) {
  using E = std::remove_cv_t<typename Shape<T>::element>;
  constexpr std::size_t size = Shape<T>::size;
  if constexpr (std::is_default_constructible_v<E> &&
                !std::is_const_v<typename Shape<T>::element>) {
    T array{};
    for (auto& element : array) load_into(input, element);
    return array;
  } else {
    return [&]<std::size_t... I>(std::index_sequence<I...>)->T {
      return T{(void(I), load_value<E>(input))...};
    }
    (std::make_index_sequence<size>{});
  }
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"  // a bit field takes what fits
template <class T, class... E>
T load_elements(Input& input, Types<E...>) {
  return T{load_value<std::remove_cv_t<E>>(input)...};
}
#pragma GCC diagnostic pop

template <class T, std::size_t I = 0>
T load_variant(Input& input, std::size_t index) {
  if constexpr (I == std::variant_size_v<T>) {
    Input::invalid(static_cast<unsigned char>(index));
  } else {
    if (index == I)
      return T(std::in_place_index<I>, load_value<std::variant_alternative_t<I, T>>(input));
    return load_variant<T, I + 1>(input, index);
  }
}

template <class E>
void empty_object(void* object) {
  if constexpr (std::is_move_assignable_v<E>) *static_cast<E*>(object) = access::make<E>();
}

template <class T>
T load_shared(Input& input) {
  using E = std::remove_cv_t<typename T::element_type>;
  const std::uint64_t type = hash_of_type<E>();
  switch (input.read_choice(2)) {
    case 0:
      return nullptr;
    case 1: {
      const Input::Nested nested(input);
      const std::size_t number = input.expect_known();
      if constexpr (is_made_first<E>()) {
        std::shared_ptr<E> object(new E(access::make<E>()));
        input.know(number, object, type, &empty_object<E>);
        load_into(input, *object);
        return object;
      } else {
        std::shared_ptr<E> object(new E(load_value<E>(input)));
        input.know(number, object, type, nullptr);
        return object;
      }
    }
    default:
      return std::static_pointer_cast<E>(input.read_known(type));
  }
}

template <class T>
T load_custom(Input& input) {
  const Input::Nested nested(input);
  T object = access::make<T>();
  InputArchive archive(input);
  if constexpr (kind<T> == Kind::serialized)
    access::serialized(object, archive);
  else
    access::loaded(object, archive);
  return object;
}

template <class T>
T load_value(Input& input) {
  constexpr Kind k = kind<T>;
  if constexpr (k == Kind::reduced) {
    const Input::Nested nested(input);
    return rebuild<T>(load_value<reduced_t<T>>(input));
  } else if constexpr (k == Kind::pickled) {
    const Input::Nested nested(input);
    return access::unpickle<T>(input);
  } else if constexpr (k == Kind::serialized || k == Kind::saved) {
    return load_custom<T>(input);
  } else if constexpr (is_plain<T>() && std::is_default_constructible_v<T>) {
    return input.read_value<T>();
  } else if constexpr (k == Kind::boolean) {
    return input.read_choice(1) == 1;
  } else if constexpr (k == Kind::extended) {
    return input.read_value<T>();
  } else if constexpr (k == Kind::enumeration) {
    return static_cast<T>(load_value<std::underlying_type_t<T>>(input));
  } else if constexpr (k == Kind::unit) {
    return T();
  } else if constexpr (k == Kind::function) {
    return reinterpret_cast<T>(read_function(input));
  } else if constexpr (k == Kind::exception) {
    return load_exception(input);
  } else if constexpr (k == Kind::text) {
    using C = typename T::value_type;
    const std::size_t size = input.read_count(sizeof(C));
    const std::byte* bytes = input.read(size * sizeof(C));
    if constexpr (sizeof(C) == 1)
      return T(reinterpret_cast<const C*>(bytes), size);
    else
      return T(Unaligned<C>(bytes), Unaligned<C>(bytes + size * sizeof(C)));
  } else if constexpr (k == Kind::array) {
    return load_array<T>(input);
  } else if constexpr (k == Kind::tuple) {
    return load_elements<T>(input, typename Shape<T>::elements{});
  } else if constexpr (k == Kind::optional) {
    if (input.read_choice(1) == 0) return T();
    return T(std::in_place, load_value<typename T::value_type>(input));
  } else if constexpr (k == Kind::variant) {
    return load_variant<T>(input, input.read_size());
  } else if constexpr (k == Kind::unique) {
    using E = std::remove_cv_t<typename T::element_type>;
    if (input.read_choice(1) == 0) return nullptr;
    const Input::Nested nested(input);
    return T(new E(load_value<E>(input)));
  } else if constexpr (k == Kind::shared) {
    return load_shared<T>(input);
  } else if constexpr (k == Kind::duration) {
    return T(load_value<typename T::rep>(input));
  } else if constexpr (k == Kind::time_point) {
    return T(load_value<typename T::duration>(input));
  } else if constexpr (k == Kind::complex) {
    return load_elements<T>(input, Types<typename T::value_type, typename T::value_type>{});
  } else if constexpr (k == Kind::path) {
    return T(load_value<typename T::string_type>(input));
  } else if constexpr (k == Kind::bits) {
    const auto digits = load_value<std::string>(input);
    for (const char digit : digits)
      if (digit != '0' && digit != '1') Input::invalid(static_cast<unsigned char>(digit));
    return T(digits);
  } else if constexpr (k == Kind::sequence) {
    return load_sequence<T>(input);
  } else if constexpr (k == Kind::set) {
    return load_set<T>(input);
  } else if constexpr (k == Kind::closure) {
    std::array<std::byte, sizeof(T)> bytes;
    std::memcpy(bytes.data(), input.read(sizeof(T)), sizeof(T));
    return std::bit_cast<T>(bytes);
  } else {
    static_assert(k == Kind::aggregate);
    if constexpr (is_array_among(members_t<T>{})) {
      T object{};
      visit_members(object, [&](auto&... members) { (load_into(input, members), ...); });
      return object;
    } else {
      return load_elements<T>(input, members_t<T>{});
    }
  }
}

// The same, where the object is there already.
template <class T>
void load_into(Input& input, T& value) {
  constexpr Kind k = kind<T>;
  if constexpr (is_plain<T>() && !std::is_const_v<T>) {
    std::memcpy(std::addressof(value), input.read(sizeof(T)), sizeof(T));
  } else if constexpr (k == Kind::array) {
    for (auto& element : value) load_into(input, element);
  } else if constexpr (k == Kind::aggregate && is_made_first<T>()) {
    visit_members(value, [&](auto&... members) { (load_into(input, members), ...); });
  } else if constexpr ((k == Kind::serialized || k == Kind::saved) && !std::is_const_v<T>) {
    const Input::Nested nested(input);
    InputArchive archive(input);
    if constexpr (k == Kind::serialized)
      access::serialized(value, archive);
    else
      access::loaded(value, archive);
  } else {
    value = load_value<T>(input);
  }
}

}  // namespace detail
}  // namespace tandem::inline v1::pickle
