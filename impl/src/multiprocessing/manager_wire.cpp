#include "multiprocessing/manager_wire.hpp"

#include <exception>
#include <vector>

#include "multiprocessing/transport.hpp"
#include "tandem/multiprocessing/proxy.hpp"

namespace tandem::inline v1::multiprocessing::detail {

void send_message(const Connection& connection, pickle::Output& output) {
  std::vector<Part> parts = output.pieces();
  ConnectionAccess::transport(connection).send(parts, output.size(), output.descriptors());
}

void check_reply(pickle::Input& input) {
  const auto reply =
      static_cast<Reply>(input.read_choice(static_cast<unsigned char>(Reply::UNSERIALIZABLE)));
  if (reply == Reply::RETURN) return;
  if (reply == Reply::ERROR) std::rethrow_exception(pickle::decode_exception(input));
  const auto text = pickle::load<std::string>(input);
  try {
    std::rethrow_exception(pickle::decode_exception(input));
  } catch (...) {
    std::throw_with_nested(managers::RemoteError(text));
  }
}

std::string id_text(std::uint64_t id) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (; id != 0 || text.empty(); id /= 16) text.insert(text.begin(), digits[id % 16]);
  return text;
}

void Registry::pickle(v1::pickle::Output& output) const {
  output.write_size(makers.size());
  for (const auto& [name, maker] : makers) {
    v1::pickle::dump<std::string>(output, name);
    v1::pickle::dump<bool>(output, maker != nullptr);
    if (maker) maker->encode(output);
  }
}

Registry Registry::unpickle(v1::pickle::Input& input) {
  Registry registry;
  for (auto left = input.read_count(2); left > 0; --left) {
    auto& maker = registry.makers[v1::pickle::load<std::string>(input)];
    if (v1::pickle::load<bool>(input)) maker = v1::pickle::load<LoadMaker>(input)(input);
  }
  return registry;
}

}  // namespace tandem::inline v1::multiprocessing::detail
