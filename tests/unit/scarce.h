/*
 * Memory that runs out when a test says so: the linker gives our own code (not
 * that of the libraries) these allocators in the place of the real ones.
 *
 *     for (int nth = 1; scarce_begin(nth), result = f(), scarce_end(); nth++) {
 *         … f() ran with its nth allocation failing …
 *     }
 */
#ifndef TESTS_UNIT_SCARCE_H
#define TESTS_UNIT_SCARCE_H

#include <stdbool.h>

/* The nth allocation from now fails, on whatever thread; 1 is the next one. */
void scarce_begin(int nth);

/* No allocation fails any more. Whether one did. */
bool scarce_end(void);

#endif
