// Digests by their published vectors; who listens, who connects, and who is refused.
#include "tandem/multiprocessing/listener.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "multiprocessing/digest.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/park.hpp"
#include "tandem/multiprocessing/exceptions.hpp"

namespace tandem::multiprocessing::connection {
namespace {

using namespace std::chrono_literals;
using multiprocessing::detail::hmac_sha256;
using multiprocessing::detail::sha256;

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

std::string text_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Digest, OfPublishedMessages) {
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hex(sha256(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Digest, WithAKey) {  // RFC 4231, cases 1, 2, 3 and 6
  EXPECT_EQ(hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex(hmac_sha256(std::string(20, '\xaa'), std::string(50, '\xdd'))),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  EXPECT_EQ(hex(hmac_sha256(std::string(131, '\xaa'),
                            "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

class ListenerAt : public testing::TestWithParam<ListenerOptions> {};

TEST_P(ListenerAt, IsConnectedTo) {
  Listener listener(GetParam());
  EXPECT_EQ(listener.last_accepted(), std::nullopt);
  EXPECT_TRUE(wait({listener}, 0s).empty());
  std::thread other([address = listener.address()] {
    Connection client = Client(address, {.authkey = GetParam().authkey});
    client.send(std::vector<int>(100'000, 7));
    EXPECT_EQ(client.recv<std::string>(), "hello");
  });
  EXPECT_EQ(wait({listener}).size(), 1u);
  Connection server = listener.accept();
  EXPECT_TRUE(listener.last_accepted());
  listener.close();
  EXPECT_EQ(server.recv<std::vector<int>>(), std::vector<int>(100'000, 7));
  server.send("hello");
  other.join();
  EXPECT_THROW(server.recv_bytes(), EOFError);
}

INSTANTIATE_TEST_SUITE_P(
    , ListenerAt,
    testing::Values(ListenerOptions{}, ListenerOptions{.address = Address("localhost", 0)},
                    ListenerOptions{.family = "AF_INET", .authkey = "key"},
                    ListenerOptions{.address = std::string("\0tandem-listener-test", 21)},
                    ListenerOptions{.authkey = ""}));

TEST(Listener, RemovesItsFile) {
  Listener listener;
  const std::filesystem::path path = listener.address().path();
  EXPECT_TRUE(path.filename().string().starts_with("listener-"));
  EXPECT_TRUE(std::filesystem::exists(path));
  EXPECT_EQ(text_of([&] { Listener(listener.address()); }), "[Errno 98] Address already in use");
  if (const pid_t child = ::fork(); child == 0) {
    listener.close();
    ::_exit(0);
  } else {
    ::waitpid(child, nullptr, 0);
  }
  EXPECT_TRUE(std::filesystem::exists(path));
  listener.close();
  listener.close();
  EXPECT_FALSE(std::filesystem::exists(path.parent_path()));
  EXPECT_EQ(text_of([&] { listener.accept(); }), "listener is closed");
  EXPECT_THROW(listener.address(), AttributeError);
  EXPECT_THROW(listener.last_accepted(), AttributeError);
  EXPECT_THROW(Client(path.string()), FileNotFoundError);
}

// A fork() while another thread asks leaves nothing half-done in the child.
TEST(Listener, SaysInAChildWhomItHasAcceptedLast) {
  const Listener listener({.address = Address("localhost", 0)});
  std::atomic<bool> done = false;
  std::thread other([&] {
    while (!done) {
      const Connection client = Client(listener.address());
      listener.accept();
      listener.last_accepted();
    }
  });
  for (int round = 0; round < 50; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(60);
      const auto last = listener.last_accepted();
      ::_exit(!last || !last->host().empty() ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  done = true;
  other.join();
}

TEST(Listener, RefusesOddFamilies) {
  EXPECT_EQ(text_of([] { Listener({.family = "AF_FOO"}); }), "unrecognized family");
  EXPECT_EQ(text_of([] { Listener({.address = "/tmp/x", .family = "AF_FOO"}); }),
            "module 'socket' has no attribute 'AF_FOO'");
  EXPECT_EQ(text_of([] { Listener({.family = "AF_PIPE"}); }), "Family AF_PIPE is not recognized.");
  EXPECT_EQ(text_of([] { Client("/tmp/x", {.family = "AF_PIPE"}); }),
            "Family AF_PIPE is not recognized.");
  EXPECT_THROW(Listener({.address = "/tmp/x", .family = "AF_INET"}), TypeError);
  EXPECT_THROW(Listener({.address = Address("localhost", 0), .family = "AF_UNIX"}), TypeError);
  EXPECT_THROW(Client({"localhost", 1}), ConnectionRefusedError);
}

// What each side is told; the client does what it likes.
std::string refused(const std::function<void(const Address&)>& client) {
  Listener listener({.authkey = "key"});
  std::thread other([&] { client(listener.address()); });
  std::string text = text_of([&] { listener.accept(); });
  other.join();
  return text;
}

TEST(Authkey, IsRefusedWhenItIsAnother) {
  EXPECT_EQ(refused([](const Address& address) {
              EXPECT_EQ(text_of([&] { Client(address, {.authkey = "other"}); }),
                        "digest sent was rejected");
            }),
            "digest received was wrong");
}

std::string refused_answer(std::string_view answer) {
  return refused([&](const Address& address) {
    Connection client = Client(address);
    EXPECT_TRUE(client.recv_bytes().starts_with("#CHALLENGE#{sha256}"));
    client.send_bytes(answer);
    if (answer.size() <= 256) {
      EXPECT_EQ(client.recv_bytes(), "#FAILURE#");
    }
  });
}

TEST(Authkey, OddAnswers) {
  EXPECT_EQ(refused_answer("zzz"),
            "unsupported message length, missing digest prefix, or unsupported digest: "
            "message=b'zzz'");
  EXPECT_EQ(refused_answer("{sha256}zzz"), "expected 'sha256' of length 32 got 3");
  EXPECT_EQ(refused_answer("{md5}0123456789abcdef"), "response_digest='md5' unsupported");
  EXPECT_EQ(refused_answer(std::string(16, 'x')), "response_digest='md5' unsupported");
  EXPECT_EQ(refused_answer(std::string(257, 'x')), "bad message length");
}

std::string refused_challenge(std::string_view challenge) {
  Listener listener;
  std::string text;
  std::thread other(
      [&] { text = text_of([&] { Client(listener.address(), {.authkey = "key"}); }); });
  {
    Connection server = listener.accept();
    server.send_bytes(challenge);
    if (text_of([&] { server.recv_bytes(); }) == "nothing was thrown") server.send_bytes("no");
  }
  other.join();
  return text;
}

TEST(Authkey, OddChallenges) {
  EXPECT_EQ(refused_challenge("hello"), "Protocol error, expected challenge: message=b'hello'");
  EXPECT_EQ(refused_challenge("#CHALLENGE#short"), "challenge too short: 5 bytes");
  EXPECT_TRUE(refused_challenge("#CHALLENGE#{foo}0123456789abcdefghij")
                  .starts_with("unsupported message length"));
  EXPECT_EQ(refused_challenge("#CHALLENGE#{sha384}0123456789abcdef"),
            "digest 'sha384' unsupported");
  EXPECT_EQ(refused_challenge("#CHALLENGE#{sha256}0123456789abcdef"), "digest sent was rejected");
}

TEST(Address, IsPrintedAsInPython) {
  EXPECT_EQ(to_string(Address("/tmp/x")), "'/tmp/x'");
  EXPECT_EQ(to_string(Address("127.0.0.1", 25000)), "('127.0.0.1', 25000)");
  EXPECT_EQ(to_string(Address(std::string("\0abs", 4))), "b'\\x00abs'");
}

}  // namespace
}  // namespace tandem::multiprocessing::connection
