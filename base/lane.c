#include "base/lane.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define LAST (LANES - 1)

static atomic_uint_fast64_t taken; /* bit i: lane i has an owner; the last one's is never set */
static _Thread_local size_t mine;  /* and one; 0: none yet */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key; /* only for its destructor; its value is that of `mine` */
static bool key_made;

static void give_back(void *number)
{
    mine = 0;
    atomic_fetch_and_explicit(&taken, ~(UINT64_C(1) << ((uintptr_t)number - 1)), memory_order_relaxed);
}

static void key_make(void)
{
    key_made = pthread_key_create(&key, give_back) == 0;
}

static size_t take(void)
{
    uint_fast64_t before = atomic_load_explicit(&taken, memory_order_relaxed);
    size_t number;

    pthread_once(&once, key_make);
    do {
        number = 0;
        while (number < LAST && (before >> number & 1) != 0) {
            number++;
        }
    } while (number < LAST &&
             !atomic_compare_exchange_weak_explicit(&taken, &before, before | UINT64_C(1) << number,
                                                    memory_order_relaxed, memory_order_relaxed));
    if (number < LAST && key_made) {
        pthread_setspecific(key, (void *)(uintptr_t)(number + 1));
    }
    return number;
}

size_t lane(void)
{
    if (mine == 0) {
        mine = take() + 1;
    }
    return mine - 1;
}
