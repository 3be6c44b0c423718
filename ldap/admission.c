#include "ldap/link.h"

/* What is to be answered within its time has to be expected a little before: the time that a search takes varies. */
#define SAFETY_PARTS 8

/* How many searches all open links can have in flight. */
static int64_t places(const struct directory *directory)
{
    int64_t links = 0;

    for (size_t i = 0; i < directory->connection_count; i++) {
        links += directory->connections[i].server != NO_SERVER;
    }
    return links * LINK_REQUESTS / (directory->base_count > 0 ? (int64_t)directory->base_count : 1);
}

/* What a search takes now. While all places are taken none is sent: if none has ended either since the last one was,
 * each of them has taken that long already, and the average will hear of it when it is too late. */
static int64_t takes_us(const struct directory *directory, int64_t now_ms)
{
    int64_t at_least_us = (now_ms - directory->moved_ms) * 1000;

    return directory->took_us > at_least_us ? directory->took_us : at_least_us;
}

/* How long a search takes that waits for the next place to be free. Searches that were all sent at once end at once,
 * and until then none does: what ends in a second on average says nothing of that. */
static int64_t takes_in_next_place_ms(const struct directory *directory, int64_t now_ms)
{
    int64_t oldest_ms = now_ms, took_ms = directory->took_us / 1000;

    for (size_t i = 0; i < directory->connection_count; i++) {
        const struct connection *connection = &directory->connections[i];

        if (connection->oldest_ms != 0 && connection->oldest_ms < oldest_ms) {
            oldest_ms = connection->oldest_ms;
        }
    }
    return oldest_ms + took_ms > now_ms ? oldest_ms + took_ms - now_ms + took_ms : took_ms;
}

/* While places are free a search is sent, whatever the ones before took: only so is it seen that it got faster. */
bool admission_allows(const struct directory *directory, const struct search *search)
{
    int64_t room = places(directory), ahead = (int64_t)directory->open_searches;
    int64_t timeout_ms = search->deadline_ms - search->started_ms;

    if (room == 0 || ahead < room) {
        return true;
    }
    int64_t expected_ms = takes_us(directory, search->started_ms) * (ahead + 1) / room / 1000;
    int64_t at_least_ms = takes_in_next_place_ms(directory, search->started_ms);

    return (expected_ms > at_least_ms ? expected_ms : at_least_ms) <= timeout_ms - timeout_ms / SAFETY_PARTS;
}

/* One that has hardly waited is sent, for the same reason. */
bool admission_is_too_late(const struct search *search, int64_t now_ms)
{
    int64_t timeout_ms = search->deadline_ms - search->started_ms;
    int64_t took_ms = search->directory->took_us / 1000;

    return now_ms - search->started_ms > timeout_ms / SAFETY_PARTS &&
           search->deadline_ms - now_ms < took_ms - took_ms / SAFETY_PARTS;
}

/* One that was given up says only that it takes no less. */
void admission_note(const struct search *search, int64_t now_ms)
{
    struct directory *directory = search->directory;
    int64_t sample_us = (now_ms - search->sent_ms) * 1000;

    directory->moved_ms = now_ms;
    if (!atomic_load(&search->abandoned) || sample_us > directory->took_us) {
        directory->took_us += (sample_us - directory->took_us) / 8;
    }
}
