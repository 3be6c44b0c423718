#include "tests/people/works.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/people/person.h"

#define CRL_DAYS 30
#define BATCH_MAX 4096
#define THREADS_MAX 8

const char *const works_folders[] = {"anchors", "intermediates", "crls", "others", "tls", "keys"};
const size_t works_folder_count = sizeof(works_folders) / sizeof(works_folders[0]);

/* What is under way while everything is made. */
struct works {
    struct authorities by;
    struct ldif *ldif;
    FILE *recipients;
    struct revoked_serial *revoked;
    size_t revoked_count;
};

/* People who are being dressed, by several threads. */
struct batch {
    struct person *people;
    size_t count;
    atomic_size_t next;
    const struct authorities *by;
};

FILE *file_open(const char *path, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;

    must(file != NULL, path);
    return file;
}

void file_close(FILE *file, const char *path)
{
    must(ferror(file) == 0 && fclose(file) == 0, path);
}

static void write_certificate(const char *path, X509 *certificate)
{
    FILE *file = file_open(path, 0644);

    must(PEM_write_X509(file, certificate) == 1, path);
    file_close(file, path);
}

static void write_key(const char *path, EVP_PKEY *key)
{
    FILE *file = file_open(path, 0600);

    must(PEM_write_PKCS8PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1, path);
    file_close(file, path);
}

static void *dress_batch(void *context)
{
    struct batch *batch = context;

    for (size_t i = atomic_fetch_add(&batch->next, 1); i < batch->count; i = atomic_fetch_add(&batch->next, 1)) {
        struct person *person = &batch->people[i];
        if (person->kind->dress != NULL) {
            person->kind->dress(person, batch->by);
        }
    }
    return NULL;
}

static void run_batch(struct batch *batch)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t count = cores < 1 ? 1 : cores > THREADS_MAX ? THREADS_MAX : (size_t)cores;
    pthread_t threads[THREADS_MAX];

    for (size_t i = 0; i < count; i++) {
        must(pthread_create(&threads[i], NULL, dress_batch, batch) == 0, "cannot start a thread");
    }
    for (size_t i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
}

/* Private keys are for people that the tour and the tests write to, not for the many alike. */
static void write_keys(const struct person *person)
{
    char path[2 * PERSON_TEXT_BYTES];

    for (size_t i = 0; i < person->key_count && person->kind != &kind_simple; i++) {
        snprintf(path, sizeof(path), i == 0 ? "keys/%s.pem" : "keys/%s.%zu.pem", person->address, i + 1);
        write_key(path, person->keys[i]);
    }
}

static void write_person(struct works *works, struct person *person)
{
    ldif_write_person(works->ldif, person);
    fprintf(works->recipients, "%s\t%s\t%s\n", person->address, person->kind->name, person->kind->outcome);
    write_keys(person);
    if (person->revoked.issuer != NULL) {
        works->revoked = reallocarray(works->revoked, works->revoked_count + 1, sizeof(*works->revoked));
        must(works->revoked != NULL, "out of memory");
        works->revoked[works->revoked_count++] = person->revoked;
        person->revoked = (struct revoked_serial){0};
    }
    person_clear(person);
}

static void make_batch(struct works *works, struct batch *batch)
{
    batch->by = &works->by;
    atomic_store(&batch->next, 0);
    run_batch(batch);
    for (size_t i = 0; i < batch->count; i++) {
        write_person(works, &batch->people[i]);
    }
    batch->count = 0;
}

static void make_people(struct works *works, size_t scale, const struct kind *alike)
{
    struct batch batch = {.people = calloc(BATCH_MAX, sizeof(struct person))};
    size_t among_all = 0;

    must(batch.people != NULL, "out of memory");
    for (size_t i = 0; i < kind_count; i++) {
        for (size_t number = 0; number < kinds[i].count; number++) {
            struct person *person = &batch.people[batch.count++];
            *person = (struct person){.kind = &kinds[i], .number = number};
            person_name(person, among_all++);
            must(batch.count < BATCH_MAX, "too many people");
        }
    }
    make_batch(works, &batch);
    for (size_t number = 0; number < scale; number++) {
        struct person *person = &batch.people[batch.count++];
        *person = (struct person){.kind = alike, .number = number};
        person_number(person);
        if (batch.count == BATCH_MAX || number + 1 == scale) {
            make_batch(works, &batch);
        }
    }
    free(batch.people);
}

static void write_crl(const struct works *works, const struct authority *issuer, bool pem)
{
    char path[PERSON_TEXT_BYTES];
    X509_CRL *crl = crl_issue(issuer, works->revoked, works->revoked_count, CRL_DAYS);

    snprintf(path, sizeof(path), "crls/%s.crl", issuer->file);
    FILE *file = file_open(path, 0644);
    must((pem ? PEM_write_X509_CRL(file, crl) : i2d_X509_CRL_fp(file, crl)) == 1, path);
    file_close(file, path);
    X509_CRL_free(crl);
}

/* The root's CRL revokes the compromised authority; an expired one issues none any more. */
static void write_trust(struct works *works)
{
    struct authorities *by = &works->by;
    struct authority *known[] = {&by->issuing,     &by->issuing_ec, &by->expired,
                                 &by->compromised, &by->web,        &by->constrained};
    struct authority *others[] = {&by->project, &by->stranger};
    char path[PERSON_TEXT_BYTES];

    write_certificate("anchors/root.pem", by->root.certificate);
    write_crl(works, &by->root, false);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        snprintf(path, sizeof(path), "intermediates/%s.pem", known[i]->file);
        write_certificate(path, known[i]->certificate);
        if (known[i] != &by->expired) {
            write_crl(works, known[i], i % 2 == 0);
        }
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        snprintf(path, sizeof(path), "others/%s.pem", others[i]->file);
        write_certificate(path, others[i]->certificate);
    }
}

/* "slapd" is the directory's name among containers. */
static void write_server(const struct authorities *by)
{
    struct certificate_spec spec = {
        .issuer = &by->tls,
        .key = key_new(KEY_P256),
        .common_name = "localhost",
        .hosts = "DNS:localhost,DNS:slapd,IP:127.0.0.1,IP:::1",
        .from_days = -1,
        .until_days = 365,
        .extensions = {{"keyUsage", "critical,digitalSignature"}, {"extendedKeyUsage", "serverAuth"}},
    };
    X509 *certificate = certificate_issue(&spec);

    write_certificate("tls/ca.pem", by->tls.certificate);
    write_certificate("tls/server.pem", certificate);
    write_key("tls/server.key", spec.key);
    X509_free(certificate);
    EVP_PKEY_free(spec.key);
}

static void write_kinds(void)
{
    FILE *file = file_open("kinds.tsv", 0644);

    for (size_t i = 0; i < kind_count; i++) {
        fprintf(file, "%s\t%s\t%s\t%s\n", kinds[i].name, kinds[i].outcome, kinds[i].reason, kinds[i].description);
    }
    file_close(file, "kinds.tsv");
}

static void revoke_compromised(struct works *works)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(works->by.compromised.certificate);

    works->revoked = calloc(1, sizeof(*works->revoked));
    must(works->revoked != NULL, "out of memory");
    works->revoked[0] = (struct revoked_serial){&works->by.root, ASN1_INTEGER_dup(serial), CRL_REASON_CA_COMPROMISE};
    works->revoked_count = 1;
}

void works_make(size_t scale, const struct kind *alike)
{
    struct works works = {0};

    authorities_new(&works.by);
    revoke_compromised(&works);
    works.ldif = ldif_open("directory.ldif");
    works.recipients = file_open("recipients.tsv", 0644);
    ldif_write_tree(works.ldif, &works.by);
    make_people(&works, scale, alike);
    ldif_close(&works.ldif);
    file_close(works.recipients, "recipients.tsv");
    write_trust(&works);
    write_server(&works.by);
    write_kinds();
    for (size_t i = 0; i < works.revoked_count; i++) {
        ASN1_INTEGER_free(works.revoked[i].serial);
    }
    free(works.revoked);
    authorities_free(&works.by);
}
