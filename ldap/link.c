#include "ldap/link.h"

#include <errno.h>
#include <fcntl.h>
#include <openldap.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

void link_clean(char *text)
{
    bool is_utf8 = text_is_utf8(bytes_of_string(text));

    for (char *at = text; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;

        if (c < 0x20 || c == 0x7f || (c >= 0x80 && !is_utf8)) {
            *at = '?';
        }
    }
}

void link_words(int code, const char *diagnostic, struct error *error)
{
    if (diagnostic == NULL || diagnostic[0] == '\0') {
        error_set(error, "%s (%d)", ldap_err2string(code), code);
    } else {
        error_set(error, "%s (%d): %s", ldap_err2string(code), code, diagnostic);
        link_clean(error->text);
    }
}

int link_error(struct link *link, struct error *error)
{
    int code = LDAP_OTHER;
    char *diagnostic = NULL;

    ldap_get_option(link->handle, LDAP_OPT_RESULT_CODE, &code);
    if (code == LDAP_SERVER_DOWN) {
        return error_set(error, "the connection was closed");
    }
    ldap_get_option(link->handle, LDAP_OPT_DIAGNOSTIC_MESSAGE, &diagnostic);
    link_words(code, diagnostic, error);
    ldap_memfree(diagnostic);
    return -1;
}

static int set_options(struct link *link)
{
    static const struct {
        int option, value;
    } ROWS[] = {
        {LDAP_OPT_PROTOCOL_VERSION, LDAP_VERSION3},
        {LDAP_OPT_DEREF, LDAP_DEREF_NEVER},
        {LDAP_OPT_SIZELIMIT, LDAP_NO_LIMIT},
        {LDAP_OPT_TIMELIMIT, LDAP_NO_LIMIT},
    };
    const struct timeval never = {.tv_sec = -1};
    ber_len_t most = MAX_PDU_BYTES;
    Sockbuf *buffer = NULL;

    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        if (ldap_set_option(link->handle, ROWS[i].option, &ROWS[i].value) != LDAP_OPT_SUCCESS) {
            return -1;
        }
    }
    if (ldap_set_option(link->handle, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) != LDAP_OPT_SUCCESS ||
        ldap_set_option(link->handle, LDAP_OPT_RESTART, LDAP_OPT_ON) != LDAP_OPT_SUCCESS ||
        ldap_set_option(link->handle, LDAP_OPT_CONNECT_ASYNC, LDAP_OPT_OFF) != LDAP_OPT_SUCCESS ||
        ldap_set_option(link->handle, LDAP_OPT_NETWORK_TIMEOUT, &never) != LDAP_OPT_SUCCESS ||
        ldap_set_option(link->handle, LDAP_OPT_TIMEOUT, &never) != LDAP_OPT_SUCCESS ||
        ldap_get_option(link->handle, LDAP_OPT_SOCKBUF, &buffer) != LDAP_OPT_SUCCESS) {
        return -1;
    }
    return ber_sockbuf_ctrl(buffer, LBER_SB_OPT_SET_MAX_INCOMING, &most) == 1 ? 0 : -1;
}

/* libldap sets itself up at its first use, and not so that two threads could do it at a time. */
static void start_libldap(void)
{
    const int is_server = 0;
    LDAP *handle = NULL;

    if (ldap_create(&handle) == LDAP_SUCCESS) {
        (void)ldap_set_option(handle, LDAP_OPT_X_TLS_NEWCTX, &is_server);
        (void)ldap_destroy(handle);
    }
}

struct link *link_new(int socket, const struct server *server, struct error *error)
{
    static pthread_once_t started = PTHREAD_ONCE_INIT;
    struct link *link = calloc(1, sizeof(*link));
    int given = fcntl(socket, F_DUPFD_CLOEXEC, 0);
    int code = LDAP_NO_MEMORY;

    if (link == NULL || given < 0) {
        error_set(error, "%s", strerror(errno));
        goto out;
    }
    (void)pthread_once(&started, start_libldap);
    link->socket = socket;
    link->opened_ms = clock_mono_ms();
    /* The URL is for TLS, which takes the name that the certificate must bear from it. */
    code = ldap_init_fd(given, server->uri.scheme == URI_LDAPI ? LDAP_PROTO_IPC : LDAP_PROTO_TCP, server->name,
                        &link->handle);
    if (code != LDAP_SUCCESS) {
        link_words(code, NULL, error);
        goto out;
    }
    if (set_options(link) != 0) {
        error_set(error, "libldap refuses an option");
        link->socket = -1;
        link_close(&link);
    }
    return link;
out:
    if (given >= 0) {
        close(given);
    }
    free(link);
    return NULL;
}

void link_close(struct link **link)
{
    struct link *closed = *link;

    if (closed == NULL) {
        return;
    }
    /* Does not wait: the socket does not block, or is shut down. */
    (void)ldap_unbind_ext(closed->handle, NULL, NULL);
    if (closed->socket >= 0) {
        close(closed->socket);
    }
    for (size_t i = 0; i < closed->base_count; i++) {
        free(closed->bases[i]);
    }
    free(closed);
    *link = NULL;
}

/* Waits for the next message of a request. NULL: see error. */
static LDAPMessage *wait_for(struct link *link, ber_int_t request, struct error *error)
{
    LDAPMessage *message = NULL;

    if (ldap_result(link->handle, request, LDAP_MSG_ONE, NULL, &message) <= 0) {
        link_error(link, error);
        ldap_msgfree(message);
        return NULL;
    }
    return message;
}

int link_wait(struct link *link, ber_int_t request, struct error *error)
{
    LDAPMessage *message = wait_for(link, request, error);
    char *diagnostic = NULL;
    int code = LDAP_OTHER;

    if (message == NULL) {
        return -1;
    }
    int parsed = ldap_parse_result(link->handle, message, &code, NULL, &diagnostic, NULL, NULL, 1);

    code = parsed == LDAP_SUCCESS ? code : parsed;
    link_words(code, diagnostic, error);
    ldap_memfree(diagnostic);
    return code;
}

int link_bind(struct link *link, const struct directory_config *config, struct error *error)
{
    struct berval password = {.bv_len = strlen(config->password), .bv_val = (char *)config->password};
    ber_int_t request = 0;
    int code = LDAP_SUCCESS;

    if (config->bind_dn[0] == '\0') {
        return 0;
    }
    if (ldap_sasl_bind(link->handle, config->bind_dn, LDAP_SASL_SIMPLE, &password, NULL, NULL, &request) !=
        LDAP_SUCCESS) {
        return link_error(link, error);
    }
    code = link_wait(link, request, error);
    link->is_refused = code == LDAP_INVALID_CREDENTIALS;
    return code == LDAP_SUCCESS ? 0 : -1;
}

static int add_base(struct link *link, struct bytes base)
{
    if (link->base_count == LINK_BASES || memchr(base.data, '\0', base.size) != NULL) {
        return 0;
    }
    char *copy = strndup((const char *)base.data, base.size);

    if (copy == NULL) {
        return -1;
    }
    link->bases[link->base_count++] = copy;
    return 0;
}

static int take_contexts(struct link *link, LDAPMessage *entry, const char *attribute)
{
    struct berval **values = ldap_get_values_len(link->handle, entry, attribute);
    int result = 0;

    for (size_t i = 0; values != NULL && values[i] != NULL && result == 0; i++) {
        result = add_base(link, bytes_of(values[i]->bv_val, values[i]->bv_len));
    }
    ldap_value_free_len(values);
    return result;
}

/* A server that hides what it can may still do it. */
static void take_controls(struct link *link, LDAPMessage *entry)
{
    struct berval **values = ldap_get_values_len(link->handle, entry, "supportedControl");

    for (size_t i = 0; values != NULL && values[i] != NULL && link->sync != SYNC_OFFERED; i++) {
        bool is_sync = bytes_equal(bytes_of(values[i]->bv_val, values[i]->bv_len), bytes_of_string(LDAP_CONTROL_SYNC));

        link->sync = is_sync ? SYNC_OFFERED : SYNC_NOT_OFFERED;
    }
    ldap_value_free_len(values);
}

/* One message of the RootDSE's. 1: there are more. */
static int read_root(struct link *link, bool wants_bases, LDAPMessage *message, struct error *error)
{
    int code = LDAP_OTHER;

    switch (ldap_msgtype(message)) {
    case LDAP_RES_SEARCH_ENTRY:
        take_controls(link, message);
        if (wants_bases && link->base_count == 0 &&
            (take_contexts(link, message, "defaultNamingContext") != 0 ||
             (link->base_count == 0 && take_contexts(link, message, "namingContexts") != 0))) {
            return error_set(error, "out of memory");
        }
        return 1;
    case LDAP_RES_SEARCH_RESULT:
        if (ldap_parse_result(link->handle, message, &code, NULL, NULL, NULL, NULL, 0) != LDAP_SUCCESS) {
            return error_set(error, "a result that cannot be read");
        }
        break;
    default:
        return 1;
    }
    /* Who does not let us read it may still let us search. */
    if (code == LDAP_BUSY || code == LDAP_UNAVAILABLE) {
        link_words(code, NULL, error);
        return -1;
    }
    if (wants_bases && link->base_count == 0) {
        return error_set(error, "the server names no naming context; a base must be set");
    }
    return 0;
}

/* Besides telling the naming contexts, the RootDSE proves that at the other end somebody speaks LDAP and answers. */
int link_explore(struct link *link, const struct directory_config *config, struct error *error)
{
    char *attributes[] = {(char *)"defaultNamingContext", (char *)"namingContexts",
                          config->sync ? (char *)"supportedControl" : NULL, NULL};
    bool wants_bases = config->base[0] == '\0';
    ber_int_t request = 0;
    int more = 1;

    if (!wants_bases && add_base(link, bytes_of_string(config->base)) != 0) {
        return error_set(error, "out of memory");
    }
    if (ldap_search_ext(link->handle, "", LDAP_SCOPE_BASE, "(objectClass=*)", attributes, 0, NULL, NULL, NULL, 1,
                        &request) != LDAP_SUCCESS) {
        return link_error(link, error);
    }
    for (unsigned messages = 0; more > 0; messages++) {
        LDAPMessage *message = messages < 16 ? wait_for(link, request, error) : NULL;

        if (message == NULL) {
            return messages < 16 ? -1 : error_set(error, "the answer has no end");
        }
        more = read_root(link, wants_bases, message, error);
        ldap_msgfree(message);
    }
    return more;
}

int link_unblock(struct link *link, const struct directory_config *config, struct error *error)
{
    int flags = fcntl(link->socket, F_GETFL);
    Sockbuf *buffer = NULL;

    if (flags < 0 || fcntl(link->socket, F_SETFL, flags | O_NONBLOCK) != 0) {
        return error_set(error, "%s", strerror(errno));
    }
    /* Without it libldap reads each message in two system calls; TLS has a buffer of its own. */
    if (config->tls == TLS_NONE && (ldap_get_option(link->handle, LDAP_OPT_SOCKBUF, &buffer) != LDAP_OPT_SUCCESS ||
                                    ber_sockbuf_add_io(buffer, &ber_sockbuf_io_readahead, LBER_SBIOD_LEVEL_PROVIDER,
                                                       NULL) != 0)) {
        return error_set(error, "out of memory");
    }
    link->heard_ms = clock_mono_ms();
    return 0;
}

enum link_sent link_send(struct link *link, const struct link_request *request, ber_int_t *message,
                         struct error *error)
{
    /* So that the server stops, too, once nobody waits; it counts in seconds. */
    struct timeval limit = {.tv_sec = request->timeout_ms / 1000 + 1};
    int code = ldap_search_ext(link->handle, request->base, request->scope, request->filter,
                               (char **)request->attributes, 0, request->controls, NULL,
                               request->timeout_ms > 0 ? &limit : NULL, request->max_entries, message);
    int held_back = LDAP_SUCCESS;

    if (code == LDAP_BUSY) {
        link->must_write = true;
        return LINK_BUSY;
    }
    if (code == LDAP_FILTER_ERROR) {
        link_words(code, NULL, error);
        return LINK_REFUSED;
    }
    if (code != LDAP_SUCCESS) {
        link_error(link, error);
        return LINK_BROKEN;
    }
    ldap_get_option(link->handle, LDAP_OPT_RESULT_CODE, &held_back);
    link->must_write = held_back == LDAP_BUSY;
    return LINK_SENT;
}

/* libldap writes on as it reads, and does not say whether that was all; but if it was not, the socket is full. */
bool link_must_still_write(const struct link *link)
{
    struct pollfd event = {.fd = link->socket, .events = POLLOUT};

    return link->must_write && poll(&event, 1, 0) == 0;
}

int link_abandon(struct link *link, ber_int_t message)
{
    /* libldap would write the request between the bytes of another; unasked answers do no harm. */
    if (link->must_write) {
        return 0;
    }
    link->abandons++;
    return ldap_abandon_ext(link->handle, message, NULL, NULL) == LDAP_SUCCESS ? 0 : -1;
}

int link_next(struct link *link, LDAPMessage **message, struct error *error)
{
    struct timeval now = {0};
    int type = ldap_result(link->handle, LDAP_RES_ANY, LDAP_MSG_ONE, &now, message);

    if (type < 0) {
        return link_error(link, error);
    }
    return type > 0 ? 1 : 0;
}
