/*
 * What judge() takes for one person: again and again, with all that it needs in the processor's caches, and each time
 * after something else went through these. A gateway with many lookups at a time is near to the first, one that waits
 * for the next lookup near to the second.
 *
 *   bench_judge FOLDER ADDRESS     FOLDER as makepeople writes it
 *
 * Prints medians in microseconds. Every judging must find a usable certificate that was held against a CRL.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/ldif.h"
#include "base/log.h"
#include "tests/people/pki.h"
#include "x509/judge.h"

#define JUDGINGS 2001
#define SWEPT_BYTES (64UL * 1024 * 1024) /* more than any cache of one processor */
#define CACHE_LINE 64

struct person {
    struct address address;
    size_t entry;    /* the one that is read */
    bool is_theirs;  /* it has the address */
    bool is_whole;   /* theirs has been read */
    struct candidate candidates[MAX_VALUES];
    size_t count;
};

static void forget(struct person *person)
{
    while (person->count > 0) {
        blob_free(&person->candidates[--person->count].value);
    }
}

static void take_value(struct person *person, const struct ldif_value *value, enum attribute attribute)
{
    struct candidate *candidate = &person->candidates[person->count++];

    must(person->count < MAX_VALUES, "too many values");
    *candidate = (struct candidate){
        .value = blob_new(value->value),
        .source = {.directory = "people", .dn = "an entry", .attribute = attribute},
    };
    must(candidate->value != NULL, "out of memory");
}

static int visit(void *context, const struct ldif_value *value, struct error *error)
{
    struct person *person = context;
    struct address mail;

    (void)error;
    if (value->entry != person->entry) {
        person->is_whole = person->is_whole || person->is_theirs;
        if (!person->is_whole) {
            forget(person);
        }
        person->entry = value->entry;
    }
    if (person->is_whole) {
        return 0;
    }
    if (ldif_names(value->attribute, "mail")) {
        person->is_theirs = person->is_theirs ||
                            (address_parse(value->value, &mail) == ADDRESS_OK &&
                             bytes_equal(address_bytes(&mail), address_bytes(&person->address)));
    } else if (ldif_names(value->attribute, "userCertificate")) {
        take_value(person, value, ATTRIBUTE_USER_CERTIFICATE);
    } else if (ldif_names(value->attribute, "userSMIMECertificate")) {
        take_value(person, value, ATTRIBUTE_USER_SMIME_CERTIFICATE);
    }
    return 0;
}

static void read_person(const char *folder, struct person *person)
{
    struct buffer file;
    struct error error;
    size_t entries;
    char path[512];

    snprintf(path, sizeof(path), "%s/directory.ldif", folder);
    buffer_init(&file, MAX_FILE_BYTES);
    must(file_read(path, &file, &error) == 0, error.text);
    must(ldif_each(buffer_bytes(&file), visit, person, &entries, &error) == 0, error.text);
    must(person->is_theirs && person->count > 0, "nobody there has this address and a certificate");
    buffer_free(&file);
}

static struct policies *load(const char *folder)
{
    char anchors[512], intermediates[512], crls[512];
    const char *const names[] = {anchors, intermediates, crls};
    const struct policy_config config = {
        .anchors = &names[0], .anchor_count = 1,
        .intermediates = &names[1], .intermediate_count = 1,
        .crls = &names[2], .crl_count = 1,
        .revocation = REVOCATION_MODE_REQUIRE, .min_rsa_bits = 2048,
    };
    struct error error;

    snprintf(anchors, sizeof(anchors), "%s/anchors", folder);
    snprintf(intermediates, sizeof(intermediates), "%s/intermediates", folder);
    snprintf(crls, sizeof(crls), "%s/crls", folder);
    struct policies *policies = policies_load(&(struct policies_config){.trust = config}, &error);
    must(policies != NULL, error.text);
    return policies;
}

/* In microseconds. */
static int64_t judge_once(const struct policies *policies, const struct person *person)
{
    const struct judge_request request = {
        .policies = policies, .address = &person->address, .candidates = person->candidates, .count = person->count,
        .now = clock_wall_s(),
    };
    struct answer_draft draft = {.address = person->address};
    int64_t start = clock_mono_us();

    must(judge(&request, &draft, NULL) == 0, "out of memory");
    int64_t took = clock_mono_us() - start;
    must(draft.usable_count > 0 && draft.certificates[0].revocation.status == REVOCATION_GOOD, "it is not usable");
    answer_draft_free(&draft);
    return took;
}

static int by_size(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return left < right ? -1 : left > right;
}

/* `sweep`: memory that is written to before each judging; NULL: none. */
static double median_us(const struct policies *policies, const struct person *person, volatile uint8_t *sweep)
{
    static int64_t took[JUDGINGS];

    for (size_t i = 0; i < JUDGINGS; i++) {
        for (size_t at = 0; sweep != NULL && at < SWEPT_BYTES; at += CACHE_LINE) {
            sweep[at]++;
        }
        took[i] = judge_once(policies, person);
    }
    qsort(took, JUDGINGS, sizeof(took[0]), by_size);
    return (double)took[JUDGINGS / 2];
}

int main(int argc, char **argv)
{
    struct person person = {.entry = SIZE_MAX};
    uint8_t *sweep = calloc(1, SWEPT_BYTES);

    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    must(argc == 3, "usage: bench_judge FOLDER ADDRESS");
    must(sweep != NULL, "out of memory");
    must(address_parse(bytes_of_string(argv[2]), &person.address) == ADDRESS_OK, "not an address");
    read_person(argv[1], &person);
    struct policies *policies = load(argv[1]);
    printf("judge(), again and again         %4.0f µs\n", median_us(policies, &person, NULL));
    printf("judge(), with its caches swept   %4.0f µs\n", median_us(policies, &person, sweep));
    policies_free(&policies);
    forget(&person);
    free(sweep);
    return 0;
}
