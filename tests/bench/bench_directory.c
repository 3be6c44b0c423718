/*
 * Searches per second: a directory against a bare loop over libldap.
 *
 *     bench_directory URI BASE ADDRESS [SECONDS]
 *
 * The bare loops: one search after the other; and as many in flight as a
 * directory may have on one connection.
 */
#include <ldap.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "ldap/directory.h"

#define PIPELINE 64

static const char *uri, *base;
static int64_t span_ms = 3000;

static char *const ATTRIBUTES[] = {(char *)"userCertificate;binary", (char *)"userCertificate",
                                   (char *)"userSMIMECertificate;binary", (char *)"userSMIMECertificate", NULL};

static void tell(const char *what, uint64_t searches, int64_t began_ms)
{
    printf("%-48s %9.0f searches/s\n", what, (double)searches * 1000.0 / (double)(clock_mono_ms() - began_ms));
}

static LDAP *connect_bare(void)
{
    int version = LDAP_VERSION3;
    LDAP *handle = NULL;

    if (ldap_initialize(&handle, uri) != LDAP_SUCCESS ||
        ldap_set_option(handle, LDAP_OPT_PROTOCOL_VERSION, &version) != LDAP_SUCCESS) {
        exit(1);
    }
    return handle;
}

static void send_bare(LDAP *handle, const char *filter)
{
    int message = 0;

    if (ldap_search_ext(handle, base, LDAP_SCOPE_SUBTREE, filter, (char **)ATTRIBUTES, 0, NULL, NULL, NULL, 16,
                        &message) != LDAP_SUCCESS) {
        exit(1);
    }
}

static void bare(const char *filter, unsigned pipeline, const char *what)
{
    LDAP *handle = connect_bare();
    int64_t began_ms = clock_mono_ms();
    uint64_t done = 0;

    for (unsigned i = 0; i < pipeline; i++) {
        send_bare(handle, filter);
    }
    while (clock_mono_ms() - began_ms < span_ms) {
        LDAPMessage *message = NULL;
        int type = ldap_result(handle, LDAP_RES_ANY, LDAP_MSG_ONE, NULL, &message);

        if (type == LDAP_RES_SEARCH_ENTRY) {
            struct berval **values = ldap_get_values_len(handle, message, "userCertificate;binary");

            ldap_value_free_len(values);
        } else if (type == LDAP_RES_SEARCH_RESULT) {
            done++;
            send_bare(handle, filter);
        } else {
            exit(1);
        }
        ldap_msgfree(message);
    }
    tell(what, done, began_ms);
    ldap_unbind_ext(handle, NULL, NULL);
}

struct place {
    struct search *search;
    atomic_bool is_free;
};

static sem_t places_free;
static atomic_ulong answered, failed;

static void on_result(void *context, struct search_result *result)
{
    struct place *place = context;

    atomic_fetch_add(result->result == ASKED_ANSWERED ? &answered : &failed, 1);
    search_result_free(&result);
    atomic_store(&place->is_free, true);
    sem_post(&places_free);
}

static struct directory *open_bench(int64_t connections)
{
    static const char *const everywhere[] = {"*"};
    struct directory_config config = {
        .name = "bench", .uris = &uri, .uri_count = 1, .base = base, .domains = everywhere, .domain_count = 1,
        .filter = "(mail=%m)", .bind_dn = "", .password = "", .ca_file = "", .timeout_ms = 5000,
        .connect_timeout_ms = 5000, .connections = connections, .max_entries = 16,
        .max_value_bytes = MAX_VALUE_BYTES, .max_queued = 100000, .scope = LDAP_SCOPE_SUBTREE,
    };
    struct error error;
    struct directory *directory = directory_open(&config, &error);

    if (directory == NULL) {
        fprintf(stderr, "%s\n", error.text);
        exit(1);
    }
    return directory;
}

static void ours(const struct address *address, int64_t connections, unsigned in_flight)
{
    struct directory *directory = open_bench(connections);
    struct place *places = calloc(in_flight, sizeof(*places));
    unsigned next = 0;
    char what[80];

    atomic_store(&answered, 0);
    sem_init(&places_free, 0, in_flight);
    for (unsigned i = 0; i < in_flight; i++) {
        atomic_store(&places[i].is_free, true);
    }
    int64_t began_ms = clock_mono_ms();

    while (clock_mono_ms() - began_ms < span_ms) {
        sem_wait(&places_free);
        while (!atomic_load(&places[next].is_free)) {
            next = (next + 1) % in_flight;
        }
        search_abandon(&places[next].search);
        atomic_store(&places[next].is_free, false);
        places[next].search = directory_search(directory, address, 5000, on_result, &places[next]);
    }
    (void)snprintf(what, sizeof(what), "directory, %d connections, %u in flight", (int)connections, in_flight);
    tell(what, atomic_load(&answered), began_ms);
    if (atomic_load(&failed) > 0) {
        printf("%lu failed\n", atomic_load(&failed));
    }
    directory_close(&directory);
    atomic_store(&failed, 0); /* closing ended what was in flight */
    for (unsigned i = 0; i < in_flight; i++) {
        search_abandon(&places[i].search);
    }
    sem_destroy(&places_free);
    free(places);
}

int main(int count, char **arguments)
{
    static const unsigned in_flight[] = {1, 16, 64, 256};
    struct address address;
    char filter[512];

    if (count < 4 || address_parse(bytes_of_string(arguments[3]), &address) != ADDRESS_OK) {
        fprintf(stderr, "bench_directory URI BASE ADDRESS [SECONDS]\n");
        return 64;
    }
    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    uri = arguments[1];
    base = arguments[2];
    span_ms = count > 4 ? 1000 * strtol(arguments[4], NULL, 10) : 3000;
    (void)snprintf(filter, sizeof(filter), "(mail=%s)", address.text);
    bare(filter, 1, "bare libldap, one after the other");
    bare(filter, PIPELINE, "bare libldap, one connection, 64 in flight");
    for (int64_t connections = 1; connections <= 4; connections *= 2) {
        for (size_t i = 0; i < sizeof(in_flight) / sizeof(in_flight[0]); i++) {
            ours(&address, connections, in_flight[i]);
        }
    }
    return 0;
}
