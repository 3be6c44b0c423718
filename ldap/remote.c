#include "ldap/remote.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "ldap/link.h"
#include "ldap/remote_url.h"
#include "ldap/resolve.h"
#include "ldap/socket.h"

/*
 * One request and its answer are written and read here with liblber alone. A
 * handle of libldap brings what nobody needs for it, and loses the words of each
 * notice of disconnection, which whoever runs the server could make us lose
 * memory by.
 */
#define MESSAGE_ID 1
#define SLICE_MS 100 /* between two looks at `stop` */

struct remote {
    const struct network_rules *rules;
    int64_t deadline_ms;
    struct remote_url url;
    int (*take)(void *context, struct bytes value);
    void *context;
    size_t bytes, entries;
    struct error *error;
    bool is_refused; /* by `take`, whose words they are */
    unsigned allowed, forbidden; /* addresses that a connection may go to, or not */
};

static bool is_stopped(const struct remote *remote)
{
    return remote->rules->stop != NULL && atomic_load(remote->rules->stop);
}

/* -1: the time is up, or nobody waits. */
static int wait_for_socket(const struct remote *remote, int fd)
{
    struct pollfd event = {.fd = fd, .events = POLLIN};
    int64_t left_ms = remote->deadline_ms - clock_mono_ms();

    if (left_ms <= 0 || is_stopped(remote)) {
        return error_set(remote->error, "no answer in time");
    }
    (void)poll(&event, 1, (int)(left_ms < SLICE_MS ? left_ms : SLICE_MS));
    return 0;
}

/* A connected socket that does not block, or -1. The address is checked here, where it is used. */
static int connect_to(struct remote *remote, const struct addrinfo *address, int64_t deadline_ms)
{
    char text[NETWORK_TEXT_BYTES];

    if (!network_may_reach(remote->rules->networks, remote->rules->network_count, address->ai_addr)) {
        remote->forbidden++;
        return error_set(remote->error, "the address %s is neither public nor in a network that may be reached",
                         network_text(address->ai_addr, text));
    }
    remote->allowed++;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return error_set(remote->error, "%s", strerror(errno));
    }
    if (socket_connect(fd, address->ai_addr, address->ai_addrlen, deadline_ms, remote->rules->stop,
                       remote->error) != 0) {
        error_prefix(remote->error, "connect");
        close(fd);
        return -1;
    }
    return fd;
}

static int connect_to_any(struct remote *remote, const struct addrinfo *addresses)
{
    int64_t count = 0;
    int fd = -1;

    for (const struct addrinfo *at = addresses; at != NULL; at = at->ai_next) {
        count++;
    }
    for (const struct addrinfo *at = addresses; at != NULL && fd < 0; at = at->ai_next) {
        fd = connect_to(remote, at, socket_share_ms(remote->deadline_ms, count--));
    }
    return fd;
}

/* A connected socket, or -1. */
static int open_socket(struct remote *remote)
{
    const struct uri *uri = &remote->url.uri;
    struct addrinfo *addresses =
        resolve(uri->host, uri->port, remote->deadline_ms, remote->rules->stop, remote->error);

    if (addresses == NULL) {
        return -1;
    }
    int fd = connect_to_any(remote, addresses);

    freeaddrinfo(addresses);
    return fd;
}

/* Takes the descriptor over. NULL: out of memory, and it is the caller's still. */
static Sockbuf *open_sockbuf(int *fd)
{
    Sockbuf *sockbuf = ber_sockbuf_alloc();
    ber_len_t most = MAX_PDU_BYTES;

    if (sockbuf != NULL && (ber_sockbuf_ctrl(sockbuf, LBER_SB_OPT_SET_MAX_INCOMING, &most) != 1 ||
                            ber_sockbuf_add_io(sockbuf, &ber_sockbuf_io_fd, LBER_SBIOD_LEVEL_PROVIDER, fd) != 0)) {
        ber_sockbuf_free(sockbuf);
        sockbuf = NULL;
    }
    return sockbuf;
}

static bool is_wanted(const struct remote *remote, struct bytes description)
{
    for (size_t i = 0; remote->url.names[i] != NULL; i++) {
        if (entry_names(description, remote->url.names[i])) {
            return true;
        }
    }
    return false;
}

/* False: enough. */
static bool take_value(struct remote *remote, struct bytes value)
{
    if (value.size > remote->rules->max_bytes - remote->bytes) {
        remote->is_refused = true;
        error_set(remote->error, "the entry holds more than %zu bytes", remote->rules->max_bytes);
        return false;
    }
    remote->bytes += value.size;
    remote->is_refused = remote->take(remote->context, value) != 0;
    return !remote->is_refused;
}

static bool take_attribute(void *context, struct bytes description, const struct berval *values)
{
    struct remote *remote = context;
    bool goes_on = true;

    if (!is_wanted(remote, description)) {
        return true;
    }
    for (size_t i = 0; values != NULL && values[i].bv_val != NULL && goes_on; i++) {
        goes_on = take_value(remote, bytes_of(values[i].bv_val, values[i].bv_len));
    }
    return goes_on;
}

static int take_entry(struct remote *remote, BerElement *ber)
{
    struct berval dn;

    if (remote->entries++ > 0) {
        return error_set(remote->error, "the server gave more than one entry");
    }
    if (ber_scanf(ber, "{m{", &dn) == LBER_ERROR || entry_read(ber, take_attribute, remote) == COLLECT_BAD) {
        return error_set(remote->error, "the server sent a message that cannot be read");
    }
    return remote->is_refused ? -1 : 0;
}

static int take_result(struct remote *remote, BerElement *ber)
{
    char *matched = NULL, *diagnostic = NULL;
    ber_int_t code = LDAP_OTHER;

    if (ber_scanf(ber, "{eAA", &code, &matched, &diagnostic) == LBER_ERROR) {
        error_set(remote->error, "the server sent a message that cannot be read");
    } else if (code != LDAP_SUCCESS) {
        link_words(code, diagnostic, remote->error);
    }
    ber_memfree(matched);
    ber_memfree(diagnostic);
    return code == LDAP_SUCCESS ? 0 : -1;
}

/* 1: there is more to come. */
static int take_message(struct remote *remote, BerElement *ber)
{
    ber_int_t id = 0;
    ber_len_t ignored;

    if (ber_scanf(ber, "i", &id) == LBER_ERROR) {
        return error_set(remote->error, "the server sent a message that cannot be read");
    }
    if (id != MESSAGE_ID) { /* 0: a notice of disconnection (RFC 4511 4.4.1) */
        return error_set(remote->error, "the server ended the connection");
    }
    switch (ber_peek_tag(ber, &ignored)) {
    case LDAP_RES_SEARCH_ENTRY:
        return take_entry(remote, ber) == 0 ? 1 : -1;
    case LDAP_RES_SEARCH_REFERENCE: /* leads somewhere else, where we do not go */
    case LDAP_RES_INTERMEDIATE:
        return 1;
    case LDAP_RES_SEARCH_RESULT:
        return take_result(remote, ber);
    default:
        return error_set(remote->error, "the server sent a message that cannot be read");
    }
}

/* RFC 4511 4.5.1: base object, no aliases, one entry, the time in seconds, values too, (objectClass=*). */
static int send_request(const struct remote *remote, Sockbuf *sockbuf)
{
    BerElement *ber = ber_alloc_t(LBER_USE_DER);
    ber_int_t limit_s = (ber_int_t)((remote->deadline_ms - clock_mono_ms()) / 1000 + 1);

    if (ber == NULL ||
        ber_printf(ber, "{it{seeiibts{v}}}", MESSAGE_ID, LDAP_REQ_SEARCH, remote->url.dn, LDAP_SCOPE_BASE,
                   LDAP_DEREF_NEVER, 1, limit_s, 0, LDAP_FILTER_PRESENT, "objectClass",
                   (char **)remote->url.attributes) == -1) {
        ber_free(ber, 1);
        return error_set(remote->error, "out of memory");
    }
    /* It is small, and the first one: a socket that does not take it is none. */
    int sent = ber_flush2(sockbuf, ber, LBER_FLUSH_FREE_ALWAYS);

    return sent == 0 ? 0 : error_set(remote->error, "the server takes no request");
}

/* One message, in as many pieces as it comes. */
static int receive(const struct remote *remote, Sockbuf *sockbuf, int fd, BerElement *ber)
{
    ber_tag_t tag = LBER_DEFAULT;
    ber_len_t size = 0;

    for (;;) {
        errno = 0;
        tag = ber_get_next(sockbuf, &size, ber);
        if (tag == LDAP_TAG_MESSAGE) {
            return 0;
        }
        if (tag != LBER_DEFAULT || errno == ERANGE) {
            return error_set(remote->error, "the server sent a message that cannot be read");
        }
        if (errno != EWOULDBLOCK && errno != EAGAIN) {
            return error_set(remote->error, "the connection was closed");
        }
        if (wait_for_socket(remote, fd) != 0) {
            return -1;
        }
    }
}

static int read_answer(struct remote *remote, Sockbuf *sockbuf, int fd)
{
    int more = 1;

    while (more > 0) {
        BerElement *ber = ber_alloc_t(LBER_USE_DER);

        if (ber == NULL) {
            return error_set(remote->error, "out of memory");
        }
        more = receive(remote, sockbuf, fd, ber) == 0 ? take_message(remote, ber) : -1;
        ber_free(ber, 1);
        /* A server that never ends ends here. */
        if (more > 0 && (clock_mono_ms() >= remote->deadline_ms || is_stopped(remote))) {
            return error_set(remote->error, "no end in time");
        }
    }
    return more;
}

int remote_read(const char *url, const struct network_rules *rules, int (*take)(void *context, struct bytes value),
                void *context, bool *refused, struct error *error)
{
    struct error ignored = {""};
    bool nobody_asks;
    struct remote remote = {
        .rules = rules,
        .deadline_ms = clock_mono_ms() + rules->timeout_ms,
        .take = take,
        .context = context,
        .error = error != NULL ? error : &ignored,
    };
    int result = -1;

    refused = refused != NULL ? refused : &nobody_asks;
    *refused = remote_url_parse(url, &remote.url, remote.error) != 0;
    if (*refused) {
        return error_prefix(remote.error, "the URL");
    }
    int fd = open_socket(&remote);

    *refused = remote.forbidden > 0 && remote.allowed == 0;
    Sockbuf *sockbuf = fd >= 0 ? open_sockbuf(&fd) : NULL;

    if (fd >= 0 && sockbuf == NULL) {
        error_set(remote.error, "out of memory");
    }
    if (sockbuf != NULL && send_request(&remote, sockbuf) == 0) {
        result = read_answer(&remote, sockbuf, fd);
    }
    if (sockbuf != NULL) {
        ber_sockbuf_free(sockbuf); /* closes it */
    } else if (fd >= 0) {
        close(fd);
    }
    remote_url_clear(&remote.url);
    return result;
}
