/*
 * TLS of our listeners: with which certificate we greet, and whose client
 * certificates we take. Private to http/.
 *
 * libmicrohttpd runs the sessions; what they show is ours: a connection that
 * comes is given the credentials of now (credentials_greet()), and keeps them to its end.
 * So a reload puts new ones in the place of old ones while connections of both
 * are open. Which client certificates count is asked anew when the rules change:
 * who is revoked is refused on open connections, too.
 */
#ifndef HTTP_CREDENTIALS_H
#define HTTP_CREDENTIALS_H

#include <microhttpd.h>

#include "http/http.h"
#include "http/tokens.h"

#define TLS_NAMES_MAX 8 /* of one client certificate that are looked at */

/* Immutable; any thread. */
struct credentials;

/* At the other end of a connection. */
struct tls_client {
    bool is_shown;        /* a certificate */
    const char *fault;    /* why it does not count; NULL: it does, or there is none */
    size_t name_count;    /* of it, if it counts: dNSNames, then the common name; those that lines can have */
    char names[TLS_NAMES_MAX][MAX_TOKEN_NAME_BYTES + 1];
    struct digest fingerprint; /* SHA-256 of it */
    int64_t until;        /* wall seconds: then it has to be asked again */
};

/* NULL: the words say what is wrong, behind the name of the setting and a colon. */
struct credentials *credentials_make(const struct http_tls *config, struct error *error);
void credentials_free(struct credentials **credentials);

/* Whether the first certificate that we show is valid now, by its dates. -1: the words say which they are, behind the
 * name of the setting. */
int credentials_check_dates(const struct credentials *credentials, struct error *error);

/* Tells the metrics when the first certificate that we show ends, and the first revocation list of clients, and the log
 * if that is soon, or over, or if the certificate has not begun. NULL: there are none. */
void credentials_tell(const struct credentials *credentials);

/* Whether every client has to show a certificate that counts. */
bool credentials_require(const struct credentials *credentials);

/* For MHD_OPTION_ARRAY of MHD_start_daemon(). `priorities` were good for credentials_make(). */
#define TLS_OPTIONS 3
void credentials_options(const char *priorities, struct MHD_OptionItem options[TLS_OPTIONS]);

/* Of a connection that has just come, before its handshake. `session` is libmicrohttpd's (gnutls_session_t); the
 * credentials have to live as long as it. -1: the handshake will fail. */
int credentials_greet(const struct credentials *credentials, void *session);

/* Who is at the other end, by what these credentials make of the certificate that came in the handshake, whichever the
 * session was greeted with. */
void credentials_find_client(const struct credentials *credentials, void *session, struct tls_client *client);

#endif
