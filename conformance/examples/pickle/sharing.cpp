// What refers to what stays so: an object that is met twice is sent once, and a circle is closed
// again.
#include <iostream>
#include <memory>
#include <string>
#include <tandem/pickle.hpp>
#include <vector>

namespace pickle = tandem::pickle;

struct Person {
  std::string name;
  std::vector<std::shared_ptr<Person>> friends;
};

int main() {
  auto ann = std::make_shared<Person>(Person{"ann", {}});
  auto bob = std::make_shared<Person>(Person{"bob", {ann}});
  ann->friends.push_back(bob);

  auto people =
      pickle::loads<std::vector<std::shared_ptr<Person>>>(pickle::dumps(std::vector{ann, bob}));
  std::cout << people[0]->friends[0]->name << " is the same: " << std::boolalpha
            << (people[0]->friends[0] == people[1]) << '\n';
  std::cout << people[1]->friends[0]->name
            << " is the same: " << (people[1]->friends[0] == people[0]) << '\n';
  std::cout << "ann is another: " << (people[0] != ann) << '\n';

  for (const auto& person : {ann, bob, people[0], people[1]}) person->friends.clear();  // no leak
}
