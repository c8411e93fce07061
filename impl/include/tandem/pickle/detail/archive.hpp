// What the functions of users are given that name the members of a class (pickle/reduce.hpp).
#pragma once
#include <type_traits>

#include "tandem/pickle/input.hpp"
#include "tandem/pickle/output.hpp"

namespace tandem::inline v1::pickle {

// What a user's serialize() is given. As in cereal or Boost: archive(a, b), archive & a & b.
class OutputArchive {
 public:
  using is_saving = std::true_type;
  using is_loading = std::false_type;

  explicit OutputArchive(Output& output) : output_(output) {}
  template <class... T>
  OutputArchive& operator()(const T&... values) {
    (save(values), ...);
    return *this;
  }
  template <class T>
  OutputArchive& operator&(const T& value) {
    return (*this)(value);
  }
  template <class T>
  OutputArchive& operator<<(const T& value) {
    return (*this)(value);
  }

 private:
  template <class T>
  void save(const T& value);

  Output& output_;
};

class InputArchive {
 public:
  using is_saving = std::false_type;
  using is_loading = std::true_type;

  explicit InputArchive(Input& input) : input_(input) {}
  template <class... T>
  InputArchive& operator()(T&&... values) {
    (load(values), ...);
    return *this;
  }
  template <class T>
  InputArchive& operator&(T&& value) {
    return (*this)(value);
  }
  template <class T>
  InputArchive& operator>>(T&& value) {
    return (*this)(value);
  }

 private:
  template <class T>
  void load(T& value);

  Input& input_;
};

}  // namespace tandem::inline v1::pickle
