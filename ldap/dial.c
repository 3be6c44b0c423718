#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "ldap/link.h"
#include "ldap/socket.h"
#include "ldap/sync.h"

/* One attempt at one server, on a thread of its own. */
struct dial {
    struct directory *directory; /* a reference */
    size_t server;
    bool for_sync;    /* its link is not for searches */
    int64_t deadline_ms;
    pthread_t thread;
    bool is_refused;  /* name and password */

    /* Under the directory's lock. */
    bool given_up;
    int socket;       /* that its thread may be stuck on; -1: none */
    const char *step; /* for the words */
};

/* False: nobody waits for this dial any more. */
static bool dial_step(struct dial *dial, const char *step, int socket)
{
    pthread_mutex_lock(&dial->directory->lock);
    bool is_wanted = !dial->given_up;

    dial->step = step;
    dial->socket = is_wanted ? socket : -1;
    pthread_mutex_unlock(&dial->directory->lock);
    return is_wanted;
}

static void drop_socket(struct dial *dial, int socket)
{
    (void)dial_step(dial, dial->step, -1);
    if (socket >= 0) {
        close(socket);
    }
}

/* A connected, blocking socket, or -1. */
static int dial_address(struct dial *dial, const struct sockaddr *address, socklen_t size, int64_t deadline_ms,
                        struct error *error)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return error_set(error, "%s", strerror(errno));
    }
    if (!dial_step(dial, "connect", fd) || socket_connect(fd, address, size, deadline_ms, NULL, error) != 0 ||
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK) != 0) {
        drop_socket(dial, fd);
        return -1;
    }
    return fd;
}

static int dial_path(struct dial *dial, const char *path, struct error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memcpy(address.sun_path, path, strlen(path) + 1);
    return dial_address(dial, (const struct sockaddr *)&address, sizeof(address), dial->deadline_ms, error);
}

/* Each address gets its share of the time that is left, so that a silent one leaves some to the next. */
static int dial_addresses(struct dial *dial, const struct addrinfo *addresses, struct error *error)
{
    int64_t left = 0;
    int fd = -1;

    for (const struct addrinfo *at = addresses; at != NULL; at = at->ai_next) {
        left++;
    }
    for (const struct addrinfo *at = addresses; at != NULL && fd < 0; at = at->ai_next) {
        if (clock_mono_ms() >= dial->deadline_ms) {
            return error_set(error, "%s", strerror(ETIMEDOUT));
        }
        fd = dial_address(dial, at->ai_addr, at->ai_addrlen, socket_share_ms(dial->deadline_ms, left--), error);
    }
    return fd;
}

static int dial_host(struct dial *dial, const struct uri *uri, struct error *error)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *addresses = NULL;
    int fault = 0;
    int fd = -1;

    if (!dial_step(dial, "resolve", -1)) {
        return -1;
    }
    fault = getaddrinfo(uri->host, uri->port, &hints, &addresses);
    if (fault != 0) {
        return error_set(error, "%s", fault == EAI_SYSTEM ? strerror(errno) : gai_strerror(fault));
    }
    fd = dial_addresses(dial, addresses, error);
    freeaddrinfo(addresses);
    return fd;
}

static int prepare(struct dial *dial, struct link *link, struct error *error)
{
    static const struct {
        const char *step;
        int (*run)(struct link *link, const struct directory_config *config, struct error *error);
    } STEPS[] = {
        {"TLS", link_secure},
        {"bind", link_bind},
        {"read the RootDSE", link_explore},
        {"connect", link_unblock},
    };

    for (size_t i = 0; i < sizeof(STEPS) / sizeof(STEPS[0]); i++) {
        if (!dial_step(dial, STEPS[i].step, link->socket) ||
            STEPS[i].run(link, &dial->directory->config, error) != 0) {
            return -1;
        }
    }
    return 0;
}

/* NULL: see error. */
static struct link *dial_run(struct dial *dial, struct error *error)
{
    const struct server *server = &dial->directory->servers[dial->server];
    int fd = server->uri.scheme == URI_LDAPI ? dial_path(dial, server->uri.path, error)
                                             : dial_host(dial, &server->uri, error);
    struct link *link = NULL;

    /* The first handle of a process makes libldap look up the name of this machine, which may take its time. */
    if (fd >= 0 && dial_step(dial, "start libldap", fd)) {
        link = link_new(fd, server, error);
    }
    if (link == NULL) {
        drop_socket(dial, fd);
        return NULL;
    }
    link->server = dial->server;
    if (prepare(dial, link, error) != 0) {
        dial->is_refused = link->is_refused;
        /* So that closing it waits for nobody. */
        (void)shutdown(link->socket, SHUT_RDWR);
        (void)dial_step(dial, dial->step, -1);
        link_close(&link);
    }
    return link;
}

static void tell_sync(const struct dial *dial, const struct error *error)
{
    if (dial->for_sync) {
        sync_not_dialled(dial->directory, error);
    }
}

/* Gives the link away, or says why there is none. Returns what nobody took. */
static struct link *hand_over(struct dial *dial, struct link *link, struct error *error)
{
    struct directory *directory = dial->directory;

    pthread_mutex_lock(&directory->lock);
    if (!dial->given_up && link != NULL) {
        link = (dial->for_sync ? sync_give : connection_give)(directory, link) ? NULL : link;
        server_dialled(directory, dial->server);
        sync_servers_changed(directory);
    } else if (!dial->given_up) {
        error_prefix(error, "%s: %s", directory->servers[dial->server].name, dial->step);
        tell_sync(dial, error);
        server_not_dialled(directory, dial->server, dial->is_refused, error);
    }
    dial->given_up = true; /* what is left is no matter of its deadline */
    keeper_wake(directory);
    pthread_mutex_unlock(&directory->lock);
    return link;
}

/* A thread that is joined has given back everything, also what the C library keeps for it, before the process ends. */
static void *dial_main(void *argument)
{
    struct dial *dial = argument;
    struct directory *directory = dial->directory;
    struct server *server = &directory->servers[dial->server];
    struct error error = {{0}};
    struct link *surplus = hand_over(dial, dial_run(dial, &error), &error);

    link_close(&surplus);
    pthread_mutex_lock(&directory->lock);
    server->dial = NULL;
    if (!directory->dials_are_left) {
        server->ended = pthread_self();
        server->has_ended = true;
    }
    directory->dials--;
    keeper_wake(directory);
    pthread_cond_broadcast(&directory->dials_ended);
    pthread_mutex_unlock(&directory->lock);
    free(dial);
    directory_release(directory);
    return NULL;
}

/* Takes no time: it is past its last step under the lock. */
static void join_ended(struct server *server)
{
    if (server->has_ended) {
        server->has_ended = false;
        pthread_join(server->ended, NULL);
    }
}

void dial_leave_all(struct directory *directory)
{
    directory->dials_are_left = true;
    for (size_t i = 0; i < directory->config.uri_count; i++) {
        struct server *server = &directory->servers[i];

        join_ended(server);
        if (server->dial != NULL) {
            pthread_detach(server->dial->thread);
        }
    }
}

int dial_start(struct directory *directory, size_t server, bool for_sync)
{
    struct dial *dial = calloc(1, sizeof(*dial));

    join_ended(&directory->servers[server]);
    if (dial == NULL) {
        return -1;
    }
    dial->directory = directory_ref(directory);
    dial->server = server;
    dial->for_sync = for_sync;
    dial->deadline_ms = clock_mono_ms() + directory->config.connect_timeout_ms;
    dial->socket = -1;
    dial->step = "connect";
    if (thread_start(&dial->thread, "ldap-dial", dial_main, dial) != 0) {
        /* The caller has a reference, so this one is not the last. */
        atomic_fetch_sub(&directory->references, 1);
        free(dial);
        return -1;
    }
    directory->servers[server].dial = dial;
    directory->dials++;
    return 0;
}

int64_t dial_deadline_ms(const struct dial *dial)
{
    return dial->given_up ? INT64_MAX : dial->deadline_ms;
}

const char *dial_step_name(const struct dial *dial)
{
    return dial->step;
}

void dial_give_up(struct dial *dial, struct error *error)
{
    struct directory *directory = dial->directory;

    dial->given_up = true;
    if (dial->socket >= 0) {
        (void)shutdown(dial->socket, SHUT_RDWR);
    }
    error_set(error, "%s: %s: no end after %lld ms", directory->servers[dial->server].name, dial->step,
              (long long)directory->config.connect_timeout_ms);
    tell_sync(dial, error);
}
