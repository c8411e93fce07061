// The document's walk over a directory: all paths go into a queue, a daemon works them off, the
// main thread waits for that by join(). reference/examples/queue/directory_walk.py prints the same.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "tandem/queue.hpp"
#include "tandem/threading.hpp"

namespace fs = std::filesystem;
namespace queue = tandem::queue;
namespace threading = tandem::threading;

// A directory of known content, removed at the end.
class Directory {
 public:
  Directory()
      : path_(fs::temp_directory_path() / ("walk-" + std::to_string(std::random_device{}()))) {
    fs::create_directory(path_);
    for (const char* name : {"hosts", "fstab", "passwd", "group"}) std::ofstream(path_ / name);
  }
  ~Directory() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::vector<fs::path> sorted_files(const fs::path& directory) {
  std::vector<fs::path> files(fs::directory_iterator(directory), {});
  std::sort(files.begin(), files.end());
  return files;
}

int main() {
  const Directory directory;
  static auto& q = *new queue::Queue<fs::path>;  // never destroyed: outlives the daemon

  for (const fs::path& file : sorted_files(directory.path())) q.put(file);

  const auto worker = [] {
    while (const auto file =
               q.try_get()) {  // `while not q.empty(): file = q.get()`, without its race
      std::cout << file->filename().string() << std::endl;
      q.task_done();
    }
  };
  threading::Thread t({.target = worker, .daemon = true});
  t.start();

  q.join();
  std::cout << "DONE" << std::endl;
}
