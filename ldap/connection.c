#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "ldap/inflight.h"

/* A link that the server cuts within this time, with nothing answered, is no better than a connect that failed. */
#define YOUNG_MS 1000

void connection_wake(struct connection *connection)
{
    uint64_t one = 1;

    if (!connection->woken) {
        connection->woken = true;
        /* Cannot fail: the counter is far from its end. */
        (void)!write(connection->wake, &one, sizeof(one));
    }
}

void connection_retire(struct connection *connection)
{
    if (connection->incoming == NULL) {
        connection->retire = true;
        connection->server = NO_SERVER;
        connection_wake(connection);
    }
}

/* The one that has no link, or the worst. */
static struct connection *find_taker(struct directory *directory, size_t server)
{
    struct connection *taker = NULL;

    for (size_t i = 0; i < directory->connection_count; i++) {
        struct connection *connection = &directory->connections[i];

        if (connection->incoming != NULL || connection->server <= server) {
            continue;
        }
        if (taker == NULL || connection->server > taker->server) {
            taker = connection;
        }
    }
    return taker;
}

bool connection_give(struct directory *directory, struct link *link)
{
    struct connection *taker = find_taker(directory, link->server);

    if (taker == NULL) {
        return false;
    }
    taker->incoming = link;
    directory->base_count = link->base_count;
    taker->server = link->server;
    directory->moved_ms = clock_mono_ms(); /* before it none could be sent */
    connection_wake(taker);
    for (size_t i = 0; i < directory->connection_count; i++) {
        struct connection *other = &directory->connections[i];

        if (other->server != NO_SERVER && other->server > link->server) {
            connection_retire(other);
        }
    }
    return true;
}

/* Whether a link that ends is its server's fault, so that the server rests. */
enum fault { FAULT_NONE, FAULT_IF_YOUNG, FAULT_SERVERS };

/* Under the lock: whether the link is no better than a connect that failed. */
static bool died_young(struct directory *directory, const struct link *link)
{
    int64_t now_ms = clock_mono_ms();
    bool is_young = !link->answered && now_ms - link->opened_ms < YOUNG_MS;

    if (is_young && server_has_link(directory, link->server)) {
        directory->no_more_until_ms = now_ms + NO_MORE_MS;
        return false;
    }
    return is_young;
}

/* Under the lock: the link is not taken into account any more. That and what it says of the server become known at
 * once: between the two the keeper would dial the server again, and the search would break a second time. */
static void forget_link(struct connection *connection, const struct link *link, enum fault fault,
                        const struct error *error)
{
    struct directory *directory = connection->directory;

    if (link == connection->current && connection->incoming == NULL && !connection->retire) {
        connection->server = NO_SERVER;
    }
    if (fault == FAULT_SERVERS || (fault == FAULT_IF_YOUNG && died_young(directory, link))) {
        server_failed(directory, link->server, error);
    }
}

void connection_wake_takers(struct directory *directory)
{
    for (size_t i = 0; directory->queue.first != NULL && i < directory->connection_count; i++) {
        if (directory->connections[i].server != NO_SERVER) {
            connection_wake(&directory->connections[i]);
        }
    }
}

/* Ends a link that broke, or that we have no trust in. */
static void drop_link(struct connection *connection, struct link **link, enum fault fault, struct error *error)
{
    struct directory *directory = connection->directory;

    error_prefix(error, "%s: search", directory->servers[(*link)->server].name);
    pthread_mutex_lock(&directory->lock);
    forget_link(connection, *link, fault, error);
    pthread_mutex_unlock(&directory->lock);
    inflight_requeue(connection, *link, error);
    link_close(link);
    pthread_mutex_lock(&directory->lock);
    connection_wake_takers(directory);
    keeper_wake(directory);
    pthread_mutex_unlock(&directory->lock);
}

/* Whether somebody else could do what this server does not. */
static bool has_other_server(struct connection *connection, size_t server)
{
    struct directory *directory = connection->directory;
    bool result = false;

    pthread_mutex_lock(&directory->lock);
    for (size_t i = 0; i < directory->config.uri_count; i++) {
        result = result || (i != server && !directory->servers[i].failing);
    }
    pthread_mutex_unlock(&directory->lock);
    return result;
}

/* Whether nothing at all came since the search was sent, and it had time enough. */
static bool met_silence(const struct link *link, const struct search *search, int64_t now_ms)
{
    return search->deadline_ms <= now_ms && link->heard_ms <= search->sent_ms &&
           now_ms - search->sent_ms >= search->directory->config.timeout_ms / 2;
}

/* Ends the searches whose time is up. A silent link is not used any longer; its server rests if there is another one,
 * otherwise the next dial finds out whether it is alive. */
static void expire(struct connection *connection, struct link **link)
{
    int64_t now_ms = clock_mono_ms();
    struct search *next = NULL;
    bool is_silent = false;
    bool is_broken = false;
    struct error error;

    for (struct search *search = (*link)->searches.first; search != NULL; search = next) {
        next = search->next;
        if (!search_is_over(search, now_ms)) {
            continue;
        }
        is_silent = is_silent || met_silence(*link, search, now_ms);
        error_set(&error, "%s: search: %s", connection->directory->servers[(*link)->server].name,
                  search->deadline_ms <= now_ms ? "no answer in time" : "nobody waits for the answer any more");
        is_broken = inflight_end(connection, *link, search, ASKED_TIMED_OUT, error.text) != 0 || is_broken;
    }
    if (is_silent) {
        error_set(&error, "no answer in time");
        drop_link(connection, link, has_other_server(connection, (*link)->server) ? FAULT_SERVERS : FAULT_NONE,
                  &error);
    } else if (is_broken) {
        error_set(&error, "the server takes no more requests");
        drop_link(connection, link, FAULT_NONE, &error);
    }
}

/* Under the lock: the next search for this link, or NULL. */
static struct search *take(struct connection *connection)
{
    struct link *link = connection->current;

    if (link == NULL || link->is_broken || link->must_write || connection->retire || connection->incoming != NULL ||
        link->request_count + link->base_count > LINK_REQUESTS) {
        return NULL;
    }
    struct search *search = queue_take(connection->directory);
    int64_t now_ms = clock_mono_ms();

    /* One that is over, or would be before its answer comes, goes without: it ends here. */
    if (search != NULL && !search_is_over(search, now_ms) && !admission_is_too_late(search, now_ms)) {
        search->connection = connection;
        connection->in_flight++;
        connection->oldest_ms = connection->oldest_ms != 0 ? connection->oldest_ms : now_ms;
        connection->directory->moved_ms = now_ms;
    }
    return search;
}

/* One that take() found too late. If it was sent before, its link fell silent: not that we have too much to do. */
static void finish_unsent(struct search *search)
{
    if (search->sends > 0) {
        search_finish(search, ASKED_TIMED_OUT, "no answer in time");
    } else if (search_is_over(search, clock_mono_ms())) {
        search_finish(search, ASKED_TIMED_OUT, "all connections were busy");
    } else {
        count(COUNT_LIMIT_ADMISSION);
        search_finish(search, ASKED_OVERLOADED, ADMISSION_WORDS);
    }
}

static int64_t next_deadline_ms(const struct link *link)
{
    return link->searches.first != NULL ? link->searches.first->deadline_ms : INT64_MAX;
}

/* What became of the next search: there is none; it was sent, or ended, as it is too late for it; the link broke. */
enum went { WENT_NONE, WENT_ONE, WENT_WRONG };

static enum went send_next(struct connection *connection, struct error *error)
{
    struct directory *directory = connection->directory;

    pthread_mutex_lock(&directory->lock);
    struct search *search = directory->closing ? NULL : take(connection);

    pthread_mutex_unlock(&directory->lock);
    if (search == NULL) {
        return WENT_NONE;
    }
    if (search->connection == NULL) {
        finish_unsent(search);
        return WENT_ONE;
    }
    return inflight_start(connection, connection->current, search, error) == 0 ? WENT_ONE : WENT_WRONG;
}

static void send_queued(struct connection *connection)
{
    struct error error;
    enum went went;

    while ((went = send_next(connection, &error)) != WENT_NONE) {
        if (went == WENT_WRONG) {
            drop_link(connection, &connection->current, FAULT_IF_YOUNG, &error);
        }
    }
}

/* Whoever has the turn. False: the thread has something to do about it. */
static bool send_in_its_place(struct connection *connection)
{
    struct link *link = connection->current;
    struct error error;

    switch (send_next(connection, &error)) {
    case WENT_NONE:
        return false;
    case WENT_ONE:
        return !link->must_write && connection->waits_until_ms <= next_deadline_ms(link);
    case WENT_WRONG:
        link->is_broken = true;
        link->fault = error;
        return false;
    }
    return false;
}

void connection_send(struct connection *connection)
{
    bool is_sent = false;

    if (pthread_mutex_trylock(&connection->turn) == 0) {
        is_sent = send_in_its_place(connection);
        pthread_mutex_unlock(&connection->turn);
    }
    if (!is_sent) {
        pthread_mutex_lock(&connection->directory->lock);
        connection_wake(connection);
        pthread_mutex_unlock(&connection->directory->lock);
    }
}

/* True: a link has more to read than was read. */
static bool drain_all(struct connection *connection, const struct pollfd *events)
{
    struct link **links[] = {&connection->current, &connection->retiring};
    bool more = false;
    struct error error;

    for (size_t i = 0; i < 2; i++) {
        if (*links[i] == NULL || (events[i].revents == 0 && !(*links[i])->has_more)) {
            continue;
        }
        int came = inflight_read(connection, *links[i], &error);

        if (came < 0) {
            drop_link(connection, links[i], FAULT_IF_YOUNG, &error);
        } else {
            (*links[i])->has_more = came > 0;
            more = more || came > 0;
        }
    }
    return more;
}

/* Takes over the link that was dialled for us; the old one answers what is in flight on it. False: the end. */
static bool change_links(struct connection *connection)
{
    struct directory *directory = connection->directory;
    uint64_t ignored;

    pthread_mutex_lock(&directory->lock);
    bool is_open = !directory->closing;

    if (connection->woken) {
        connection->woken = false;
        (void)!read(connection->wake, &ignored, sizeof(ignored));
    }
    if ((connection->retire || connection->incoming != NULL) && connection->retiring == NULL) {
        connection->retiring = connection->current;
        connection->current = NULL;
    }
    if (connection->current == NULL) {
        connection->current = connection->incoming;
        connection->incoming = NULL;
        connection->retire = false;
    }
    pthread_mutex_unlock(&directory->lock);
    return is_open;
}

static void end_broken(struct connection *connection, struct link **link)
{
    if (*link != NULL && (*link)->is_broken) {
        struct error error = (*link)->fault;

        drop_link(connection, link, FAULT_IF_YOUNG, &error);
    }
}

/* Ends what is over: a link that broke, searches, a retired link with nothing in flight, a link that libldap remembers
 * too much of. */
static void tidy(struct connection *connection)
{
    end_broken(connection, &connection->current);
    end_broken(connection, &connection->retiring);
    if (connection->current != NULL) {
        expire(connection, &connection->current);
    }
    if (connection->retiring != NULL) {
        expire(connection, &connection->retiring);
    }
    if (connection->retiring != NULL && connection->retiring->request_count == 0) {
        link_close(&connection->retiring);
    }
    if (connection->current != NULL && connection->current->abandons > LINK_ABANDONS) {
        pthread_mutex_lock(&connection->directory->lock);
        connection_retire(connection);
        keeper_wake(connection->directory);
        pthread_mutex_unlock(&connection->directory->lock);
    }
}

/* When the thread is to look at deadlines again, at the latest. It need not be woken for a search that has the usual
 * time: that one ends later than the thread waits. */
static int64_t waits_until_ms(const struct connection *connection)
{
    const struct link *links[] = {connection->current, connection->retiring};
    int64_t until_ms = INT64_MAX;

    if (connection->current != NULL) {
        until_ms = clock_mono_ms() + connection->directory->config.timeout_ms;
    }
    for (size_t i = 0; i < 2; i++) {
        int64_t deadline_ms = links[i] != NULL ? next_deadline_ms(links[i]) : INT64_MAX;

        until_ms = deadline_ms < until_ms ? deadline_ms : until_ms;
    }
    return until_ms;
}

static struct pollfd event_of(const struct link *link)
{
    return (struct pollfd){
        .fd = link != NULL ? link->socket : -1,
        .events = (short)(POLLIN | (link != NULL && link->must_write ? POLLOUT : 0)),
    };
}

/* Others may send meanwhile. */
static void wait(struct connection *connection, struct pollfd events[3], bool more)
{
    int64_t left_ms = -1;

    connection->waits_until_ms = waits_until_ms(connection);
    if (more) {
        left_ms = 0;
    } else if (connection->waits_until_ms != INT64_MAX) {
        left_ms = connection->waits_until_ms - clock_mono_ms();
        left_ms = left_ms > 0 ? left_ms : 0;
    }
    pthread_mutex_unlock(&connection->turn);
    (void)poll(events, 3, (int)left_ms);
    pthread_mutex_lock(&connection->turn);
}

void *connection_main(void *argument)
{
    struct connection *connection = argument;
    struct error error = {.text = "the directory is being closed"};
    bool more = false;

    pthread_mutex_lock(&connection->turn);
    while (change_links(connection)) {
        tidy(connection);
        send_queued(connection);
        struct pollfd events[] = {
            event_of(connection->current),
            event_of(connection->retiring),
            {.fd = connection->wake, .events = POLLIN},
        };

        wait(connection, events, more);
        more = drain_all(connection, events);
    }
    for (size_t i = 0; i < 2; i++) {
        struct link **link = i == 0 ? &connection->current : &connection->retiring;

        if (*link != NULL) {
            inflight_requeue(connection, *link, &error);
            link_close(link);
        }
    }
    link_close(&connection->incoming);
    pthread_mutex_unlock(&connection->turn);
    return NULL;
}
