// Calls `run` of another file with the argument. Built natively only, and without instruments.

#include <stdlib.h>

int run(int n);

int main(int count, char **arguments) {
    run(count > 1 ? atoi(arguments[1]) : 0);
    return 0;
}
