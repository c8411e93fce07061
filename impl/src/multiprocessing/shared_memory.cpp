#include "tandem/multiprocessing/shared_memory.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <random>
#include <utility>

#include "multiprocessing/tracker.hpp"
#include "platform/shared_memory.hpp"
#include "tandem/core/abandon.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/pickle.hpp"

namespace tandem::inline v1::multiprocessing::shared_memory {

namespace detail = multiprocessing::detail;

// ---- SharedMemory ----

struct SharedMemory::State {
  std::string system_name;  // "/psm_…"
  std::string name;
  bool tracked = false;
  platform::Handle handle;
  void* memory = nullptr;
  std::size_t size = 0;

  ~State() {
    if (!v1::detail::has_abandoned_threads()) close();
  }

  void create(std::size_t bytes, bool named) {
    int error = 0;
    do {
      if (!named) set_name(random_name());
      error = platform::create_named_memory(system_name.c_str(), bytes, handle);
    } while (error == EEXIST && !named);
    if (error) v1::detail::throw_os_error(error, system_name);
    size = bytes;
    try {
      map();
      if (tracked) detail::track_shared_memory(system_name);
    } catch (...) {
      platform::unlink_named_memory(system_name.c_str());
      throw;
    }
  }
  void open() {
    if (const int error = platform::open_named_memory(system_name.c_str(), handle))
      v1::detail::throw_os_error(error, system_name);
    if (const int error = platform::length_of_shared_memory(handle.get(), size))
      v1::detail::throw_os_error(error, system_name);
    if (size == 0) throw ValueError("cannot mmap an empty file");
    map();
  }
  void map() {
    if (const int error = platform::map_shared_memory(handle.get(), size, memory))
      v1::detail::throw_os_error(error);
  }
  void close() noexcept {
    if (void* const mapped = std::exchange(memory, nullptr))
      platform::unmap_shared_memory(mapped, size);
    handle.reset();
  }

  void set_name(std::string shown) {
    name = std::move(shown);
    system_name = "/" + name;
  }
  static std::string random_name() {
    std::random_device device;
    char text[16];
    std::snprintf(text, sizeof text, "psm_%08x", static_cast<unsigned>(device()));
    return text;
  }
};

SharedMemory::SharedMemory(SharedMemoryOptions options) : state_(std::make_shared<State>()) {
  if (options.size < 0) throw ValueError("'size' must be a positive integer");
  if (options.create && options.size == 0)
    throw ValueError("'size' must be a positive number different from zero");
  if (!options.name && !options.create) throw ValueError("'name' can only be None if create=True");
  if (options.name && options.name->find('\0') != std::string::npos)
    throw ValueError("embedded null character");  // or it would be the name up to there
  if (options.name) state_->set_name(*options.name);
  state_->tracked = options.track && options.create;
  if (options.create)
    state_->create(static_cast<std::size_t>(options.size), options.name.has_value());
  else
    state_->open();
}

std::span<std::byte> SharedMemory::buf() const noexcept {
  if (!state_->memory) return {};
  return {static_cast<std::byte*>(state_->memory), state_->size};
}
const std::string& SharedMemory::name() const noexcept { return state_->name; }
std::size_t SharedMemory::size() const noexcept { return state_->size; }

void SharedMemory::close() const noexcept { state_->close(); }

void SharedMemory::unlink() const {
  const std::string& name = state_->system_name;
  if (const int error = platform::unlink_named_memory(name.c_str()))
    v1::detail::throw_os_error(error, name);
  if (state_->tracked) detail::untrack_shared_memory(name);
}

std::string to_string(const SharedMemory& memory) {
  return "SharedMemory(" + v1::detail::string_repr(memory.name()) +
         ", size=" + std::to_string(memory.size()) + ")";
}

void SharedMemory::pickle(v1::pickle::Output& output) const {
  v1::pickle::dump(output, state_->name);
}
SharedMemory SharedMemory::unpickle(v1::pickle::Input& input) {
  return SharedMemory(v1::pickle::load<std::string>(input));
}

// ---- ShareableList ----

namespace {

constexpr std::size_t word = 8;
constexpr char of_value = 0, of_text = 1, of_bytes = 2, of_none = 3;

std::string text_format(std::size_t room) { return std::to_string(room) + "s"; }
std::size_t room_for(const std::string& text) { return word * (text.size() / word + 1); }

std::string format_of(const Shareable& value) {
  constexpr const char* formats[] = {"xxxxxx?x", "xxxxxxx?", "q", "d"};
  if (const auto* text = std::get_if<std::string>(&value)) return text_format(room_for(*text));
  return formats[value.index()];
}
char code_of(const Shareable& value) {
  if (std::holds_alternative<std::string>(value)) return of_text;
  return std::holds_alternative<std::monostate>(value) ? of_none : of_value;
}

double number_of(const Shareable& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  return std::get<double>(value);
}
// As Python's ==: True is 1 and 1.0.
bool is_equal(const Shareable& a, const Shareable& b) {
  if (a.index() == b.index()) return a == b;
  const auto is_number = [](const Shareable& value) { return code_of(value) == of_value; };
  return is_number(a) && is_number(b) && number_of(a) == number_of(b);
}

std::string repr_of(const Shareable& value) {
  if (std::holds_alternative<std::monostate>(value)) return "None";
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "True" : "False";
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
  if (const auto* number = std::get_if<double>(&value)) return v1::detail::float_repr(*number);
  return v1::detail::string_repr(std::get<std::string>(value));
}

// The memory of a list:
//   8 bytes        N, the number of items
//   (N + 1) * 8    where each begins in the data, and where the last one ends
//   the data
//   N * 8          Python's struct format of each, filled up with zeros
//   N              how each becomes a value: 0 as it is, 1 text, 2 bytes, 3 None
class Layout {
 public:
  explicit Layout(std::span<std::byte> memory) : memory_(memory) {
    check(memory.size() >= bytes_without_items);
    const auto items = read(0);
    check(items >= 0 && static_cast<std::size_t>(items) <=
                            (memory.size() - bytes_without_items) / bytes_beside_each);
    items_ = static_cast<std::size_t>(items);
    for (std::size_t i = 0; i < items_; ++i) check(offset(i) <= offset(i + 1));
    // In this order: what is compared does not wrap around.
    check(offset(items_) <= memory.size() && codes() + items_ <= memory.size());
  }

  static std::size_t bytes_for(const std::vector<Shareable>& values) {
    std::size_t bytes = bytes_without_items + values.size() * bytes_beside_each;
    for (const auto& value : values) bytes += room_of(value);
    return bytes;
  }
  static void write(std::span<std::byte> memory, const std::vector<Shareable>& values) {
    const auto put = [&](std::size_t at, std::size_t number) {
      const auto wide = static_cast<std::int64_t>(number);
      std::memcpy(memory.data() + at, &wide, word);
    };
    std::size_t end = 0;
    put(0, values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      put((i + 1) * word, end);
      end += room_of(values[i]);
    }
    put((values.size() + 1) * word, end);
    Layout layout(memory);
    for (std::size_t i = 0; i < values.size(); ++i) {
      layout.set_format(i, format_of(values[i]));
      layout.store(i, values[i]);
    }
  }

  std::size_t size() const noexcept { return items_; }
  std::string format(std::size_t item) const {
    const auto* const text = reinterpret_cast<const char*>(at(formats() + item * word));
    return std::string(text, std::find(text, text + word, '\0'));
  }
  void set_format(std::size_t item, const std::string& format) {
    std::memset(at(formats() + item * word), 0, word);
    std::memcpy(at(formats() + item * word), format.data(), std::min(format.size(), word));
  }
  char code(std::size_t item) const { return static_cast<char>(*at(codes() + item)); }
  std::size_t room(std::size_t item) const { return offset(item + 1) - offset(item); }

  Shareable load(std::size_t item) const {
    const std::byte* const from = at(data() + offset(item));
    const std::string format = this->format(item);
    if (code(item) == of_none) return std::monostate();
    if (code(item) == of_text || code(item) == of_bytes) {
      std::string text(reinterpret_cast<const char*>(from), room(item));
      text.erase(text.find_last_not_of('\0') + 1);
      return text;
    }
    check(room(item) >= word);
    if (format == "q") return as<std::int64_t>(from);
    if (format == "d") return as<double>(from);
    return from[word - 1] != std::byte(0);
  }
  // The format is set already.
  void store(std::size_t item, const Shareable& value) {
    std::byte* const to = at(data() + offset(item));
    const std::size_t room = this->room(item);
    std::memset(to, 0, std::holds_alternative<std::string>(value) ? room : std::min(room, word));
    if (const auto* flag = std::get_if<bool>(&value)) to[word - 1] = std::byte(*flag);
    if (const auto* integer = std::get_if<std::int64_t>(&value)) std::memcpy(to, integer, word);
    if (const auto* number = std::get_if<double>(&value)) std::memcpy(to, number, word);
    if (const auto* text = std::get_if<std::string>(&value))
      std::memcpy(to, text->data(), std::min(text->size(), room));
    *at(codes() + item) = static_cast<std::byte>(code_of(value));
  }

 private:
  static constexpr std::size_t bytes_without_items = 2 * word, bytes_beside_each = 2 * word + 1;

  static void check(bool is_list) {
    if (!is_list) throw ValueError("no list is in this memory");
  }
  static std::size_t room_of(const Shareable& value) {
    const auto* text = std::get_if<std::string>(&value);
    return text ? room_for(*text) : word;
  }
  template <class T>
  static T as(const std::byte* from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
  }
  std::int64_t read(std::size_t at) const { return as<std::int64_t>(memory_.data() + at); }
  std::size_t offset(std::size_t item) const {
    return static_cast<std::size_t>(read((item + 1) * word));
  }
  std::size_t data() const { return (items_ + 2) * word; }
  std::size_t formats() const { return data() + offset(items_); }
  std::size_t codes() const { return formats() + items_ * word; }
  std::byte* at(std::size_t place) const { return memory_.data() + place; }

  std::span<std::byte> memory_;
  std::size_t items_ = 0;
};

SharedMemory memory_for(const std::vector<Shareable>& values, std::optional<std::string> name) {
  return SharedMemory({.name = std::move(name),
                       .create = true,
                       .size = static_cast<std::int64_t>(Layout::bytes_for(values))});
}

// Throws   IndexError.
std::size_t checked(const Layout& layout, std::ptrdiff_t position, const char* error) {
  if (position < 0) position += static_cast<std::ptrdiff_t>(layout.size());
  if (position < 0 || static_cast<std::size_t>(position) >= layout.size()) throw IndexError(error);
  return static_cast<std::size_t>(position);
}

}  // namespace

ShareableList::ShareableList(std::vector<Shareable> sequence, std::optional<std::string> name)
    : memory_(memory_for(sequence, std::move(name))) {
  Layout::write(memory_.buf(), sequence);
}

ShareableList ShareableList::attach(std::string name) {
  SharedMemory memory(std::move(name));
  static_cast<void>(Layout(memory.buf()));  // it has to be one
  return ShareableList(std::move(memory));
}

std::size_t ShareableList::size() const { return Layout(memory_.buf()).size(); }

Shareable ShareableList::get(std::ptrdiff_t position) const {
  const Layout layout(memory_.buf());
  return layout.load(checked(layout, position, "index out of range"));
}

void ShareableList::set(std::ptrdiff_t position, const Shareable& value) const {
  Layout layout(memory_.buf());
  const std::size_t item = checked(layout, position, "assignment index out of range");
  const std::string before = layout.format(item);
  std::string format = format_of(value);
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (text->size() > layout.room(item))
      throw ValueError("bytes/str item exceeds available storage");
    format = before.ends_with('s') ? before : text_format(layout.room(item));
  }
  layout.set_format(item, format);
  layout.store(item, value);
}

std::vector<Shareable> ShareableList::values() const {
  const Layout layout(memory_.buf());
  std::vector<Shareable> values;
  for (std::size_t i = 0; i < layout.size(); ++i) values.push_back(layout.load(i));
  return values;
}

std::size_t ShareableList::count(const Shareable& value) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      values(), [&value](const Shareable& entry) { return is_equal(entry, value); }));
}

std::size_t ShareableList::index(const Shareable& value) const {
  const auto all = values();
  const auto found = std::ranges::find_if(
      all, [&value](const Shareable& entry) { return is_equal(entry, value); });
  if (found == all.end()) throw ValueError(repr_of(value) + " not in this container");
  return static_cast<std::size_t>(found - all.begin());
}

std::string ShareableList::format() const {
  const Layout layout(memory_.buf());
  std::string formats;
  for (std::size_t i = 0; i < layout.size(); ++i) formats += layout.format(i);
  return formats;
}

std::string to_string(const ShareableList& list) {
  const Layout layout(list.memory_.buf());
  std::string text;
  for (std::size_t i = 0; i < layout.size(); ++i) {
    if (i > 0) text += ", ";
    const Shareable value = layout.load(i);
    text += layout.code(i) == of_bytes ? v1::detail::bytes_repr(std::get<std::string>(value))
                                       : repr_of(value);
  }
  return "ShareableList([" + text + "], name=" + v1::detail::string_repr(list.shm().name()) + ")";
}

void ShareableList::pickle(v1::pickle::Output& output) const { memory_.pickle(output); }
ShareableList ShareableList::unpickle(v1::pickle::Input& input) {
  return attach(v1::pickle::load<std::string>(input));
}

}  // namespace tandem::inline v1::multiprocessing::shared_memory
