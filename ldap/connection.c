#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "ldap/filter.h"
#include "ldap/link.h"

#define FILTER_BYTES (128 * 1024)
/* Messages read before deadlines are looked at again: a server that never ends must not keep us from anything. */
#define MESSAGES_AT_ONCE 256
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
    taker->server = link->server;
    connection_wake(taker);
    for (size_t i = 0; i < directory->connection_count; i++) {
        struct connection *other = &directory->connections[i];

        if (other->server != NO_SERVER && other->server > link->server) {
            connection_retire(other);
        }
    }
    return true;
}

static void forget_requests(struct link *link, const struct search *search)
{
    for (size_t i = 0; i < LINK_REQUESTS; i++) {
        if (link->requests[i].message != 0 && link->requests[i].search == search) {
            link->requests[i] = (struct request){0};
            link->request_count--;
        }
    }
}

/* Takes a search off its link. The caller finishes it or puts it back into the queue. */
static void detach(struct connection *connection, struct link *link, struct search *search)
{
    forget_requests(link, search);
    list_remove(&link->searches, search);
    pthread_mutex_lock(&connection->directory->lock);
    connection->in_flight--;
    pthread_mutex_unlock(&connection->directory->lock);
}

/* What was in flight on a link that is gone is sent once more, on another, as long as somebody waits for it. */
static void send_anew(struct connection *connection, struct link *link, const struct error *error)
{
    struct directory *directory = connection->directory;
    struct search *search;

    while ((search = link->searches.first) != NULL) {
        bool is_over = search_is_over(search, clock_mono_ms());

        detach(connection, link, search);
        pthread_mutex_lock(&directory->lock);
        bool again = !is_over && search->sends < 2 && !directory->closing;

        if (again) {
            search_forget(search);
            queue_add(directory, search);
        }
        pthread_mutex_unlock(&directory->lock);
        if (!again) {
            search_finish(search, is_over ? ASKED_TIMED_OUT : ASKED_UNAVAILABLE, error->text);
        }
    }
}

/* Whether the server has another link that still works. */
static bool has_other_link(const struct connection *connection, size_t server)
{
    const struct directory *directory = connection->directory;

    for (size_t i = 0; i < directory->connection_count; i++) {
        if (&directory->connections[i] != connection && directory->connections[i].server == server) {
            return true;
        }
    }
    return false;
}

/* Under the lock: the link is not taken into account any more. */
static void forget_link(struct connection *connection, const struct link *link)
{
    if (link == connection->current && connection->incoming == NULL && !connection->retire) {
        connection->server = NO_SERVER;
    }
}

/* Ends a link that broke, or that we have no trust in. `is_fault`: its server is to rest. */
static void drop_link(struct connection *connection, struct link **link, bool is_fault, struct error *error)
{
    struct directory *directory = connection->directory;

    error_prefix(error, "%s: search", directory->servers[(*link)->server].name);
    pthread_mutex_lock(&directory->lock);
    forget_link(connection, *link);
    if (is_fault) {
        server_failed(directory, (*link)->server, true, error);
    }
    pthread_mutex_unlock(&directory->lock);
    send_anew(connection, *link, error);
    link_close(link);
    pthread_mutex_lock(&directory->lock);
    keeper_wake(directory);
    pthread_mutex_unlock(&directory->lock);
}

static void link_broke(struct connection *connection, struct link **link, struct error *error)
{
    struct directory *directory = connection->directory;
    int64_t now_ms = clock_mono_ms();
    bool died_young = !(*link)->answered && now_ms - (*link)->opened_ms < YOUNG_MS;

    pthread_mutex_lock(&directory->lock);
    if (died_young && has_other_link(connection, (*link)->server)) {
        died_young = false;
        directory->no_more_until_ms = now_ms + YOUNG_MS;
    }
    pthread_mutex_unlock(&directory->lock);
    drop_link(connection, link, died_young, error);
}

/* -1: the link is broken. */
static int abandon_requests(struct link *link, const struct search *search)
{
    for (size_t i = 0; i < LINK_REQUESTS; i++) {
        if (link->requests[i].message != 0 && link->requests[i].search == search &&
            link_abandon(link, link->requests[i].message) != 0) {
            return -1;
        }
    }
    return 0;
}

/* Ends a search whose answer is complete or not wanted any more. -1: the link is broken. */
static int end_search(struct connection *connection, struct link *link, struct search *search,
                      enum asked_result result, const char *words)
{
    int sent = abandon_requests(link, search);

    detach(connection, link, search);
    search_finish(search, result, words);
    return sent;
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

/* Ends the searches whose time is up. A link on which nothing at all came since one of them was sent is not used any
 * longer; its server rests if there is another one, otherwise the next dial finds out whether it is alive. */
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
        bool is_late = search->deadline_ms <= now_ms;

        is_silent = is_silent || (is_late && (*link)->heard_ms <= search->sent_ms);
        error_set(&error, "%s: search: %s", connection->directory->servers[(*link)->server].name,
                  is_late ? "no answer in time" : "nobody waits for the answer any more");
        is_broken = end_search(connection, *link, search, ASKED_TIMED_OUT, error.text) != 0 || is_broken;
    }
    if (is_silent) {
        error_set(&error, "no answer in time");
        drop_link(connection, link, has_other_server(connection, (*link)->server), &error);
    } else if (is_broken) {
        error_set(&error, "the server takes no more requests");
        drop_link(connection, link, false, &error);
    }
}

static void note_request(struct link *link, ber_int_t message, struct search *search)
{
    size_t i = 0;

    while (link->requests[i].message != 0) {
        i++;
    }
    link->requests[i] = (struct request){message, search};
    link->request_count++;
    search->pending++;
}

/* One request for each base. */
static enum link_sent send_requests(struct link *link, struct search *search, const char *filter, struct error *error)
{
    const struct directory *directory = search->directory;
    int64_t left_ms = search->deadline_ms - clock_mono_ms();
    enum link_sent sent = LINK_SENT;

    for (size_t i = 0; i < link->base_count && sent == LINK_SENT; i++) {
        ber_int_t message = 0;

        sent = link_send(link, &directory->config, link->bases[i], filter, left_ms > 0 ? left_ms : 0, &message, error);
        if (sent == LINK_SENT) {
            note_request(link, message, search);
            count_directory(directory->number, DIRECTORY_SEARCHES);
        }
    }
    return sent;
}

/* Puts a search that was taken on the link. -1: the link is broken. */
static int start_search(struct connection *connection, struct link *link, struct search *search, struct error *error)
{
    enum link_sent sent = LINK_REFUSED;
    struct buffer filter;
    int result = 0;

    search_forget(search);
    search->sent_ms = clock_mono_ms();
    list_add(&link->searches, search);
    buffer_init(&filter, FILTER_BYTES);
    error_set(error, "the filter is too long");
    if (filter_build(connection->directory->config.filter, &search->address, &filter) == 0) {
        sent = send_requests(link, search, buffer_string(&filter), error);
    }
    buffer_free(&filter);
    switch (sent) {
    case LINK_SENT:
        search->sends++;
        break;
    case LINK_REFUSED:
        result = end_search(connection, link, search, ASKED_UNAVAILABLE, error->text);
        break;
    case LINK_BUSY:
        detach(connection, link, search);
        pthread_mutex_lock(&connection->directory->lock);
        queue_add(connection->directory, search);
        pthread_mutex_unlock(&connection->directory->lock);
        break;
    case LINK_BROKEN:
        search->sends++;
        result = -1;
        break;
    }
    return result;
}

/* Under the lock: the next search for this link, or NULL. */
static struct search *take(struct connection *connection)
{
    struct link *link = connection->current;

    if (link == NULL || link->must_write || connection->retire || connection->incoming != NULL ||
        link->request_count + link->base_count > LINK_REQUESTS) {
        return NULL;
    }
    struct search *search = queue_take(connection->directory);

    if (search != NULL) {
        search->connection = connection;
        connection->in_flight++;
    }
    return search;
}

static void send_queued(struct connection *connection)
{
    struct directory *directory = connection->directory;
    struct error error;

    for (;;) {
        pthread_mutex_lock(&directory->lock);
        struct search *search = directory->closing ? NULL : take(connection);

        pthread_mutex_unlock(&directory->lock);
        if (search == NULL) {
            return;
        }
        if (start_search(connection, connection->current, search, &error) != 0) {
            link_broke(connection, &connection->current, &error);
        }
    }
}

static struct request *find_request(struct link *link, ber_int_t message)
{
    for (size_t i = 0; i < LINK_REQUESTS; i++) {
        if (link->requests[i].message == message) {
            return &link->requests[i];
        }
    }
    return NULL;
}

/* One base has answered; with the last one the search is done. */
static void end_request(struct connection *connection, struct link *link, struct request *request)
{
    struct search *search = request->search;

    *request = (struct request){0};
    link->request_count--;
    link->answered = true;
    if (--search->pending > 0) {
        return;
    }
    detach(connection, link, search);
    pthread_mutex_lock(&connection->directory->lock);
    server_answered(connection->directory, link->server);
    pthread_mutex_unlock(&connection->directory->lock);
    search_finish(search, search->so_far, "");
}

/* -1: the link is broken. */
static int take_message(struct connection *connection, struct link *link, LDAPMessage *message, struct error *error)
{
    ber_int_t id = ldap_msgid(message);
    struct request *request = id > 0 ? find_request(link, id) : NULL;

    /* A notice of disconnection (RFC 4511 4.4.1); no other unsolicited message concerns us. */
    if (id == 0) {
        return error_set(error, "the server ended the connection");
    }
    if (request == NULL) {
        return 0; /* nobody waits for it, but the server had not heard that yet */
    }
    switch (collect_message(request->search, link, message)) {
    case COLLECT_MORE:
        return 0;
    case COLLECT_FULL:
        error_set(error, "the server takes no more requests");
        return end_search(connection, link, request->search, request->search->so_far, "");
    case COLLECT_DONE:
        end_request(connection, link, request);
        return 0;
    case COLLECT_BAD:
        break;
    }
    return error_set(error, "the server sent a message that cannot be read");
}

/* Reads what is here. 1: there may be more; 0: all is read; -1: the link is broken. */
static int drain(struct connection *connection, struct link *link, struct error *error)
{
    int64_t now_ms = clock_mono_ms();

    link->must_write = false; /* libldap writes on as it reads, and says so at the next request if that was not all */
    for (unsigned i = 0; i < MESSAGES_AT_ONCE; i++) {
        LDAPMessage *message = NULL;
        int came = link_next(link, &message, error);

        if (came <= 0) {
            return came;
        }
        link->heard_ms = now_ms;
        came = take_message(connection, link, message, error);
        ldap_msgfree(message);
        if (came < 0) {
            return -1;
        }
    }
    return 1;
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
        int came = drain(connection, *links[i], &error);

        if (came < 0) {
            link_broke(connection, links[i], &error);
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

/* Ends what is over: searches, a retired link with nothing in flight, a link that libldap remembers too much of. */
static void tidy(struct connection *connection)
{
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

static int wait_ms(const struct connection *connection)
{
    const struct link *links[] = {connection->current, connection->retiring};
    int64_t next_ms = INT64_MAX;

    for (size_t i = 0; i < 2; i++) {
        if (links[i] != NULL && links[i]->searches.first != NULL &&
            links[i]->searches.first->deadline_ms < next_ms) {
            next_ms = links[i]->searches.first->deadline_ms;
        }
    }
    if (next_ms == INT64_MAX) {
        return -1;
    }
    int64_t left_ms = next_ms - clock_mono_ms();

    return left_ms > 0 ? (int)left_ms : 0;
}

static struct pollfd event_of(const struct link *link)
{
    return (struct pollfd){
        .fd = link != NULL ? link->socket : -1,
        .events = (short)(POLLIN | (link != NULL && link->must_write ? POLLOUT : 0)),
    };
}

void *connection_main(void *argument)
{
    struct connection *connection = argument;
    struct error error = {"the directory is being closed"};
    bool more = false;

    while (change_links(connection)) {
        tidy(connection);
        send_queued(connection);
        struct pollfd events[] = {
            event_of(connection->current),
            event_of(connection->retiring),
            {.fd = connection->wake, .events = POLLIN},
        };

        (void)poll(events, 3, more ? 0 : wait_ms(connection));
        more = drain_all(connection, events);
    }
    for (size_t i = 0; i < 2; i++) {
        struct link **link = i == 0 ? &connection->current : &connection->retiring;

        if (*link != NULL) {
            send_anew(connection, *link, &error);
            link_close(link);
        }
    }
    link_close(&connection->incoming);
    return NULL;
}
