/* Who asks for a name, and what came of it. */
#include <stdio.h>
#include <stdlib.h>

#include "gateway/lookup.h"
#include "tests/scenario/stage.h"

#define NAMED_MAX 256

static struct named came[NAMED_MAX];
static size_t first, last;

static void on_named(struct name_waiter *waiter, const struct named *named)
{
    if (last == NAMED_MAX) {
        fputs("too many names in one story\n", stderr);
        exit(2);
    }
    came[last++] = *named;
    free(waiter);
}

void stage_ask_name(unsigned which, const char *name, bool only_open)
{
    struct name_waiter *waiter = calloc(1, sizeof(*waiter));
    waiter->ready = on_named;
    lookup_name(stage_lookup(which), bytes_of_string(name), only_open, waiter);
}

bool stage_next_named(struct named *named)
{
    bool is_there = first < last;
    if (is_there) {
        *named = came[first++];
    }
    return is_there;
}

void stage_forget_named(void)
{
    first = last = 0;
}
