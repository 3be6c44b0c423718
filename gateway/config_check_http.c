#include <stdio.h>
#include <sys/socket.h>

#include "gateway/config_private.h"

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Requests that wait may never use up the places that hits need, nor batches the lookups that single requests need. */
void reader_check_http(struct reader *reader)
{
    struct http_config *http = &reader->config->http;

    if (http->max_waiting == 0) {
        http->max_waiting = http->max_connections / 4;
    }
    if (http->max_waiting > http->max_connections / 2 - 1) {
        reader_fault(reader, "http.waiting", "%lld is not less than half of http.connections, %lld",
                     (long long)http->max_waiting, (long long)http->max_connections);
    }
    for (size_t i = 0; i < http->origin_count && http->origin_count > 1; i++) {
        if (strcmp(http->origins[i], HTTP_ORIGIN_ANY) == 0) {
            reader_fault(reader, "http.cors-origins", "\"*\" is for all origins, so no other may stand beside it");
        }
    }
    http->max_batch_lookups = (smaller(http->max_waiting, reader->config->max_flights) + 1) / 2;
    if (reader->config->cache.memory_bytes == 0) {
        http->hot_bytes = 0; /* only what memory has is kept ready-made: there would be nothing to look for */
    }
}

/* Where nobody could look anybody up, or everybody without anyone having said so. */
static void check_listeners(struct reader *reader)
{
    const struct http_config *http = &reader->config->http;
    bool has_tokens = http->tokens.data != NULL || http->token[0] != '\0'; /* none in the file: all were taken away */
    char path[MAX_PATH_BYTES];

    for (size_t i = 0; i < http->listen_count && !has_tokens; i++) {
        snprintf(path, sizeof(path), "listen[%zu]", i);
        if (http->open_to == OPEN_TO_LOOPBACK && !http_listen_is_local(http->listen[i])) {
            reader_fault(reader, path,
                         "others than this machine may reach it: give them tokens by http.tokens-file, or "
                         "say http.open-to = \"all\"");
        }
    }
    if (http->open_to == OPEN_TO_NOBODY && !has_tokens) {
        reader_fault(reader, "http.open-to", "without http.tokens-file nobody may look anybody up");
    }
}

static bool is_any_tls(const struct http_config *http)
{
    for (size_t i = 0; i < http->listen_count; i++) {
        if (http_listen_is_tls(http->listen[i])) {
            return true;
        }
    }
    return false;
}

/* What stands without what it is for, or the other way round. */
void reader_check_tls(struct reader *reader)
{
    const struct http_tls *tls = &reader->config->http.tls;
    bool is_wanted = !reader_faulted(reader, "listen") && is_any_tls(&reader->config->http);
    const struct {
        bool is_wrong;
        const char *path, *words;
    } rows[] = {
        {is_wanted && tls->certificate.size == 0, "listen",
         "https:// needs tls.certificate-file and tls.key-file"},
        {!is_wanted && tls->certificate.size > 0, "tls.certificate-file",
         "no address in listen begins with https://"},
        {tls->certificate.size > 0 && tls->key.size == 0, "tls.certificate-file", "stands without key-file"},
        {tls->certificate.size == 0 && tls->key.size > 0, "tls.key-file", "stands without certificate-file"},
        {tls->certificate.size == 0 && tls->client_authorities.size > 0, "tls.client-ca-file",
         "stands without certificate-file"},
        {tls->client_authorities.size == 0 && tls->client_crls.size > 0, "tls.client-crl-file",
         "stands without client-ca-file"},
        {tls->client_authorities.size == 0 && tls->clients == TLS_CLIENTS_REQUIRE, "tls.clients",
         "stands without client-ca-file"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].is_wrong) {
            reader_fault(reader, rows[i].path, "%s", rows[i].words);
        }
    }
}

/* Its words begin with the setting that they are about. */
static void fault_of_rules(struct reader *reader, const struct error *error)
{
    char path[MAX_PATH_BYTES];
    size_t size = strcspn(error->text, ":");
    bool names_it = size < sizeof(path) && error->text[size] == ':' && memchr(error->text, '.', size) != NULL;

    snprintf(path, sizeof(path), "%.*s", names_it ? (int)size : 0, error->text);
    reader_fault(reader, path, "%s", error->text + (names_it ? size + strspn(error->text + size, ": ") : 0));
}

static bool is_any_proxy(const struct http_config *http, bool of_path)
{
    for (size_t i = 0; i < http->proxy_count; i++) {
        if ((http->proxies[i].family == AF_UNIX) == of_path) {
            return true;
        }
    }
    return false;
}

/* Whoever may send the header may be anybody. */
static void check_proxied(struct reader *reader)
{
    const struct http_config *http = &reader->config->http;
    char path[MAX_PATH_BYTES];

    for (size_t i = 0; i < http->listen_count; i++) {
        bool of_path = strstr(http->listen[i], "unix:") != NULL;

        if (http_listen_is_proxied(http->listen[i]) && !is_any_proxy(http, of_path)) {
            snprintf(path, sizeof(path), "listen[%zu]", i);
            reader_fault(reader, path,
                         "proxy: needs %s in http.trusted-proxies: who may say there for whom it connects",
                         of_path ? "\"unix\"" : "addresses");
        }
    }
}

void reader_check_doors(struct reader *reader)
{
    struct http_config *http = &reader->config->http;
    struct error error;

    http->proxies = reader_networks(reader, "http.trusted-proxies", reader->config->proxy_texts, http->proxy_count,
                                    http_proxy_parse);
    if (reader_faulted(reader, "tls")) {
        return;
    }
    if (http_rules_make(&reader->config->http, &error) != 0) {
        fault_of_rules(reader, &error);
    } else if (!reader_faulted(reader, "listen")) {
        check_proxied(reader);
        check_listeners(reader);
    }
}
