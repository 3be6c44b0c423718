/*
 * What libldap can do by itself: searches in flight on one connection, whose values are read and counted.
 *
 *     bare_ldap URI BASE FIRST COUNT IN_FLIGHT SECONDS
 *
 * Asks for userNNNNNN@example.org, COUNT of them from number FIRST on, over and over. Prints searches a second and the
 * median time of one in microseconds (with one in flight; else 0). An entry without a value ends it with status 1.
 */
#include <inttypes.h>
#include <ldap.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TIMES_MAX 1000000

struct bench {
    LDAP *handle;
    const char *base;
    unsigned long first, count, next;
    size_t entries, searches;
    int64_t sent_us;
};

static int32_t times[TIMES_MAX];

static void must(bool held, const char *what)
{
    if (!held) {
        fprintf(stderr, "bare_ldap: %s\n", what);
        exit(1);
    }
}

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static LDAP *connect_to(const char *uri)
{
    int version = LDAP_VERSION3;
    LDAP *handle = NULL;

    must(ldap_initialize(&handle, uri) == LDAP_SUCCESS, uri);
    must(ldap_set_option(handle, LDAP_OPT_PROTOCOL_VERSION, &version) == LDAP_SUCCESS, "version 3");
    return handle;
}

static void send_search(struct bench *bench)
{
    static const char *const attributes[] = {"userCertificate;binary", "userCertificate", "userSMIMECertificate;binary",
                                             "userSMIMECertificate", "mail", NULL};
    char filter[64];
    int message = 0;

    (void)snprintf(filter, sizeof(filter), "(mail=user%06lu@example.org)", bench->first + bench->next);
    bench->next = (bench->next + 1) % bench->count;
    bench->sent_us = now_us();
    must(ldap_search_ext(bench->handle, bench->base, LDAP_SCOPE_SUBTREE, filter, (char **)attributes, 0, NULL, NULL,
                         NULL, 16, &message) == LDAP_SUCCESS, filter);
}

/* Every value of every attribute, as somebody does who wants them. */
static void read_entry(struct bench *bench, LDAPMessage *message)
{
    BerElement *ber = NULL;
    size_t values_read = 0;
    char *name;

    for (name = ldap_first_attribute(bench->handle, message, &ber); name != NULL;
         name = ldap_next_attribute(bench->handle, message, ber)) {
        struct berval **values = ldap_get_values_len(bench->handle, message, name);
        must(values != NULL && values[0]->bv_len > 0, "an attribute without a value");
        values_read += (size_t)ldap_count_values_len(values);
        ldap_value_free_len(values);
        ldap_memfree(name);
    }
    ber_free(ber, 0);
    must(values_read > 0, "an entry without a value");
    bench->entries++;
}

static void read_result(struct bench *bench, LDAPMessage *message)
{
    int code = LDAP_OTHER;

    must(ldap_parse_result(bench->handle, message, &code, NULL, NULL, NULL, NULL, 0) == LDAP_SUCCESS &&
             code == LDAP_SUCCESS, "a search failed");
    times[bench->searches % TIMES_MAX] = (int32_t)(now_us() - bench->sent_us);
    bench->searches++;
    must(bench->entries >= bench->searches, "a search found nobody");
}

static void receive(struct bench *bench)
{
    LDAPMessage *message = NULL;
    int type = ldap_result(bench->handle, LDAP_RES_ANY, LDAP_MSG_ONE, NULL, &message);

    must(type == LDAP_RES_SEARCH_ENTRY || type == LDAP_RES_SEARCH_RESULT, "the connection broke");
    if (type == LDAP_RES_SEARCH_ENTRY) {
        read_entry(bench, message);
    } else {
        read_result(bench, message);
        send_search(bench);
    }
    ldap_msgfree(message);
}

static int by_size(const void *left, const void *right)
{
    int32_t a = *(const int32_t *)left, b = *(const int32_t *)right;

    return (a > b) - (a < b);
}

static int32_t median_us(size_t searches)
{
    size_t count = searches < TIMES_MAX ? searches : TIMES_MAX;

    qsort(times, count, sizeof(times[0]), by_size);
    return times[count / 2];
}

int main(int count, char **arguments)
{
    if (count != 7) {
        fprintf(stderr, "bare_ldap URI BASE FIRST COUNT IN_FLIGHT SECONDS\n");
        return 64;
    }
    struct bench bench = {.handle = connect_to(arguments[1]), .base = arguments[2],
                          .first = strtoul(arguments[3], NULL, 10), .count = strtoul(arguments[4], NULL, 10)};
    unsigned long in_flight = strtoul(arguments[5], NULL, 10);
    int64_t span_us = (int64_t)(strtod(arguments[6], NULL) * 1e6), began_us = now_us();

    must(bench.count > 0 && in_flight > 0, "COUNT and IN_FLIGHT are at least 1");
    for (unsigned long i = 0; i < in_flight; i++) {
        send_search(&bench);
    }
    while (now_us() - began_us < span_us || bench.searches == 0) {
        receive(&bench);
    }
    printf("%.0f %" PRId32 "\n", (double)bench.searches * 1e6 / (double)(now_us() - began_us),
           in_flight == 1 ? median_us(bench.searches) : 0);
    ldap_unbind_ext(bench.handle, NULL, NULL);
    return 0;
}
