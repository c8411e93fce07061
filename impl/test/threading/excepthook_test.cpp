// The excepthook from inside: what a user's hook may do while it is handed out.
#include <gtest/gtest.h>

#include "tandem/threading/thread.hpp"

namespace tandem::threading {
namespace {

// Its copy constructor sets another one, as all of the user's code may.
struct SettingHook {
  SettingHook() = default;
  SettingHook(const SettingHook&) {
    ++copies;
    excepthook([](const ExceptHookArgs&) {});
  }
  SettingHook(SettingHook&&) noexcept = default;

  void operator()(const ExceptHookArgs&) const {}

  static inline int copies = 0;
};

TEST(Excepthook, IsFreeWhileTheFormerOneIsCopied) {
  const ExceptHook before = excepthook(SettingHook());
  const ExceptHook setting = excepthook([](const ExceptHookArgs&) {});
  excepthook(before);
  EXPECT_TRUE(setting);
  EXPECT_GE(SettingHook::copies, 1);
}

}  // namespace
}  // namespace tandem::threading
