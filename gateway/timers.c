#include "gateway/timers.h"

#include <stdlib.h>

#define FIRST_CAPACITY 64

void timers_close(struct timers *timers)
{
    free(timers->heap);
    *timers = (struct timers){0};
}

static void put(struct timers *timers, struct timer *timer, size_t place)
{
    timers->heap[place] = timer;
    timer->place = place;
}

static void move_up(struct timers *timers, struct timer *timer, size_t place)
{
    while (place > 1 && timers->heap[place / 2]->due_us > timer->due_us) {
        put(timers, timers->heap[place / 2], place);
        place /= 2;
    }
    put(timers, timer, place);
}

/* The child that is due first; 0: there is none. */
static size_t child_of(const struct timers *timers, size_t place)
{
    size_t child = 2 * place;
    if (child > timers->count) {
        return 0;
    }
    bool second = child < timers->count && timers->heap[child + 1]->due_us < timers->heap[child]->due_us;
    return child + second;
}

static void move_down(struct timers *timers, struct timer *timer, size_t place)
{
    size_t child = child_of(timers, place);
    while (child != 0 && timers->heap[child]->due_us < timer->due_us) {
        put(timers, timers->heap[child], place);
        place = child;
        child = child_of(timers, place);
    }
    put(timers, timer, place);
}

int timers_add(struct timers *timers, struct timer *timer, int64_t due_us)
{
    if (timers->count + 1 >= timers->capacity) {
        size_t capacity = timers->capacity > 0 ? timers->capacity * 2 : FIRST_CAPACITY;
        struct timer **heap = realloc(timers->heap, capacity * sizeof(heap[0]));
        if (heap == NULL) {
            return -1;
        }
        timers->heap = heap;
        timers->capacity = capacity;
    }
    timer->due_us = due_us;
    move_up(timers, timer, ++timers->count);
    return 0;
}

void timers_remove(struct timers *timers, struct timer *timer)
{
    struct timer *last = timers->heap[timers->count--];
    size_t place = timer->place;
    timer->place = 0;
    if (last == timer) {
        return;
    }
    if (place > 1 && timers->heap[place / 2]->due_us > last->due_us) {
        move_up(timers, last, place);
    } else {
        move_down(timers, last, place);
    }
}

struct timer *timers_first(const struct timers *timers)
{
    return timers->count > 0 ? timers->heap[1] : NULL;
}
