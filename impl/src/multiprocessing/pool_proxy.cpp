#include "tandem/multiprocessing/pool_proxy.hpp"

#include <utility>

#include "tandem/core/repr.hpp"

namespace tandem::inline v1::multiprocessing {

namespace detail {

ManagedPool::ManagedPool(std::optional<int> processes, pickle::PortableCall initializer,
                         std::optional<int> maxtasksperchild)
    : pool_({.processes = processes,
             .initializer = std::move(initializer),
             .maxtasksperchild = maxtasksperchild}) {}

std::string ManagedPool::act(const PoolRequest& request) {
  pickle::Input input{std::string_view(request.given)};
  pickle::Output output;
  request.act(pool_, input, output);
  return output.text();
}
void ManagedPool::close() { pool_.close(); }
void ManagedPool::terminate() { pool_.terminate(); }
void ManagedPool::join() { pool_.join(); }
std::string ManagedPool::repr() const { return to_string(pool_); }

}  // namespace detail

namespace managers {

using detail::ManagedPool;

PoolProxy::PoolProxy(Lease lease) noexcept : detail::PoolProxyBase(std::move(lease), "PoolProxy") {}
void PoolProxy::close() const { call<&ManagedPool::close>(); }
void PoolProxy::terminate() const { call<&ManagedPool::terminate>(); }
void PoolProxy::join() const { call<&ManagedPool::join>(); }
PoolProxy PoolProxy::unpickle(v1::pickle::Input& input) { return PoolProxy(load(input)); }

}  // namespace managers
}  // namespace tandem::inline v1::multiprocessing
