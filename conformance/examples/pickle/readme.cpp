// The README's example of tandem::pickle.
// [example]
#include <iostream>
#include <map>
#include <string>
#include <tandem/pickle.hpp>
#include <tuple>
#include <vector>

namespace pickle = tandem::pickle;

struct Point {  // plain members: nothing to be said
  int x, y;
};

class Date {  // private ones: what its constructor has to be given
 public:
  Date(int year, int day) : year_(year), day_(day) {}
  std::tuple<int, int> reduce() const { return {year_, day_}; }  // __reduce__
  int year() const { return year_; }

 private:
  int year_, day_;
};

int main() {
  const std::map<std::string, std::vector<Point>> shapes{{"line", {{0, 0}, {3, 4}}}};
  const std::string bytes = pickle::dumps(shapes);
  for (const auto& [name, points] : pickle::loads<decltype(shapes)>(bytes))
    std::cout << name << " ends at " << points.back().x << ", " << points.back().y << '\n';

  std::cout << "year " << pickle::loads<Date>(pickle::dumps(Date(2024, 60))).year() << '\n';

  try {
    pickle::loads<Point>(pickle::dumps(Point{1, 2}).substr(0, 12));
  } catch (const pickle::UnpicklingError& error) {
    std::cout << error.what() << '\n';
  }
}
// [/example]
