// Without a fuzzer: what a fuzzer has found worth keeping, some inputs of each kind, and changes to
// them by chance.
//
//   pickle_fuzz [--changes <how many to each input>] [--seeds <folder to write them to>]
//   [<corpus>…]
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
void write_seeds(void (*take)(const std::string& input));

namespace {

std::vector<std::string> inputs;

void try_input(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

// One to four places; mostly what a reader takes for a count or a choice.
std::string changed(std::string input, std::mt19937& random) {
  constexpr std::string_view favourites("\0\1\2\3\x7f\x80\xfe\xff", 8);
  for (std::size_t left = 1 + random() % 4; left != 0 && input.size() > 1; --left) {
    const std::size_t at = 1 + random() % (input.size() - 1);
    switch (random() % 5) {
      case 0:
        input[at] = static_cast<char>(random());
        break;
      case 1:
        input[at] = favourites[random() % favourites.size()];
        break;
      case 2:
        input.erase(at, 1 + random() % 8);
        break;
      case 3:
        input.insert(at, input, random() % input.size(), random() % 16);
        break;
      default:
        input.insert(at, 9, '\xff');  // the largest count there is
    }
  }
  return input;
}

void read_corpus(const std::filesystem::path& corpus) {
  std::ifstream file(corpus);
  if (!file) {
    std::fprintf(stderr, "no corpus: %s\n", corpus.c_str());
    std::exit(2);
  }
  for (std::string line; std::getline(file, line);) {
    std::string& input = inputs.emplace_back();
    for (std::size_t at = 0; at + 2 <= line.size(); at += 2)
      input += static_cast<char>(std::stoi(line.substr(at, 2), nullptr, 16));
  }
}

void write_inputs(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  for (std::size_t i = 0; i < inputs.size(); ++i)
    std::ofstream(folder / std::to_string(i), std::ios::binary) << inputs[i];
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t changes = 1000;
  std::filesystem::path folder;
  write_seeds([](const std::string& input) { inputs.push_back(input); });
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--changes" && i + 1 < argc)
      changes = std::strtoull(argv[++i], nullptr, 10);
    else if (argument == "--write" && i + 1 < argc)
      folder = argv[++i];
    else
      read_corpus(argument);
  }
  if (!folder.empty()) {
    write_inputs(folder);
    return 0;
  }
  std::mt19937 random;  // the same each time
  for (const std::string& input : inputs) {
    try_input(input);
    for (std::size_t i = 0; i < changes; ++i) try_input(changed(input, random));
  }
  std::printf("%zu inputs, %zu changes to each\n", inputs.size(), changes);
}
