#include "tandem/multiprocessing/proxy.hpp"

#include <utility>

#include "multiprocessing/manager_client.hpp"
#include "multiprocessing/manager_server.hpp"
#include "multiprocessing/manager_wire.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/multiprocessing/process.hpp"

namespace tandem::inline v1::multiprocessing {

namespace detail {

Exchange::Exchange(const Lease& lease, std::string_view method, std::uint64_t signature)
    : lease_(lease) {
  request_message_.emplace(request_);
  request_.write_value(Request::CALL);
  pickle::dump<std::uint64_t>(request_, lease.token().id);
  pickle::dump<std::string>(request_, std::string(method));
  pickle::dump<std::uint64_t>(request_, signature);
}
Exchange::~Exchange() = default;

pickle::Input& Exchange::reply() {
  lease_.peer()->ask(request_, reply_);
  reply_message_.emplace(reply_->input());
  check_reply(reply_->input());
  return reply_->input();
}

std::shared_ptr<const Lease> keep_object(const Managed& object, std::string typeid_) {
  auto server = ManagerServer::serving();
  if (!server) throw RuntimeError("no manager's server runs in this process");
  const auto id = server->hold(object);
  managers::Token token{std::move(typeid_), server->address(), id};
  return std::make_shared<const Lease>(std::move(token), std::move(server));
}

std::shared_ptr<void> own_object(const Lease& lease, const std::type_info& type) {
  if (!lease.server()) return nullptr;
  const Managed found = lease.server()->object(lease.token().id);
  return *found.type->type == type ? found.object : nullptr;
}

}  // namespace detail

namespace managers {

std::string to_string(const Token& token) {
  return "Token(typeid=" + v1::detail::string_repr(token.typeid_) +
         ", address=" + to_string(token.address) + ", id='" + detail::id_text(token.id) + "')";
}

RemoteError::RemoteError(const std::string& traceback)
    : std::runtime_error("\n" + std::string(75, '-') + "\n" + traceback + std::string(75, '-')) {}

BaseProxy::BaseProxy(Lease lease, std::string_view class_name) noexcept
    : lease_(std::move(lease)), class_name_(class_name) {}
BaseProxy::BaseProxy(const BaseProxy&) = default;
BaseProxy& BaseProxy::operator=(const BaseProxy&) = default;
BaseProxy::~BaseProxy() = default;

const Token& BaseProxy::_token() const noexcept { return lease_->token(); }

std::string BaseProxy::repr() const {
  const std::string& type = _token().typeid_;
  return "<" + (class_name_.empty() ? "AutoProxy[" + type + "]" : std::string(class_name_)) +
         " object, typeid " + v1::detail::string_repr(type) + " at " +
         v1::detail::address_text(lease_.get()) + ">";
}

std::string to_string(const BaseProxy& proxy) {
  try {
    return proxy.lease_->peer()->ask<std::string>(detail::Request::REPR, proxy._token().id);
  } catch (const std::exception&) {
    std::string text = proxy.repr();
    text.back() = ';';
    return text + " '__str__()' failed>";
  }
}

bool operator==(const BaseProxy& a, const BaseProxy& b) noexcept {
  return a._token().id == b._token().id && a._token().address == b._token().address;
}

void BaseProxy::pickle(v1::pickle::Output& output) const {
  const Token& token = _token();
  v1::pickle::dump<std::string>(output, token.typeid_);
  v1::pickle::dump<Address>(output, token.address);
  v1::pickle::dump<std::uint64_t>(output, token.id);
  v1::pickle::dump<std::uint64_t>(output, lease_->ticket());
  const bool with_key = output.sharing() == v1::pickle::Sharing::INHERITANCE;
  v1::pickle::dump<std::optional<std::string>>(
      output, with_key ? std::optional(lease_->authkey()) : std::nullopt);
}

BaseProxy::Lease BaseProxy::load(v1::pickle::Input& input) {
  auto type = v1::pickle::load<std::string>(input);
  const auto address = v1::pickle::load<Address>(input);
  const auto id = v1::pickle::load<std::uint64_t>(input);
  const auto ticket = v1::pickle::load<std::uint64_t>(input);
  auto key = v1::pickle::load<std::optional<std::string>>(input);
  Token token{std::move(type), address, id};
  if (auto server = detail::ManagerServer::serving(address)) {
    server->lease(id, ticket);
    return std::make_shared<const detail::Lease>(std::move(token), std::move(server));
  }
  if (!key) key = current_process().authkey();
  auto peer = detail::Peer::to(address, *key);
  peer->lease(id, ticket);
  return std::make_shared<const detail::Lease>(std::move(token), std::move(*key), std::move(peer),
                                               nullptr);
}

}  // namespace managers
}  // namespace tandem::inline v1::multiprocessing
