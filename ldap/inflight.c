#include "ldap/inflight.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "ldap/filter.h"

#define FILTER_BYTES (128 * 1024)
/* Messages read before deadlines are looked at again: a server that never ends must not keep us from anything. */
#define MESSAGES_AT_ONCE 256

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
    connection->oldest_ms = link->searches.first != NULL ? link->searches.first->sent_ms : 0;
    pthread_mutex_unlock(&connection->directory->lock);
}

void inflight_requeue(struct connection *connection, struct link *link, const struct error *error)
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

int inflight_end(struct connection *connection, struct link *link, struct search *search, enum asked_result result,
                 const char *words)
{
    int sent = abandon_requests(link, search);

    detach(connection, link, search);
    search_finish(search, result, words);
    return sent;
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

/* One request for each base; or one for the entry. */
static enum link_sent send_requests(struct link *link, struct search *search, const char *filter, struct error *error)
{
    const struct directory *directory = search->directory;
    int64_t left_ms = search->deadline_ms - clock_mono_ms();
    size_t count = search->dn != NULL ? 1 : link->base_count;
    enum link_sent sent = LINK_SENT;

    for (size_t i = 0; i < count && sent == LINK_SENT; i++) {
        const struct link_request request = {
            .base = search->dn != NULL ? search->dn : link->bases[i],
            .scope = search->dn != NULL ? LDAP_SCOPE_BASE : directory->config.scope,
            .filter = filter,
            .attributes = search->kind->attributes,
            .max_entries = search->dn != NULL ? 1 : (int)directory->config.max_entries,
            .timeout_ms = left_ms > 0 ? left_ms : 1,
        };
        ber_int_t message = 0;

        sent = link_send(link, &request, &message, error);
        if (sent == LINK_SENT) {
            note_request(link, message, search);
            count_directory(directory->number, DIRECTORY_SEARCHES);
        }
    }
    return sent;
}

static int build_filter(const struct search *search, struct buffer *filter)
{
    if (search->dn != NULL) {
        buffer_append_string(filter, "(objectClass=*)");
        return filter->failed ? -1 : 0;
    }
    if (search->name != NULL) {
        return filter_build_name(search->name, filter);
    }
    return filter_build(search->directory->config.filter, &search->address, filter);
}

int inflight_start(struct connection *connection, struct link *link, struct search *search, struct error *error)
{
    enum link_sent sent = LINK_REFUSED;
    struct buffer filter;
    int result = 0;

    search_forget(search);
    search->sent_ms = clock_mono_ms();
    list_add(&link->searches, search);
    buffer_init(&filter, FILTER_BYTES);
    error_set(error, "the filter is too long");
    if (build_filter(search, &filter) == 0) {
        sent = send_requests(link, search, buffer_string(&filter), error);
    }
    buffer_free(&filter);
    switch (sent) {
    case LINK_SENT:
        search->sends++;
        break;
    case LINK_REFUSED:
        result = inflight_end(connection, link, search, ASKED_UNAVAILABLE, error->text);
        break;
    case LINK_BUSY:
        detach(connection, link, search);
        pthread_mutex_lock(&connection->directory->lock);
        queue_add(connection->directory, search);
        connection_wake_takers(connection->directory);
        pthread_mutex_unlock(&connection->directory->lock);
        break;
    case LINK_BROKEN:
        /* Nothing has reached the server, so this time does not count. */
        result = -1;
        break;
    }
    return result;
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

static void note_answer(struct connection *connection, struct link *link)
{
    link->answered = true;
    pthread_mutex_lock(&connection->directory->lock);
    server_answered(connection->directory, link->server);
    pthread_mutex_unlock(&connection->directory->lock);
}

/* One base has answered; with the last one the search is done. */
static void end_request(struct connection *connection, struct link *link, struct request *request)
{
    struct search *search = request->search;

    *request = (struct request){0};
    link->request_count--;
    if (--search->pending == 0) {
        detach(connection, link, search);
        search_finish(search, search->so_far, "");
    }
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
        note_answer(connection, link);
        error_set(error, "the server takes no more requests");
        return inflight_end(connection, link, request->search, request->search->so_far, "");
    case COLLECT_DONE:
        note_answer(connection, link);
        end_request(connection, link, request);
        return 0;
    case COLLECT_BAD:
        break;
    }
    return error_set(error, "the server sent a message that cannot be read");
}

int inflight_read(struct connection *connection, struct link *link, struct error *error)
{
    int64_t now_ms = clock_mono_ms();

    for (unsigned i = 0; i < MESSAGES_AT_ONCE; i++) {
        LDAPMessage *message = NULL;
        int came = link_next(link, &message, error);

        if (came <= 0) {
            link->must_write = link_must_still_write(link);
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
