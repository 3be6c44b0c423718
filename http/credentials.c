#include "http/credentials.h"

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/text.h"
#include "http/authorities.h"

/* From when on a start or a reload says that our certificate ends. */
#define ENDS_SOON_S (7 * 24 * 60 * 60)

struct credentials {
    gnutls_certificate_credentials_t gnutls;
    gnutls_certificate_request_t request; /* whether clients are asked for a certificate */
    struct authorities *authorities;      /* NULL: they are not */
    int64_t not_before, not_after;        /* of the first that we show, wall seconds */
};

static int check_priorities(const char *priorities, struct error *error)
{
    gnutls_priority_t parsed;
    const char *at = priorities;
    int result = gnutls_priority_init(&parsed, priorities, &at);

    if (result < 0) {
        return error_set(error, "tls.priorities: at \"%.40s\": %s", at, gnutls_strerror(result));
    }
    gnutls_priority_deinit(parsed);
    return 0;
}

static int read_key(gnutls_x509_privkey_t key, struct bytes file, struct error *error)
{
    gnutls_datum_t content = authorities_datum(file);
    int result = gnutls_x509_privkey_import2(key, &content, GNUTLS_X509_FMT_PEM, NULL, 0);

    if (result == GNUTLS_E_DECRYPTION_FAILED) {
        return error_set(error, "tls.key-file: the key is encrypted: nobody is there to type its password at a start");
    }
    return authorities_fault("tls.key-file", "key", result, error);
}

/* Our own certificate is the first of the chain, its issuers are behind it. */
static int pair(struct credentials *credentials, gnutls_x509_crt_t *chain, unsigned length, gnutls_x509_privkey_t key,
                struct error *error)
{
    int result = gnutls_certificate_set_x509_key(credentials->gnutls, chain, (int)length, key);

    if (result == GNUTLS_E_CERTIFICATE_KEY_MISMATCH) {
        return error_set(error, "tls.key-file: it is not the key of the first certificate in certificate-file");
    }
    credentials->not_before = (int64_t)gnutls_x509_crt_get_activation_time(chain[0]);
    credentials->not_after = (int64_t)gnutls_x509_crt_get_expiration_time(chain[0]);
    return authorities_fault("tls.certificate-file", "certificate", result, error);
}

static int read_own(struct credentials *credentials, const struct http_tls *config, struct error *error)
{
    gnutls_datum_t content = authorities_datum(config->certificate);
    gnutls_x509_privkey_t key = NULL;
    gnutls_x509_crt_t *chain = NULL;
    unsigned length = 0;
    int result = gnutls_x509_crt_list_import2(&chain, &length, &content, GNUTLS_X509_FMT_PEM, 0);

    result = authorities_fault("tls.certificate-file", "certificate", result, error);
    if (result == 0 && gnutls_x509_privkey_init(&key) < 0) {
        result = error_set(error, "out of memory");
    }
    if (result == 0 && (result = read_key(key, config->key, error)) == 0) {
        result = pair(credentials, chain, length, key, error);
    }
    while (length > 0) {
        gnutls_x509_crt_deinit(chain[--length]);
    }
    gnutls_free(chain);
    gnutls_x509_privkey_deinit(key);
    return result;
}

/* Where a client has to show a certificate, one that does not count ends its handshake. */
static int refuse_bad_client(gnutls_session_t session)
{
    struct tls_client client;

    credentials_find_client(gnutls_session_get_ptr(session), session, &client);
    if (client.is_shown && client.fault == NULL) {
        return 0;
    }
    count(COUNT_REFUSED_TLS);
    return GNUTLS_E_CERTIFICATE_ERROR;
}

static int read_all(struct credentials *credentials, const struct http_tls *config, struct error *error)
{
    credentials->request = GNUTLS_CERT_IGNORE;
    if (gnutls_certificate_allocate_credentials(&credentials->gnutls) < 0) {
        return error_set(error, "out of memory");
    }
    if (check_priorities(config->priorities, error) != 0 || read_own(credentials, config, error) != 0) {
        return -1;
    }
    if (config->client_authorities.size == 0) {
        return 0;
    }
    credentials->request = config->clients == TLS_CLIENTS_REQUIRE ? GNUTLS_CERT_REQUIRE : GNUTLS_CERT_REQUEST;
    if (credentials->request == GNUTLS_CERT_REQUIRE) {
        gnutls_certificate_set_verify_function(credentials->gnutls, refuse_bad_client);
    }
    credentials->authorities = authorities_read(credentials->gnutls, config, error);
    return credentials->authorities != NULL ? 0 : -1;
}

struct credentials *credentials_make(const struct http_tls *config, struct error *error)
{
    struct credentials *credentials = calloc(1, sizeof(*credentials));

    if (credentials == NULL) {
        error_set(error, "out of memory");
    } else if (read_all(credentials, config, error) != 0) {
        credentials_free(&credentials);
    }
    return credentials;
}

void credentials_free(struct credentials **credentials)
{
    if (*credentials != NULL) {
        authorities_free(&(*credentials)->authorities);
        if ((*credentials)->gnutls != NULL) {
            gnutls_certificate_free_credentials((*credentials)->gnutls);
        }
        free(*credentials);
        *credentials = NULL;
    }
}

int credentials_check_dates(const struct credentials *credentials, struct error *error)
{
    int64_t now = clock_wall_s();
    char from[TEXT_TIME_BYTES], to[TEXT_TIME_BYTES];

    if (now >= credentials->not_before && now <= credentials->not_after) {
        return 0;
    }
    return error_set(error, "tls.certificate-file: no client takes the certificate, which %s: it holds from %s to %s",
                     now < credentials->not_before ? "is not valid yet" : "has expired",
                     text_time(credentials->not_before, from), text_time(credentials->not_after, to));
}

/* NULL: there is none. */
static void tell_end_of_certificate(const struct credentials *credentials)
{
    struct error error;
    char time[TEXT_TIME_BYTES];

    gauge_set(GAUGE_TLS_NOT_AFTER, credentials != NULL ? credentials->not_after : 0);
    if (credentials != NULL && credentials_check_dates(credentials, &error) != 0) {
        log_event(LEVEL_ERROR, "our certificate is not valid", LOG_TEXT("fault", error.text));
    } else if (credentials != NULL && credentials->not_after < clock_wall_s() + ENDS_SOON_S) {
        log_event(LEVEL_WARNING, "our certificate ends soon", LOG_TEXT("setting", "tls.certificate-file"),
                  LOG_TEXT("not_after", text_time(credentials->not_after, time)));
    }
}

/* INT64_MAX: there is none. */
static void tell_end_of_crls(int64_t until)
{
    char time[TEXT_TIME_BYTES];

    gauge_set(GAUGE_TLS_CRL_NEXT_UPDATE, until < INT64_MAX ? until : 0);
    if (until <= clock_wall_s()) {
        log_event(LEVEL_WARNING, "a revocation list of clients is out of date: theirs do not count",
                  LOG_TEXT("setting", "tls.client-crl-file"), LOG_TEXT("next_update", text_time(until, time)));
    }
}

void credentials_tell(const struct credentials *credentials)
{
    const struct authorities *authorities = credentials != NULL ? credentials->authorities : NULL;

    tell_end_of_certificate(credentials);
    tell_end_of_crls(authorities != NULL ? authorities_crls_until(authorities) : INT64_MAX);
}

bool credentials_require(const struct credentials *credentials)
{
    return credentials->request == GNUTLS_CERT_REQUIRE;
}

/* libmicrohttpd starts only where it has a certificate or somebody to ask for one. credentials_greet() comes before
 * that; a session that it could not see to has no certificate, and ends. */
static int no_certificate(gnutls_session_t session, const gnutls_datum_t *issuers, int issuer_count,
                          const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **certificate,
                          unsigned *length, gnutls_privkey_t *key)
{
    (void)session;
    (void)issuers;
    (void)issuer_count;
    (void)algorithms;
    (void)algorithm_count;
    (void)certificate;
    (void)length;
    (void)key;
    return -1;
}

void credentials_options(const char *priorities, struct MHD_OptionItem options[TLS_OPTIONS])
{
    options[0] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)priorities};
    options[1] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)no_certificate};
    options[2] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
}

int credentials_greet(const struct credentials *credentials, void *session)
{
    gnutls_session_set_ptr(session, (void *)(uintptr_t)credentials);
    gnutls_certificate_server_set_request(session, credentials->request);
    return gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials->gnutls) < 0 ? -1 : 0;
}

void credentials_find_client(const struct credentials *credentials, void *session, struct tls_client *client)
{
    *client = (struct tls_client){.fault = NULL};
    if (credentials->authorities != NULL) {
        authorities_find_client(credentials->authorities, credentials->gnutls, session, client);
    }
}
