#include "http/rules.h"

#include <stdlib.h>

#include "http/credentials.h"

/* The words begin with the setting that is wrong. */
static int make_parts(struct rules *rules, const struct http_config *config, struct error *error)
{
    rules->tokens = tokens_make(config->tokens, config->token, error);
    if (rules->tokens == NULL) {
        return error_prefix(error, "http.tokens-file");
    }
    if (tokens_has_certificates(rules->tokens) && config->tls.client_authorities.size == 0) {
        return error_set(error, "http.tokens-file: it has lines for client certificates, which tls.client-ca-file "
                                "would have to name the authorities of");
    }
    if (config->tls.certificate.size == 0) {
        return 0;
    }
    rules->credentials = credentials_make(&config->tls, error);
    return rules->credentials != NULL ? 0 : -1;
}

/* Each with its NUL, then an empty one; NULL: there are none. */
static int copy_texts(const char *const *texts, size_t count, char **copy, struct error *error)
{
    size_t size = 1;

    for (size_t i = 0; i < count; i++) {
        size += strlen(texts[i]) + 1;
    }
    if (count == 0) {
        return 0;
    }
    char *at = *copy = calloc(size, 1);
    if (at == NULL) {
        return error_set(error, "out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        size_t more = strlen(texts[i]) + 1;
        memcpy(at, texts[i], more);
        at += more;
    }
    return 0;
}

/* None where they leave nobody out. */
static int copy_domains(const struct http_config *config, char **copy, struct error *error)
{
    for (size_t i = 0; i < config->domain_count; i++) {
        if (strcmp(config->domains[i], "*") == 0) {
            return 0;
        }
    }
    return copy_texts(config->domains, config->domain_count, copy, error);
}

struct rules *rules_make(const struct http_config *config, struct error *error)
{
    size_t size = config->proxy_count * sizeof(struct network);
    struct rules *rules = calloc(1, sizeof(*rules) + size);

    if (rules == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    atomic_init(&rules->references, 1);
    rules->open_to = config->open_to;
    rules->limits = config->limits;
    rules->proxy_count = config->proxy_count;
    if (size > 0) {
        memcpy(rules->proxies, config->proxies, size);
    }
    if (make_parts(rules, config, error) != 0 || copy_domains(config, &rules->domains, error) != 0 ||
        copy_texts(config->origins, config->origin_count, &rules->origins, error) != 0) {
        rules_free(&rules);
    }
    return rules;
}

int http_rules_make(struct http_config *config, struct error *error)
{
    config->rules = rules_make(config, error);
    return config->rules != NULL ? 0 : -1;
}

void http_rules_free(struct http_config *config)
{
    rules_free(&config->rules);
}

struct rules *rules_ref(struct rules *rules)
{
    atomic_fetch_add(&rules->references, 1);
    return rules;
}

void rules_free(struct rules **rules)
{
    struct rules *gone = *rules;

    *rules = NULL;
    if (gone != NULL && atomic_fetch_sub(&gone->references, 1) == 1) {
        tokens_free(&gone->tokens);
        credentials_free(&gone->credentials);
        free(gone->domains);
        free(gone->origins);
        free(gone);
    }
}

int http_certificate_check(const struct http_config *config, struct error *error)
{
    const struct credentials *credentials = config->rules != NULL ? config->rules->credentials : NULL;

    return credentials != NULL ? credentials_check_dates(credentials, error) : 0;
}
