#include "cache/redis_private.h"

#ifdef HAVE_HIREDIS_SSL

#include <arpa/inet.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>

/* The context is made here and not by redisCreateSSLContext(), which checks the chain but not the name in it. */
struct tls {
    SSL_CTX *context;
    char *host;
    bool is_numeric;
};

bool tls_is_built(void)
{
    return true;
}

static int set_up(struct tls *tls, const char *ca_file, struct error *error)
{
    bool own = ca_file != NULL && *ca_file != '\0';

    if (SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION) != 1) {
        return error_set(error, "libssl knows no TLS 1.2");
    }
    if (own ? SSL_CTX_load_verify_locations(tls->context, ca_file, NULL) != 1
            : SSL_CTX_set_default_verify_paths(tls->context) != 1) {
        return error_set(error, "ca-file: %s has no certificates that can be read",
                         own ? ca_file : "the system's store");
    }
    SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, NULL);
    return 0;
}

struct tls *tls_new(const struct endpoint *endpoint, const char *ca_file, struct error *error)
{
    struct tls *tls = calloc(1, sizeof(*tls));
    struct in6_addr ignored;

    if (tls == NULL || (tls->host = strdup(endpoint->host)) == NULL ||
        (tls->context = SSL_CTX_new(TLS_client_method())) == NULL) {
        error_set(error, "out of memory");
        tls_free(&tls);
        return NULL;
    }
    tls->is_numeric = inet_pton(AF_INET, tls->host, &ignored) == 1 || inet_pton(AF_INET6, tls->host, &ignored) == 1;
    if (set_up(tls, ca_file, error) != 0) {
        tls_free(&tls);
    }
    ERR_clear_error();
    return tls;
}

void tls_free(struct tls **tls)
{
    if (*tls != NULL) {
        SSL_CTX_free((*tls)->context);
        free((*tls)->host);
        free(*tls);
        *tls = NULL;
    }
}

/* RFC 9525: the name or address of the URI must stand in the server's certificate. RFC 6066 3: no address as SNI. */
static int set_name(const struct tls *tls, SSL *ssl)
{
    if (tls->is_numeric) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), tls->host) == 1 ? 0 : -1;
    }
    return SSL_set1_host(ssl, tls->host) == 1 && SSL_set_tlsext_host_name(ssl, tls->host) == 1 ? 0 : -1;
}

int tls_start(const struct tls *tls, redisAsyncContext *context)
{
    SSL *ssl = SSL_new(tls->context);

    if (ssl == NULL || set_name(tls, ssl) != 0 || redisInitiateSSL(&context->c, ssl) != REDIS_OK) {
        SSL_free(ssl);
        return -1;
    }
    return 0;
}

#else

bool tls_is_built(void)
{
    return false;
}

struct tls *tls_new(const struct endpoint *endpoint, const char *ca_file, struct error *error)
{
    (void)endpoint;
    (void)ca_file;
    error_set(error, "uri: no TLS is built in");
    return NULL;
}

void tls_free(struct tls **tls)
{
    *tls = NULL;
}

int tls_start(const struct tls *tls, redisAsyncContext *context)
{
    (void)tls;
    (void)context;
    return -1;
}

#endif
