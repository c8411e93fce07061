#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string_view>

#include "platform/modules.hpp"

namespace tandem::inline v1::platform {

namespace {

constexpr std::uint64_t fnv_start = 0xcbf29ce484222325;

std::uint64_t hash_bytes(const void* bytes, std::size_t size) noexcept {
  std::uint64_t hash = fnv_start;
  const auto* at = static_cast<const unsigned char*>(bytes);
  for (std::size_t i = 0; i < size; ++i) hash = (hash ^ at[i]) * 0x100000001b3;
  return hash;
}

// Of the linker's build id, in one of the notes; 0: there is none.
std::uint64_t build_id(const dl_phdr_info& info, const ElfW(Phdr) & header) noexcept {
  const auto* at = reinterpret_cast<const char*>(info.dlpi_addr + header.p_vaddr);
  const char* const end = at + header.p_memsz;
  const std::size_t alignment = header.p_align == 8 ? 8 : 4;
  const auto aligned = [&](std::size_t size) { return (size + alignment - 1) & ~(alignment - 1); };
  while (end - at >= static_cast<std::ptrdiff_t>(sizeof(ElfW(Nhdr)))) {
    ElfW(Nhdr) note;
    std::memcpy(&note, at, sizeof note);
    const char* const name = at + sizeof note;
    const char* const contents = name + aligned(note.n_namesz);
    if (contents > end || note.n_descsz > static_cast<std::size_t>(end - contents)) return 0;
    if (note.n_type == NT_GNU_BUILD_ID &&
        std::string_view(name, note.n_namesz) == std::string_view("GNU", 4))
      return hash_bytes(contents, note.n_descsz);
    at = contents + aligned(note.n_descsz);
  }
  return 0;
}

std::uint64_t identity(const dl_phdr_info& info) noexcept {
  for (int i = 0; i < info.dlpi_phnum; ++i)
    if (info.dlpi_phdr[i].p_type == PT_NOTE)
      if (const std::uint64_t id = build_id(info, info.dlpi_phdr[i])) return id;
  std::uint64_t hash = fnv_start;  // linked without one: of its code, then
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const auto& header = info.dlpi_phdr[i];
    if (header.p_type == PT_LOAD && (header.p_flags & PF_X) && !(header.p_flags & PF_W))
      hash ^= hash_bytes(reinterpret_cast<const void*>(info.dlpi_addr + header.p_vaddr),
                         header.p_memsz);
  }
  return hash;
}

std::string program_path() {
  std::string path(4096, '\0');
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  path.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return path;
}

int add_module(dl_phdr_info* info, std::size_t, void* modules) {
  auto& found = *static_cast<std::vector<LoadedModule>*>(modules);
  const bool is_program = found.empty();
  const std::string_view name = info->dlpi_name ? info->dlpi_name : "";
  if (!is_program && name.find('/') == name.npos) return 0;  // what the kernel adds
  LoadedModule module{
      is_program ? program_path() : std::string(name), info->dlpi_addr, identity(*info), {}, {}};
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& header = info->dlpi_phdr[i];
    if (header.p_type != PT_LOAD) continue;
    const std::uintptr_t begin = info->dlpi_addr + header.p_vaddr;
    module.all.push_back({begin, begin + header.p_memsz});
    if (header.p_flags & PF_X) module.code.push_back(module.all.back());
  }
  found.push_back(std::move(module));
  return 0;
}

int add_changes(dl_phdr_info* info, std::size_t, void* changes) {
  *static_cast<std::uint64_t*>(changes) = info->dlpi_adds + info->dlpi_subs;
  return 1;
}

}  // namespace

std::vector<LoadedModule> loaded_modules() {
  std::vector<LoadedModule> modules;
  ::dl_iterate_phdr(add_module, &modules);
  return modules;
}

std::uint64_t module_changes() noexcept {
  std::uint64_t changes = 0;
  ::dl_iterate_phdr(add_changes, &changes);
  return changes;
}

bool load_module(const std::string& path) noexcept {
  return ::dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE) != nullptr;
}

bool is_mapped(std::uintptr_t address) noexcept {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  unsigned char is_resident;
  return ::mincore(reinterpret_cast<void*>(address & ~(page - 1)), 1, &is_resident) == 0 ||
         errno != ENOMEM;
}

}  // namespace tandem::inline v1::platform
