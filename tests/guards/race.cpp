// Two threads that write one number without agreeing on it. Only for tests/guards/race.py.
#include <thread>

int main() {
    int number = 0;
    std::thread other([&] { ++number; });
    ++number;
    other.join();
    return number == 3;
}
