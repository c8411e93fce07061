"""The twin of conformance/examples/pickle/sharing.cpp."""

import pickle


class Person:
    def __init__(self, name, friends):
        self.name = name
        self.friends = friends


def text(value):
    return str(value).lower()


ann = Person("ann", [])
bob = Person("bob", [ann])
ann.friends.append(bob)

people = pickle.loads(pickle.dumps([ann, bob]))
print(people[0].friends[0].name, "is the same:", text(people[0].friends[0] is people[1]))
print(people[1].friends[0].name, "is the same:", text(people[1].friends[0] is people[0]))
print("ann is another:", text(people[0] is not ann))
